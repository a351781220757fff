import { formatSize } from '../../base/index.ts';
import { ellipsis, quote, shortDigest } from './ellipsis.ts';
import { formatPorts, type Port } from './ports.ts';
import type { RowFormat } from './rows.ts';
import { ago, localTime } from './when.ts';

/** A row of `GET /containers/json`. */
export interface ContainerSummary {
  readonly Id: string;
  readonly Names: readonly string[] | null;
  readonly Image: string;
  readonly ImageID: string;
  readonly Command: string;
  /** Seconds since 1970. */
  readonly Created: number;
  readonly Ports: readonly Port[] | null;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly State: string;
  readonly Status: string;
  readonly SizeRw?: number;
  readonly SizeRootFs?: number;
  readonly NetworkSettings?: { readonly Networks?: Readonly<Record<string, unknown>> | null } | null;
  readonly Mounts?: ReadonlyArray<{ readonly Name?: string; readonly Source?: string; readonly Driver?: string }> | null;
}

const baseColumns = ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names'];

/** How containers are listed. */
export function containerRows(options: { readonly full: boolean; readonly size: boolean }): RowFormat<ContainerSummary> {
  const { full, size } = options;
  return {
    typeName: '*formatter.ContainerContext',
    columns: size ? [...baseColumns, 'Size'] : baseColumns,
    methods: ['Label'],
    headers: {
      ID: 'CONTAINER ID',
      Names: 'NAMES',
      Image: 'IMAGE',
      Command: 'COMMAND',
      CreatedAt: 'CREATED AT',
      RunningFor: 'CREATED',
      Ports: 'PORTS',
      State: 'STATE',
      Status: 'STATUS',
      Size: 'SIZE',
      Labels: 'LABELS',
      Mounts: 'MOUNTS',
      LocalVolumes: 'LOCAL VOLUMES',
      Networks: 'NETWORKS',
      Platform: 'PLATFORM',
    },
    fields: {
      ID: ({ Id }) => (full ? Id : shortDigest(Id)),
      Names: ({ Names }) => names(Names ?? [], full),
      Image: (row) => imageName(row, full),
      Command: ({ Command }) => quote(full ? Command : ellipsis(Command, 20)),
      CreatedAt: ({ Created }) => localTime(new Date(Created * 1000)),
      RunningFor: ({ Created }) => ago(new Date(Created * 1000)),
      Ports: ({ Ports }) => formatPorts(Ports ?? []),
      State: ({ State }) => State,
      Status: ({ Status }) => Status,
      Size: sizeText,
      Labels: ({ Labels }) =>
        Object.entries(Labels ?? {})
          .map(([name, value]) => `${name}=${value}`)
          .sort()
          .join(','),
      Label: ({ Labels }, name: never) => Labels?.[name] ?? '',
      Mounts: ({ Mounts }) =>
        (Mounts ?? [])
          .map(({ Name = '', Source = '' }) => Name || Source)
          .map((name) => (full ? name : ellipsis(name, 15)))
          .join(','),
      LocalVolumes: ({ Mounts }) => String((Mounts ?? []).filter(({ Driver }) => Driver === 'local').length),
      Networks: ({ NetworkSettings }) => Object.keys(NetworkSettings?.Networks ?? {}).join(','),
      Platform: () => null,
    },
  };
}

// Names of links (`/other/alias`) are shown only in full.
function names(all: readonly string[], full: boolean): string {
  const plain = all.map((name) => name.replace(/^\//, ''));
  if (full) return plain.join(',');
  return plain.find((name) => !name.includes('/')) ?? '';
}

function imageName({ Image, ImageID }: ContainerSummary, full: boolean): string {
  if (Image === '') return '<no image>';
  if (full) return Image;
  if (Image.startsWith('sha256:') || Image === ImageID) return shortDigest(Image);
  return Image.replace(/@sha256:[0-9a-f]{64}$/, '');
}

function sizeText({ SizeRw = 0, SizeRootFs = 0 }: ContainerSummary): string {
  const own = formatSize(SizeRw, 3);
  return SizeRootFs > 0 ? `${own} (virtual ${formatSize(SizeRootFs, 3)})` : own;
}
