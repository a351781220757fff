import { EngineError } from '../base/index.ts';
import { reservePort, type Libc } from '../kernel/index.ts';
import { addressBytes, parseAddress } from './address.ts';
import type { PortRequest, PublishedPort } from './contract.ts';

const inUse = 98;
/** Where Docker looks for a port of its own choice: the kernel's usual ephemeral range. */
const firstRandom = 32768;
const lastRandom = 60999;

/** The host's ports that containers have. Each is held by a bound socket, so that no other program can take it; the packet filter serves it. */
export class PublishedPorts implements Disposable {
  readonly #libc: Libc;
  readonly #sockets = new Map<string, number>();
  #next = firstRandom;

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /**
   * Takes host ports for all that is wanted, or none. `six`: also on IPv6 where no address was named.
   * @throws {EngineError} Internal, in Docker's words: `Bind for 0.0.0.0:80 failed: port is already allocated`.
   */
  take(requests: readonly PortRequest[], families: { readonly four: boolean; readonly six: boolean }): readonly PublishedPort[] {
    const taken: PublishedPort[] = [];
    try {
      for (const request of requests) taken.push(...this.#takeOne(request, families));
      return taken;
    } catch (error) {
      this.give(taken);
      throw error;
    }
  }

  /** Takes these very ports again, after a restart of the engine. @returns those that some other program has now. */
  retake(ports: readonly PublishedPort[]): readonly PublishedPort[] {
    return ports.filter((port) => this.#bind(port) !== 0);
  }

  give(ports: readonly PublishedPort[]): void {
    for (const port of ports) {
      const key = keyOf(port);
      const socket = this.#sockets.get(key);
      if (socket !== undefined) this.#libc.close(socket);
      this.#sockets.delete(key);
    }
  }

  [Symbol.dispose](): void {
    this.#libc.close(...this.#sockets.values());
    this.#sockets.clear();
  }

  #takeOne(request: PortRequest, families: { readonly four: boolean; readonly six: boolean }): readonly PublishedPort[] {
    const hosts = hostsOf(request.hostIp, families);
    if (hosts.length === 0)
      throw new EngineError('InvalidArgument', `cannot publish on ${request.hostIp}: the network has no such addresses`);
    let failure: EngineError | undefined;
    for (const hostPort of this.#candidates(request)) {
      const ports = hosts.map((hostIp) => ({ protocol: request.protocol, containerPort: request.containerPort, hostIp, hostPort }));
      const errnos = ports.map((port) => this.#bind(port));
      const bad = errnos.findIndex((errno) => errno !== 0);
      if (bad < 0) return ports;
      this.give(ports.filter((_, index) => errnos[index] === 0));
      failure = bindFailure(ports[bad]!, errnos[bad]!, (errno) => this.#libc.describe(errno));
      if (errnos[bad] !== inUse) throw failure;
    }
    throw failure ?? new EngineError('Internal', 'no port is free');
  }

  *#candidates({ firstHostPort, lastHostPort }: PortRequest): Generator<number> {
    if (firstHostPort !== 0) {
      for (let port = firstHostPort; port <= lastHostPort; port += 1) yield port;
      return;
    }
    for (let tries = firstRandom; tries <= lastRandom; tries += 1) {
      const port = this.#next;
      this.#next = port === lastRandom ? firstRandom : port + 1;
      yield port;
    }
  }

  #bind(port: PublishedPort): number {
    const key = keyOf(port);
    if (this.#sockets.has(key)) return inUse;
    const address = addressBytes(parseAddress(port.hostIp)!);
    const socket = reservePort(this.#libc, { protocol: port.protocol, address, port: port.hostPort });
    // A kernel without SCTP sockets can forward it all the same.
    if (port.protocol === 'sctp' && (socket === -93 || socket === -94)) return 0;
    if (socket < 0) return -socket;
    this.#sockets.set(key, socket);
    return 0;
  }
}

function hostsOf(hostIp: string, { four, six }: { readonly four: boolean; readonly six: boolean }): readonly string[] {
  if (hostIp === '') return [...(four ? ['0.0.0.0'] : []), ...(six ? ['::'] : [])];
  return (hostIp.includes(':') ? six : four) ? [hostIp] : [];
}

// moby libnetwork/portallocator: in use by a container or by anybody else, the words are the same.
function bindFailure({ hostIp, hostPort, protocol }: PublishedPort, errno: number, describe: (errno: number) => string): EngineError {
  const host = hostIp.includes(':') ? `[${hostIp}]` : hostIp;
  const detail = { errno, hostPort };
  if (errno === inUse) return new EngineError('Internal', `Bind for ${host}:${hostPort} failed: port is already allocated`, { detail });
  return new EngineError('Internal', `failed to bind host port for ${host}:${hostPort}/${protocol}: ${describe(errno)}`, { detail });
}

function keyOf({ protocol, hostIp, hostPort }: PublishedPort): string {
  return `${protocol} ${hostIp} ${hostPort}`;
}
