import type { ContainerDetails, ContainerRecord, MountPoint } from '../../engine/index.ts';
import { containerConfigNames, hostConfigNames } from '../decode/index.ts';
import { endpointOn, renderAddresses, renderEndpoints, type NetworkFacts } from './networks.ts';
import { renderPorts } from './ports.ts';
import { renderState } from './state.ts';
import { formatTime } from './time.ts';

export type RenderFacts = NetworkFacts;

/** GET /containers/{id}/json, fields in Docker's order. moby api/types/container (InspectResponse). */
export function renderContainer({ record, directories, execIds, size }: ContainerDetails, facts: RenderFacts) {
  return {
    Id: record.id,
    Created: formatTime(record.createdAt),
    Path: record.process.path,
    Args: record.process.args,
    State: renderState(record),
    Image: record.image.id,
    ResolvConfPath: record.paths.resolvConf,
    HostnamePath: record.paths.hostname,
    HostsPath: record.paths.hosts,
    LogPath: record.paths.log,
    Name: `/${record.name}`,
    RestartCount: record.restartCount,
    Driver: 'overlay2',
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: execIds.length === 0 ? null : execIds,
    HostConfig: renderHostConfig(record.hostConfig, facts.minor),
    GraphDriver: renderGraphDriver(record.id, directories),
    ...(size === undefined ? {} : { SizeRw: size.rw, SizeRootFs: size.rootFs }),
    Mounts: record.mounts.map(renderMount),
    Config: renderConfig(record.config),
    NetworkSettings: renderNetworkSettings(record, facts),
  };
}

/** One row of Mounts, in inspect and list. */
export function renderMount(mount: MountPoint) {
  return {
    Type: mount.type,
    ...(mount.name === undefined ? {} : { Name: mount.name }),
    Source: mount.source,
    Destination: mount.destination,
    ...(mount.driver === undefined ? {} : { Driver: mount.driver }),
    Mode: mount.mode,
    RW: mount.readWrite,
    Propagation: mount.propagation,
  };
}

function renderGraphDriver(id: string, directories: ContainerDetails['directories']) {
  if (directories === undefined) return { Data: null, Name: 'overlay2' };
  const { lower, merged, upper, work } = directories;
  return { Data: { ID: id, LowerDir: lower.join(':'), MergedDir: merged, UpperDir: upper, WorkDir: work }, Name: 'overlay2' };
}

const omittedWhenEmpty: ReadonlySet<string> = new Set([
  'Annotations',
  'StorageOpt',
  'Tmpfs',
  'Sysctls',
  'Mounts',
  'ExposedPorts',
  'Healthcheck',
  'ArgsEscaped',
  'NetworkDisabled',
  'MacAddress',
  'StopSignal',
  'Shell',
]);

function renderHostConfig(hostConfig: ContainerRecord['hostConfig'], minor: number): Record<string, unknown> {
  const rendered = inOrder(hostConfig, hostConfigNames);
  if (minor < 43) delete rendered['Annotations'];
  if (minor < 42) rendered['KernelMemory'] = 0;
  if (minor < 42 && minor >= 40) rendered['KernelMemoryTCP'] = 0;
  if (minor < 41) delete rendered['CgroupnsMode'];
  return rendered;
}

function renderConfig(config: ContainerRecord['config']): Record<string, unknown> {
  const rendered = inOrder(config, containerConfigNames);
  return config.Env.length === 0 ? { ...rendered, Env: null } : rendered;
}

// As Go's encoder: the struct's order, empty fields with `omitempty` left out.
function inOrder<T extends object>(source: T, names: ReadonlyArray<keyof T & string>): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const name of names) {
    const value: unknown = source[name];
    if (value === undefined || (omittedWhenEmpty.has(name) && isEmpty(value))) continue;
    result[name] = value;
  }
  return result;
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === '' || value === false) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

// The fields that name addresses are those of the default network, as they were before there were others.
function renderNetworkSettings(record: ContainerRecord, facts: RenderFacts) {
  const { sandboxKey } = record.paths;
  const endpoint = endpointOn(record, 'bridge', facts);
  const addresses = renderAddresses(endpoint);
  return {
    Bridge: '',
    SandboxID: sandboxKey === '' ? '' : record.id,
    SandboxKey: sandboxKey,
    Ports: renderPorts(record, facts),
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: endpoint?.id ?? '',
    Gateway: addresses.Gateway,
    GlobalIPv6Address: addresses.GlobalIPv6Address,
    GlobalIPv6PrefixLen: addresses.GlobalIPv6PrefixLen,
    IPAddress: addresses.IPAddress,
    IPPrefixLen: addresses.IPPrefixLen,
    IPv6Gateway: addresses.IPv6Gateway,
    MacAddress: endpoint?.mac ?? '',
    Networks: renderEndpoints(record, facts),
  };
}
