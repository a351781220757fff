import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { EngineError, shortId } from '../base/index.ts';
import {
  builtInNames,
  networkNamespace,
  type AttachTarget,
  type EndpointRequest,
  type Network,
  type PortRequest,
} from '../network/index.ts';
import type { EndpointSettings } from '../spec/index.ts';
import { writeContainerFiles } from './container-files.ts';
import type { ContainerRecord } from './contract.ts';
import type { House } from './house.ts';

interface Wanted {
  readonly network: Network;
  readonly request: EndpointRequest;
}

/** The networks a container is to be on, in the order of its interfaces; none for host, none and another's. @throws {EngineError} NotFound. */
export function networksOf(house: House, record: ContainerRecord): readonly Wanted[] {
  const mode = networkNamespace(record.hostConfig.NetworkMode);
  if (mode.kind !== 'network' || record.config.NetworkDisabled === true) return [];
  // Its first network is that of the mode: a map in Go's JSON has no order of the user's.
  const names = networkWords(record);
  const wanted = new Map<string, Wanted>();
  for (const name of names) {
    const network = house.networks.find(name);
    // An engine without a default bridge: its containers have a loopback device alone.
    if (network === undefined && name === 'bridge') continue;
    if (network === undefined) throw new EngineError('NotFound', `failed to set up container networking: network ${name} not found`);
    if (network.driver === 'host' || network.driver === 'null') continue;
    const settings = record.endpoints[name] ?? (name === 'bridge' ? record.endpoints['default'] : undefined) ?? {};
    const main = name === mode.name;
    wanted.set(network.id, { network, request: toRequest(record, network, settings, main) });
  }
  return [...wanted.values()];
}

export function toRequest(record: ContainerRecord, network: Network, settings: EndpointSettings, main: boolean): EndpointRequest {
  const { IPv4Address: ipv4, IPv6Address: ipv6 } = settings.IPAMConfig ?? {};
  const given = settings.MacAddress ?? '';
  const mac = given === '' && main ? (record.config.MacAddress ?? '') : given;
  const own = builtInNames.includes(network.name);
  if (own && ((ipv4 ?? '') !== '' || (ipv6 ?? '') !== '')) {
    throw new EngineError(
      'InvalidArgument',
      'invalid config for network bridge: invalid endpoint settings:\nuser specified IP address is supported on user defined networks only',
    );
  }
  return {
    ...(ipv4 === undefined || ipv4 === '' ? {} : { ipv4 }),
    ...(ipv6 === undefined || ipv6 === '' ? {} : { ipv6 }),
    ...(mac === '' ? {} : { mac: mac.toLowerCase().replaceAll('-', ':') }),
    gatewayPriority: settings.GwPriority ?? 0,
    names: [...new Set([record.name, ...(settings.Aliases ?? []), shortId(record.id), record.config.Hostname])],
  };
}

/** The words by which a container names its networks, each once. */
export function networkWords({ hostConfig, endpoints }: Pick<ContainerRecord, 'hostConfig' | 'endpoints'>): readonly string[] {
  const mode = networkNamespace(hostConfig.NetworkMode);
  const main = mode.kind === 'network' ? [mode.name] : mode.kind === 'container' ? [] : [mode.kind === 'host' ? 'host' : 'none'];
  return [...new Set([...main, ...Object.keys(endpoints).map((name) => (name === 'default' ? 'bridge' : name))])];
}

/** Puts a container that is being started on its networks. Its namespace is there, its program is not yet. @throws {EngineError} in Docker's words. */
export function attachNetworks(house: House, record: ContainerRecord, wanted: readonly Wanted[], pid: number): void {
  try {
    house.networks.attach(attachTarget(house, record, pid), wanted, portsOf(record));
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const words = `failed to set up container networking: driver failed programming external connectivity on endpoint ${record.name}: `;
    const prefix = error.detail['hostPort'] === undefined ? 'failed to set up container networking: ' : words;
    throw new EngineError(error.code, prefix + error.message, { cause: error, detail: error.detail });
  }
  writeFiles(house, record);
  linkSandbox(record, pid);
  for (const { network } of wanted) publishNetworkEvent(house, network, 'connect', record.id);
}

/** A running container, as the networks know it. */
export function attachTarget(house: House, { id, hostConfig }: ContainerRecord, pid: number): AttachTarget {
  const own = hostConfig.Dns ?? [];
  return { containerId: id, pid, nameServers: own.length > 0 ? own : house.defaults.dns };
}

/** A container has ended, or its start has failed: its addresses and ports are free. */
export function releaseNetworks(house: House, record: ContainerRecord): void {
  const endpoints = house.networks.endpointsOf(record.id);
  if (endpoints.length === 0) return;
  house.networks.release(record.id);
  rmSync(record.paths.sandboxKey, { force: true });
  for (const { networkId } of endpoints) {
    const network = house.networks.find(networkId);
    if (network !== undefined) publishNetworkEvent(house, network, 'disconnect', record.id);
  }
}

/** /etc/hosts and its fellows as the container's networks are now. */
export function writeFiles(house: House, record: ContainerRecord): void {
  const addresses = house.networks
    .endpointsOf(record.id)
    .flatMap(({ ipv4, ipv6 }) => [ipv4?.address, ipv6?.address].filter((each) => each !== undefined));
  const hostGateway = house.networks.hostGateway(record.id);
  const named = networkWords(record).some((words) => !builtInNames.includes(house.networks.find(words)?.name ?? 'none'));
  writeContainerFiles(record, house.defaults, { addresses, named, ...(hostGateway === undefined ? {} : { hostGateway }) });
}

export function publishNetworkEvent(house: House, network: Network, action: string, containerId?: string): void {
  const attributes = { ...(containerId === undefined ? {} : { container: containerId }), name: network.name, type: network.driver };
  house.events.publish({ type: 'network', action, actor: { id: network.id, attributes } });
}

/** What is to be published: each port of a container with each of its bindings; with `-P` every exposed port that has none. */
export function portsOf({ config, hostConfig }: ContainerRecord): readonly PortRequest[] {
  const requests: PortRequest[] = [];
  const bindings = hostConfig.PortBindings ?? {};
  const bound = new Set<string>();
  for (const [key, hosts] of Object.entries(bindings)) {
    for (const port of portsIn(key)) {
      if ((hosts ?? []).length > 0) bound.add(`${port.containerPort}/${port.protocol}`);
      for (const { HostIp, HostPort } of hosts ?? []) {
        const [first = 0, last = first] = HostPort === '' ? [0] : HostPort.split('-').map(Number);
        requests.push({
          ...port,
          hostIp: HostIp === '0.0.0.0' || HostIp === undefined ? '' : HostIp,
          firstHostPort: first,
          lastHostPort: last,
        });
      }
    }
  }
  if (hostConfig.PublishAllPorts) {
    for (const key of Object.keys(config.ExposedPorts ?? {})) {
      for (const port of portsIn(key)) {
        if (!bound.has(`${port.containerPort}/${port.protocol}`)) requests.push({ ...port, hostIp: '', firstHostPort: 0, lastHostPort: 0 });
      }
    }
  }
  // Ports that were named first: one of our choice must not take them.
  return requests.toSorted((left, right) => Number(left.firstHostPort === 0) - Number(right.firstHostPort === 0));
}

function* portsIn(key: string): Generator<Pick<PortRequest, 'containerPort' | 'protocol'>> {
  const [range = '', protocol = 'tcp'] = key.toLowerCase().split('/');
  const [first = 0, last = first] = range.split('-').map(Number);
  for (let containerPort = first; containerPort <= last; containerPort += 1) {
    yield { containerPort, protocol: protocol as PortRequest['protocol'] };
  }
}

// What inspect calls SandboxKey: a way into the namespace that needs no mount and no removal to let it go.
function linkSandbox({ paths }: ContainerRecord, pid: number): void {
  mkdirSync(dirname(paths.sandboxKey), { recursive: true, mode: 0o711 });
  rmSync(paths.sandboxKey, { force: true });
  symlinkSync(`/proc/${pid}/ns/net`, paths.sandboxKey);
}
