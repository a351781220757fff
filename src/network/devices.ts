import { readFileSync, writeFileSync } from 'node:fs';
import { EngineError, isEngineError } from '../base/index.ts';
import { NetlinkSocket, NetworkNamespaces, type Libc } from '../kernel/index.ts';
import { formatAddress, parseAddress, parseSubnet, type Subnet } from './address.ts';
import type { Endpoint, IpamConfig } from './contract.ts';
import {
  addressMessage,
  bridgeMessage,
  defaultRouteMessage,
  deleteLinkMessage,
  findLink,
  listLinks,
  macvlanMessage,
  portMessage,
  routedSubnets,
  upMessage,
  vethMessage,
} from './rtnetlink.ts';

const exists = 17;
const noSuchProcess = 3;
const noBufferSpace = 105;
const tooBig = 7;
const noPermission = 1;

/** Devices, addresses and routes, of the host and inside containers. Everything is synchronous; nothing is remembered. */
export class Devices implements Disposable {
  readonly #libc: Libc;
  readonly #namespaces: NetworkNamespaces;
  #host: NetlinkSocket | undefined;

  constructor(libc: Libc) {
    this.#libc = libc;
    this.#namespaces = new NetworkNamespaces(libc);
  }

  /** A bridge with its gateway addresses, up; one that is there is made so. @returns whether it was made. @throws {EngineError} Internal. */
  ensureBridge(name: string, pools: readonly IpamConfig[], mtu: number | undefined): boolean {
    const socket = this.#open();
    let bridge = findLink(socket, name);
    const made = bridge === undefined;
    if (bridge === undefined) {
      socket.request(`create bridge ${name}`, [bridgeMessage(name, mtu)], [exists]);
      bridge = findLink(socket, name);
    }
    if (bridge === undefined || bridge.kind !== 'bridge') throw new EngineError('Conflict', `device ${name} exists and is no bridge`);
    const addresses = pools.flatMap(({ subnet, gateway }) => {
      const address = parseAddress(gateway ?? '');
      return address === undefined ? [] : [addressMessage(bridge.index, address, parseSubnet(subnet)!.prefixLength)];
    });
    if (pools.some(({ subnet }) => subnet.includes(':'))) writeSysctl(`net/ipv6/conf/${name}/disable_ipv6`, '0');
    socket.request(`set addresses of bridge ${name}`, [...addresses, ...(bridge.up ? [] : [upMessage(bridge.index)])], [exists]);
    return made;
  }

  removeLink(name: string): void {
    const socket = this.#open();
    if (findLink(socket, name) !== undefined) socket.request(`remove device ${name}`, [deleteLinkMessage(name)], [19]);
  }

  linkExists(name: string): boolean {
    return findLink(this.#open(), name) !== undefined;
  }

  /** Puts one end of a veth on `bridge` and the other, configured, into the namespace of `pid`. @throws {EngineError} Internal; Forbidden, when the bridge is full. */
  addEndpoint(
    bridge: string,
    endpoint: Endpoint,
    target: { readonly pid: number; readonly isolated: boolean; readonly mtu: number | undefined },
  ): void {
    const socket = this.#open();
    const master = findLink(socket, bridge);
    if (master === undefined) throw new EngineError('Internal', `bridge ${bridge} is gone`);
    const { hostDevice: hostName, interfaceName: name } = endpoint;
    const wanted = { hostName, master: master.index, pid: target.pid, name, mac: macBytes(endpoint.mac) };
    const [result] = socket.exchange([vethMessage(target.mtu === undefined ? wanted : { ...wanted, mtu: target.mtu })]);
    if (result?.errno === noBufferSpace || result?.errno === tooBig) {
      throw new EngineError('Forbidden', `bridge ${bridge} is full: a Linux bridge takes 1023 ports`);
    }
    if (result !== undefined && result.errno !== 0) throw this.#failure(`create interface ${name}`, result);
    if (target.isolated) socket.request(`isolate interface ${name}`, [portMessage(hostName, { isolated: true })]);
  }

  /** A macvlan on the host's device `parent`, in the namespace of `pid`. @throws {EngineError} as `addEndpoint`; NotFound, without the parent. */
  addMacvlan(parent: string, endpoint: Endpoint, pid: number, mode: number): void {
    const socket = this.#open();
    const link = findLink(socket, parent);
    if (link === undefined) throw new EngineError('NotFound', `invalid subinterface vlan name ${parent}, example formatting is eth0.10`);
    const wanted = { parent: link.index, pid, name: endpoint.interfaceName, mac: macBytes(endpoint.mac), mode };
    const [result] = socket.exchange([macvlanMessage(wanted)]);
    if (result !== undefined && result.errno !== 0) throw this.#failure(`create macvlan on ${parent}`, result);
  }

  /** Gives an interface inside the namespace its addresses; `gateways` become its default routes. */
  configure(endpoint: Endpoint, target: { readonly pid: number; readonly defaultRoute: boolean }): void {
    this.#inside(target.pid, (socket) => {
      const link = findLink(socket, endpoint.interfaceName);
      if (link === undefined) throw new EngineError('Internal', `interface ${endpoint.interfaceName} is gone`);
      const messages = [upMessage(link.index)];
      for (const each of [endpoint.ipv4, endpoint.ipv6]) {
        if (each !== undefined) messages.push(addressMessage(link.index, parseAddress(each.address)!, each.prefixLength));
      }
      if (target.defaultRoute) messages.push(...gatewaysOf(endpoint).map((gateway) => defaultRouteMessage(link.index, gateway)));
      socket.request(`configure interface ${endpoint.interfaceName}`, messages, [exists]);
    });
  }

  /** Moves the default routes inside a namespace to another endpoint, or away. */
  moveDefaultRoute(pid: number, from: Endpoint | undefined, to: Endpoint | undefined): void {
    this.#inside(pid, (socket) => {
      for (const [endpoint, remove] of [
        [from, true],
        [to, false],
      ] as const) {
        const link = endpoint === undefined ? undefined : findLink(socket, endpoint.interfaceName);
        if (endpoint === undefined || link === undefined) continue;
        const messages = gatewaysOf(endpoint).map((gateway) => defaultRouteMessage(link.index, gateway, remove));
        if (messages.length > 0) socket.request('set the default route', messages, [exists, noSuchProcess]);
      }
    });
  }

  /** Names of the interfaces in a namespace. */
  interfacesOf(pid: number): readonly string[] {
    return this.#inside(pid, (socket) => listLinks(socket).map(({ name }) => name));
  }

  /** Removes an interface inside a running container's namespace, and its other end with it. */
  removeInside(pid: number, name: string): void {
    this.#inside(pid, (socket) => socket.request(`remove interface ${name}`, [deleteLinkMessage(name)], [19]));
  }

  /**
   * A port of a bridge passes nothing any more: its container has ended, and its address may be given to the next one before the kernel has taken
   * the namespace apart. Costs no grace period, as removing it would.
   */
  blockPort(hostDevice: string): void {
    this.#open().exchange([portMessage(hostDevice, { state: 0 })]);
  }

  /**
   * Lets a container reach itself through a port it has published: with `bridge-nf-call-iptables` the packet is translated inside the bridge and goes
   * back where it came from. Not with IPv6, whose duplicate address detection would hear itself.
   */
  hairpin(hostDevice: string): void {
    this.#open().exchange([portMessage(hostDevice, { hairpin: true })]);
  }

  routes(): readonly Subnet[] {
    return routedSubnets(this.#open());
  }

  /** Brings up the loopback device inside a namespace: without it nothing can be bound to 127.0.0.11. */
  loopbackUp(pid: number): void {
    this.#inside(pid, (socket) => socket.request('bring the loopback device up', [upMessage(1)]));
  }

  /** What `work` gives, done in the namespace of `pid`: sockets it makes belong there. */
  visit<Result>(pid: number, work: () => Result): Result {
    return this.#namespaces.visit(`/proc/${pid}/ns/net`, work);
  }

  [Symbol.dispose](): void {
    this.#host?.[Symbol.dispose]();
    this.#namespaces[Symbol.dispose]();
  }

  #inside<Result>(pid: number, work: (socket: NetlinkSocket) => Result): Result {
    using socket = this.visit(pid, () => new NetlinkSocket(this.#libc, 'route'));
    return work(socket);
  }

  #open(): NetlinkSocket {
    this.#host ??= new NetlinkSocket(this.#libc, 'route');
    return this.#host;
  }

  #failure(what: string, { errno, words }: { readonly errno: number; readonly words: string }): EngineError {
    const text = `Cannot ${what}: ${this.#libc.describe(errno)}${words === '' ? '' : ` (${words})`}`;
    return new EngineError('Internal', text, { detail: { errno } });
  }
}

/** Sets `net/…` of the host where it is not so already. @returns whether it holds now. */
export function writeSysctl(path: string, value: string): boolean {
  try {
    if (readFileSync(`/proc/sys/${path}`, 'utf8').trim() !== value) writeFileSync(`/proc/sys/${path}`, value);
    return true;
  } catch {
    return false; // Read-only, or a kernel without IPv6: what needs it says so itself.
  }
}

/** Whether the kernel refused for want of permission. */
export function isForbidden(error: unknown): boolean {
  return isEngineError(error) && error.detail['errno'] === noPermission;
}

function gatewaysOf({ ipv4, ipv6 }: Endpoint) {
  return [ipv4?.gateway, ipv6?.gateway].flatMap((text) => parseAddress(text ?? '') ?? []);
}

function macBytes(mac: string): Uint8Array {
  return Uint8Array.from(mac.split(/[:-]/), (part) => Number.parseInt(part, 16));
}

/** Docker's MAC of an IPv4 address: the same address has the same one, so that neighbours' caches stay true. */
export function macOf(ipv4: string | undefined, random: Uint8Array): string {
  const address = parseAddress(ipv4 ?? '');
  const tail = address?.family === 4 ? formatAddress(address).split('.').map(Number) : [...random.subarray(0, 4)];
  return [0x02, 0x42, ...tail].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
