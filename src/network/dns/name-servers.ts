import { messageOf, type Log } from '../../base/index.ts';
import { formatAddress, parseAddress } from '../address.ts';
import { builtInNames } from '../built-in.ts';
import type { AttachTarget, Endpoint } from '../contract.ts';
import type { Devices } from '../devices.ts';
import type { NetworkRows } from '../rows.ts';
import { NameServer, type Names } from './name-server.ts';
import { Upstream } from './upstream.ts';

/** The name servers of all containers on networks of users' own, as Docker has them: the default network knows no names. */
export class NameServers {
  readonly #log: Log;
  readonly #rows: NetworkRows;
  readonly #devices: Devices;
  readonly #upstream = new Upstream();
  readonly #byContainer = new Map<string, NameServer>();

  constructor(parts: { readonly log: Log; readonly rows: NetworkRows; readonly devices: Devices }) {
    this.#log = parts.log;
    this.#rows = parts.rows;
    this.#devices = parts.devices;
  }

  /** Serves a container that is on a network of a user's own; does nothing when it is served, or on none. */
  start({ containerId, pid, nameServers = [] }: AttachTarget): void {
    if (this.#byContainer.has(containerId) || this.#ownEndpoints(containerId).length === 0) return;
    const server = new NameServer(this.#namesFor(containerId), this.#upstream, nameServers);
    try {
      this.#devices.loopbackUp(pid);
      this.#devices.visit(pid, () => server.listen());
      this.#byContainer.set(containerId, server);
    } catch (error) {
      server.close();
      this.#log.warn('no name server for a container', { container: containerId, error: messageOf(error) });
    }
  }

  stop(containerId: string): void {
    this.#byContainer.get(containerId)?.close();
    this.#byContainer.delete(containerId);
  }

  close(): void {
    for (const server of this.#byContainer.values()) server.close();
    this.#byContainer.clear();
    this.#upstream.close();
  }

  #namesFor(containerId: string): Names {
    const neighbours = () => this.#ownEndpoints(containerId).flatMap(({ networkId }) => this.#rows.endpointsOn(networkId));
    return {
      addresses: (asked) => {
        // `web.mynet` is web on mynet.
        const found = neighbours().filter(({ names, networkId }) => {
          const network = this.#rows.find(networkId)?.name.toLowerCase();
          return names.some((name) => [name.toLowerCase(), `${name.toLowerCase()}.${network}`].includes(asked));
        });
        return found.length === 0
          ? undefined
          : found.flatMap(({ ipv4, ipv6 }) => [ipv4?.address, ipv6?.address].filter((each) => each !== undefined));
      },
      nameOf: (text) => {
        const address = parseAddress(text);
        const wanted = address === undefined ? '' : formatAddress(address);
        const found = neighbours().find(({ ipv4, ipv6 }) => ipv4?.address === wanted || ipv6?.address === wanted);
        return found === undefined ? undefined : `${found.names[0] ?? ''}.${this.#rows.find(found.networkId)?.name ?? ''}`;
      },
    };
  }

  #ownEndpoints(containerId: string): readonly Endpoint[] {
    return this.#rows.endpointsOf(containerId).filter(({ networkId }) => !builtInNames.includes(this.#rows.find(networkId)?.name ?? ''));
  }
}
