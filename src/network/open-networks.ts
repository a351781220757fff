import type { Database } from 'bun:sqlite';
import { EngineError, messageOf, newId, type Log } from '../base/index.ts';
import { Libc } from '../kernel/index.ts';
import { overlaps, parseAddress, parseSubnet, formatAddress, type Subnet } from './address.ts';
import { builtInNames, builtInNetwork } from './built-in.ts';
import type { AttachTarget, CreateNetworkRequest, Endpoint, EndpointRequest, Network, Networks, PortRequest } from './contract.ts';
import { bridgeOptions, isOn, mtuOf, planNetwork } from './create-network.ts';
import { Devices, macOf, writeSysctl } from './devices.ts';
import { chooseAddress, choosePools } from './ipam.ts';
import { NameServers } from './dns/name-servers.ts';
import { Firewall, type WantedRules } from './nftables/firewall.ts';
import type { RuledNetwork, RuledPort } from './nftables/ruleset.ts';
import { PublishedPorts } from './published-ports.ts';
import { NetworkRows } from './rows.ts';

export interface NetworksOptions {
  readonly database: Database;
  readonly engineId: string;
  /** Device of the default network; `none` for no such network. */
  readonly bridge: string;
  readonly log: Log;
}

/** How often it is looked whether somebody has flushed the packet filter; a look costs some microseconds. */
const checkEveryMs = 2000;

/**
 * Networks on this machine's own devices. Opening touches nothing: a bridge, its rules and `ip_forward` come with the first container or the
 * creation of a network, and go when the engine stops without a container on any network.
 */
export function openNetworks(options: NetworksOptions): Networks {
  return new HostNetworks(options);
}

class HostNetworks implements Networks {
  readonly #log: Log;
  readonly #rows: NetworkRows;
  readonly #devices: Devices;
  readonly #ports: PublishedPorts;
  readonly #names: NameServers;
  readonly #firewall: Firewall;
  readonly #engineId: string;
  /** Networks whose bridge is there, by id. */
  readonly #active = new Set<string>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #warned = false;

  constructor({ database, engineId, bridge, log }: NetworksOptions) {
    const libc = new Libc();
    this.#log = log;
    this.#engineId = engineId;
    this.#rows = new NetworkRows(database);
    this.#devices = new Devices(libc);
    this.#ports = new PublishedPorts(libc);
    this.#names = new NameServers({ log, rows: this.#rows, devices: this.#devices });
    this.#firewall = new Firewall(libc, `berth-${bridge}`, () => this.#wantedRules());
    this.#addBuiltIn(bridge);
  }

  list(): readonly Network[] {
    return this.#rows.networks();
  }

  find(words: string): Network | undefined {
    return this.#rows.find(words);
  }

  resolve(words: string): Network {
    const found = this.#rows.find(words);
    if (found === undefined) throw new EngineError('NotFound', `network ${words} not found`);
    return found;
  }

  create(request: CreateNetworkRequest): Network {
    const network = planNetwork(request, this.list(), { routes: this.#routes(), engineId: this.#engineId });
    this.#rows.save(network);
    try {
      if (network.driver === 'bridge') this.#activate(network);
    } catch (error) {
      this.#rows.delete(network.id);
      this.#deactivate(network);
      throw error;
    }
    return network;
  }

  remove(network: Network): void {
    if (builtInNames.includes(network.name)) {
      throw new EngineError('Forbidden', `${network.name} is a pre-defined network and cannot be removed`);
    }
    if (this.endpointsOn(network.id).length > 0) throw new EngineError('Forbidden', `network ${network.name} has active endpoints`);
    this.#rows.delete(network.id);
    this.#deactivate(network);
  }

  endpointsOn(networkId: string): readonly Endpoint[] {
    return this.#rows.endpointsOn(networkId);
  }

  endpointsOf(containerId: string): readonly Endpoint[] {
    return this.#rows.endpointsOf(containerId);
  }

  attach(
    container: AttachTarget,
    wanted: ReadonlyArray<{ readonly network: Network; readonly request: EndpointRequest }>,
    ports: readonly PortRequest[],
  ): readonly Endpoint[] {
    const before = this.endpointsOf(container.containerId);
    const made: Endpoint[] = [];
    try {
      for (const { network, request } of wanted) made.push(this.#join(container, network, request));
      const gateway = this.#gatewayOf([...before, ...made]);
      const former = this.#gatewayOf(before);
      for (const endpoint of made) {
        this.#devices.configure(endpoint, { pid: container.pid, defaultRoute: former === undefined && endpoint === gateway });
      }
      if (former !== undefined && gateway !== former) this.#devices.moveDefaultRoute(container.pid, former, gateway);
      if (gateway !== undefined && ports.length > 0) this.#publish(gateway, ports);
      this.#names.start(container);
    } catch (error) {
      for (const endpoint of made) this.#drop(endpoint, container.pid);
      throw error;
    }
    return this.endpointsOf(container.containerId).slice(before.length);
  }

  disconnect({ containerId, pid }: AttachTarget, network: Network): void {
    const endpoints = this.endpointsOf(containerId);
    const endpoint = endpoints.find(({ networkId }) => networkId === network.id);
    if (endpoint === undefined) return;
    const former = this.#gatewayOf(endpoints);
    this.#drop(endpoint, pid);
    const rest = this.endpointsOf(containerId);
    if (former === endpoint) this.#devices.moveDefaultRoute(pid, undefined, this.#gatewayOf(rest));
  }

  release(containerId: string): void {
    const endpoints = this.endpointsOf(containerId);
    if (endpoints.length === 0) return;
    this.#names.stop(containerId);
    this.#rows.deleteEndpointsOf(containerId);
    for (const endpoint of endpoints) {
      if (endpoint.hostDevice !== '') this.#devices.blockPort(endpoint.hostDevice);
      this.#unpublish(endpoint);
    }
  }

  restore(running: readonly AttachTarget[]): void {
    const ids = new Set(running.map(({ containerId }) => containerId));
    for (const containerId of this.#rows.containers()) if (!ids.has(containerId)) this.#rows.deleteEndpointsOf(containerId);
    try {
      for (const network of this.list()) {
        const used = this.endpointsOn(network.id).length > 0;
        if (network.driver !== 'bridge' || !(used || this.#devices.linkExists(network.device))) continue;
        this.#devices.ensureBridge(network.device, network.ipam.config, mtuOf(network));
        this.#active.add(network.id);
      }
      if (this.#active.size > 0) this.#rebuild(false);
    } catch (error) {
      this.#log.error('networks could not be restored', { error: messageOf(error) });
    }
    for (const container of running) this.#names.start(container);
    for (const containerId of this.#rows.containers()) {
      for (const { ports } of this.endpointsOf(containerId)) {
        for (const port of this.#ports.retake(ports)) {
          this.#log.warn('another program has bound a published port', { container: containerId, port: port.hostPort });
        }
      }
    }
  }

  hostGateway(containerId: string): string | undefined {
    const gateway = this.#gatewayOf(this.endpointsOf(containerId));
    return gateway?.ipv4?.gateway ?? gateway?.ipv6?.gateway ?? this.find('bridge')?.ipam.config[0]?.gateway;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#names.close();
    try {
      if (this.#rows.containers().length === 0) this.#removeAll();
    } catch (error) {
      this.#log.warn('networks were not cleaned up', { error: messageOf(error) });
    }
    this.#ports[Symbol.dispose]();
    this.#firewall[Symbol.dispose]();
    this.#devices[Symbol.dispose]();
  }

  #removeAll(): void {
    if (this.#active.size === 0) return;
    for (const network of this.list()) if (this.#active.has(network.id)) this.#devices.removeLink(network.device);
    this.#active.clear();
    if (!this.#warned) this.#firewall.remove();
  }

  // The default network's pool is chosen anew where the host has come to route it otherwise and nobody is on it.
  #addBuiltIn(bridge: string): void {
    const routes = this.#routes();
    const own = this.find('bridge');
    const clash = own?.ipam.config.some(({ subnet }) => routes.some((route) => overlaps(route, parseSubnet(subnet)!)));
    const idle = own !== undefined && this.endpointsOn(own.id).length === 0;
    const renamed = own !== undefined && own.device !== bridge;
    if (bridge !== 'none' && (own === undefined || (idle && (renamed || (clash === true && !this.#exists(bridge)))))) {
      const networks = this.list()
        .filter((each) => each.name !== 'bridge')
        .flatMap(({ name, ipam }) => ipam.config.map(({ subnet }) => ({ subnet: parseSubnet(subnet)!, by: name })));
      const config = choosePools([], { ipv4: true, ipv6: false }, { networks, routes, engineId: this.#engineId });
      this.#rows.save(builtInNetwork(this.#engineId, 'bridge', bridge, config));
    }
    for (const name of ['host', 'none'] as const) {
      if (this.find(name) === undefined) this.#rows.save(builtInNetwork(this.#engineId, name, '', []));
    }
  }

  #exists(device: string): boolean {
    try {
      return this.#devices.linkExists(device);
    } catch {
      return false; // No rtnetlink, no devices.
    }
  }

  // Where the host's routes cannot be read nothing will be routed either: the first use says why.
  #routes(): readonly Subnet[] {
    try {
      return this.#devices.routes();
    } catch {
      return [];
    }
  }

  #join(container: AttachTarget, network: Network, request: EndpointRequest): Endpoint {
    if (network.driver === 'bridge') this.#activate(network);
    const endpoint = this.#plan(container, network, request);
    const { pid } = container;
    if (network.driver === 'bridge') {
      const isolated = !isOn(network.options[bridgeOptions.containers], true);
      this.#devices.addEndpoint(network.device, endpoint, { pid, isolated, mtu: mtuOf(network) });
    } else if (network.driver === 'macvlan') {
      const modes: Readonly<Record<string, number>> = { private: 1, vepa: 2, bridge: 4, passthru: 8 };
      this.#devices.addMacvlan(network.options['parent'] ?? '', endpoint, pid, modes[network.options['macvlan_mode'] ?? 'bridge'] ?? 4);
    }
    this.#rows.saveEndpoint(endpoint);
    return endpoint;
  }

  #plan({ containerId }: AttachTarget, network: Network, request: EndpointRequest): Endpoint {
    const own = this.endpointsOf(containerId);
    if (own.some(({ networkId }) => networkId === network.id)) {
      throw new EngineError('Forbidden', `endpoint with name ${request.names[0] ?? containerId} already exists in network ${network.name}`);
    }
    const others = this.endpointsOn(network.id);
    const choose = (family: 4 | 6, wanted: string | undefined) => {
      const used = new Set(others.flatMap(({ ipv4, ipv6 }) => parseAddress((family === 4 ? ipv4 : ipv6)?.address ?? '')?.value ?? []));
      const { address, subnet, gateway } = chooseAddress(network.ipam.config, family, used, wanted);
      return { address: formatAddress(address), prefixLength: subnet.prefixLength, gateway: network.internal ? '' : gateway };
    };
    const ipv4 = network.ipv4 ? choose(4, request.ipv4) : undefined;
    const ipv6 = network.ipv6 ? choose(6, request.ipv6) : undefined;
    const prefix = network.options[bridgeOptions.interfacePrefix] ?? 'eth';
    const taken = new Set(own.map(({ interfaceName }) => interfaceName));
    let index = 0;
    while (taken.has(`${prefix}${index}`)) index += 1;
    const random = crypto.getRandomValues(new Uint8Array(8));
    return {
      id: newId(),
      networkId: network.id,
      containerId,
      interfaceName: `${prefix}${index}`,
      hostDevice: network.driver === 'bridge' ? `veth${Buffer.from(random).toString('hex').slice(0, 7)}` : '',
      mac: request.mac ?? macOf(ipv4?.address, random),
      ...(ipv4 === undefined ? {} : { ipv4 }),
      ...(ipv6 === undefined ? {} : { ipv6 }),
      gatewayPriority: request.gatewayPriority,
      names: request.names,
      ports: [],
    };
  }

  // moby: the highest priority, then the first name.
  #gatewayOf(endpoints: readonly Endpoint[]): Endpoint | undefined {
    const name = ({ networkId }: Endpoint) => this.find(networkId)?.name ?? '';
    return endpoints
      .filter(({ ipv4, ipv6 }) => (ipv4?.gateway ?? '') !== '' || (ipv6?.gateway ?? '') !== '')
      .toSorted((left, right) => right.gatewayPriority - left.gatewayPriority || (name(left) < name(right) ? -1 : 1))[0];
  }

  #publish(endpoint: Endpoint, requests: readonly PortRequest[]): void {
    const network = this.find(endpoint.networkId);
    const binding = network?.options[bridgeOptions.hostBinding];
    const fallback = binding === undefined || binding === '0.0.0.0' ? '' : binding;
    const wanted = requests.map((request) => (request.hostIp === '' ? { ...request, hostIp: fallback } : request));
    const ports = this.#ports.take(wanted, { four: endpoint.ipv4 !== undefined, six: endpoint.ipv6 !== undefined });
    const published = { ...endpoint, ports };
    try {
      this.#rows.saveEndpoint(published);
      this.#firewall.publish(ruledPorts(published));
      if (endpoint.hostDevice !== '' && endpoint.ipv6 === undefined) this.#devices.hairpin(endpoint.hostDevice);
    } catch (error) {
      this.#ports.give(ports);
      this.#rows.saveEndpoint(endpoint);
      throw error;
    }
  }

  #unpublish(endpoint: Endpoint): void {
    if (endpoint.ports.length === 0) return;
    this.#ports.give(endpoint.ports);
    try {
      this.#firewall.unpublish(ruledPorts(endpoint));
    } catch (error) {
      this.#log.warn('published ports were not taken back', { container: endpoint.containerId, error: messageOf(error) });
    }
  }

  #drop(endpoint: Endpoint, pid: number): void {
    const current = this.endpointsOf(endpoint.containerId).find(({ networkId }) => networkId === endpoint.networkId) ?? endpoint;
    this.#rows.deleteEndpoint(endpoint);
    this.#unpublish(current);
    try {
      this.#devices.removeInside(pid, endpoint.interfaceName);
    } catch (error) {
      this.#log.debug('interface was not removed', { container: endpoint.containerId, error: messageOf(error) });
    }
  }

  #activate(network: Network): void {
    if (this.#active.has(network.id)) return;
    this.#devices.ensureBridge(network.device, network.ipam.config, mtuOf(network));
    this.#active.add(network.id);
    if (!network.internal) {
      if (!writeSysctl('net/ipv4/ip_forward', '1')) this.#log.warn('net.ipv4.ip_forward cannot be set: containers reach this host only');
      if (network.ipv6) writeSysctl('net/ipv6/conf/all/forwarding', '1');
      // Published ports are reached through 127.0.0.1 too; the packet filter keeps everybody else from these addresses.
      writeSysctl(`net/ipv4/conf/${network.device}/route_localnet`, '1');
    }
    this.#rebuild(network.internal);
  }

  #deactivate(network: Network): void {
    if (!this.#active.delete(network.id)) return;
    this.#rebuild(false);
    this.#devices.removeLink(network.device);
  }

  // Without nf_tables containers still talk to each other and the host; what promises isolation must not be had without it.
  #rebuild(required: boolean): void {
    try {
      this.#firewall.rebuild();
    } catch (error) {
      if (required) throw error;
      if (!this.#warned)
        this.#log.warn('no packet filter: containers have no way out, and networks are not kept apart', { error: messageOf(error) });
      this.#warned = true;
      return;
    }
    this.#timer ??= setInterval(() => this.#check(), checkEveryMs);
    this.#timer.unref();
  }

  #check(): void {
    try {
      if (this.#firewall.check()) this.#log.warn('the packet filter was flushed by somebody; our rules are back');
    } catch (error) {
      this.#log.warn('the packet filter could not be looked at', { error: messageOf(error) });
    }
  }

  #wantedRules(): WantedRules {
    const active = this.list().filter(({ id }) => this.#active.has(id));
    const networks: readonly RuledNetwork[] = active.map((network) => ({
      device: network.device,
      subnets: network.ipam.config.map(({ subnet }) => subnet),
      internal: network.internal,
      masquerade: isOn(network.options[bridgeOptions.masquerade], true),
    }));
    return { networks, ports: active.flatMap(({ id }) => this.endpointsOn(id).flatMap(ruledPorts)) };
  }
}

function ruledPorts({ ports, ipv4, ipv6 }: Endpoint): readonly RuledPort[] {
  return ports.flatMap((port) => {
    const address = port.hostIp.includes(':') ? ipv6?.address : ipv4?.address;
    return address === undefined ? [] : [{ port, address }];
  });
}
