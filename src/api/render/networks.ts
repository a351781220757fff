import { createHash } from 'node:crypto';
import { shortId } from '../../base/index.ts';
import type { ContainerRecord } from '../../engine/index.ts';
import type { EndpointSettings } from '../../spec/index.ts';
import { zeroTime } from './time.ts';

/** The networks every engine has. Their ids differ from engine to engine and stay the same in one. */
export const builtInNetworks = ['bridge', 'host', 'none'] as const;

export function networkId(engineId: string, name: string): string {
  return createHash('sha256').update(`${engineId}/network/${name}`).digest('hex');
}

/** The network of a `NetworkMode`; undefined when it is another container's. */
export function networkName(mode: string): string | undefined {
  if (mode.startsWith('container:')) return undefined;
  return mode === 'default' || mode === '' ? 'bridge' : mode;
}

/** NetworkSettings.Networks of inspect and list. `minor` is of API 1.x. */
export function renderEndpoints(record: ContainerRecord, facts: { readonly engineId: string; readonly minor: number }) {
  const main = networkName(record.hostConfig.NetworkMode);
  const names = new Set(main === undefined ? [] : [main]);
  for (const name of Object.keys(record.endpoints)) names.add(name === 'default' ? 'bridge' : name);
  return Object.fromEntries([...names].map((name) => [name, renderEndpoint(record, name, record.endpoints[name] ?? {}, facts)]));
}

function renderEndpoint(
  record: ContainerRecord,
  name: string,
  endpoint: EndpointSettings,
  { engineId, minor }: { readonly engineId: string; readonly minor: number },
) {
  const own = !(builtInNetworks as readonly string[]).includes(name);
  const aliases = endpoint.Aliases ?? null;
  return {
    IPAMConfig: endpoint.IPAMConfig ?? null,
    Links: endpoint.Links ?? null,
    // Since 1.45 the short id is no alias.
    Aliases: own && minor < 45 ? [...(aliases ?? []), shortId(record.id)] : aliases,
    ...(minor >= 44 ? { MacAddress: endpoint.MacAddress ?? '' } : {}),
    DriverOpts: endpoint.DriverOpts ?? null,
    ...(minor >= 48 ? { GwPriority: endpoint.GwPriority ?? 0 } : {}),
    NetworkID: networkId(engineId, name),
    EndpointID: '',
    Gateway: '',
    IPAddress: '',
    IPPrefixLen: 0,
    IPv6Gateway: '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    ...(minor >= 44
      ? { DNSNames: own ? [record.name, ...(aliases ?? []), shortId(record.id)] : null }
      : { MacAddress: endpoint.MacAddress ?? '' }),
  };
}

/** One of the built-in networks, as GET /networks shows it; `containers` are those that may be on it. */
export function renderNetwork(
  name: (typeof builtInNetworks)[number],
  containers: readonly ContainerRecord[],
  { engineId, minor }: { readonly engineId: string; readonly minor: number },
) {
  const attached = containers.filter(({ state, hostConfig }) => state.status === 'running' && networkName(hostConfig.NetworkMode) === name);
  const endpoint = ({ name: Name }: ContainerRecord) => ({ Name, EndpointID: '', MacAddress: '', IPv4Address: '', IPv6Address: '' });
  return {
    Name: name,
    Id: networkId(engineId, name),
    Created: zeroTime,
    Scope: 'local',
    Driver: name === 'none' ? 'null' : name,
    ...(minor >= 47 ? { EnableIPv4: true } : {}),
    EnableIPv6: false,
    IPAM: { Driver: 'default', Options: null, Config: [] },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: Object.fromEntries(attached.map((record) => [record.id, endpoint(record)])),
    Options: {},
    Labels: {},
  };
}
