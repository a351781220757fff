import { shortId } from '../../base/index.ts';
import type { RowFormat } from './rows.ts';
import { localTime } from './when.ts';

/** A row of `GET /networks`. */
export interface NetworkSummary {
  readonly Id: string;
  readonly Name: string;
  readonly Created: string;
  readonly Driver: string;
  readonly Scope: string;
  readonly EnableIPv4?: boolean;
  readonly EnableIPv6: boolean;
  readonly Internal: boolean;
  readonly Labels: Readonly<Record<string, string>> | null;
}

/** How networks are listed; `full` shows whole ids. */
export function networkRows(full: boolean): RowFormat<NetworkSummary> {
  return {
    typeName: '*network.networkContext',
    columns: ['ID', 'Name', 'Driver', 'Scope'],
    headers: {
      ID: 'NETWORK ID',
      Name: 'NAME',
      Driver: 'DRIVER',
      Scope: 'SCOPE',
      IPv4: 'IPV4',
      IPv6: 'IPV6',
      Internal: 'INTERNAL',
      Labels: 'LABELS',
      CreatedAt: 'CREATED AT',
    },
    fields: {
      CreatedAt: ({ Created }) => localTime(new Date(Created)),
      Driver: ({ Driver }) => Driver,
      ID: ({ Id }) => (full ? Id : shortId(Id)),
      IPv4: ({ EnableIPv4 = true }) => String(EnableIPv4),
      IPv6: ({ EnableIPv6 }) => String(EnableIPv6),
      Internal: ({ Internal }) => String(Internal),
      Label: ({ Labels }, name: string) => Labels?.[name] ?? '',
      Labels: ({ Labels }) =>
        Object.entries(Labels ?? {})
          .map(([key, value]) => `${key}=${value}`)
          .join(','),
      Name: ({ Name }) => Name,
      Scope: ({ Scope }) => Scope,
    },
    methods: ['Label'],
  };
}

/** The path of a network in the API. */
export function networkPath(name: string, rest = ''): string {
  return `/networks/${encodeURIComponent(name)}${rest}`;
}
