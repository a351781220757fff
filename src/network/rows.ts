import type { Database, Statement } from 'bun:sqlite';
import { EngineError } from '../base/index.ts';
import type { Endpoint, Network } from './contract.ts';

/*
 * network_networks    id TEXT · name TEXT unique · body TEXT JSON of Network
 * network_endpoints   container TEXT · network TEXT · body TEXT JSON of Endpoint; only of containers that run
 */
const schema = [
  'CREATE TABLE IF NOT EXISTS network_networks (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, body TEXT NOT NULL) STRICT',
  `CREATE TABLE IF NOT EXISTS network_endpoints (
     container TEXT NOT NULL, network TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (container, network)) STRICT`,
];

/** Networks and the endpoints of running containers: on disk, and indexed in memory. */
export class NetworkRows {
  readonly #networks = new Map<string, Network>();
  readonly #byContainer = new Map<string, readonly Endpoint[]>();
  readonly #byNetwork = new Map<string, Map<string, Endpoint>>();
  readonly #saveNetwork: Statement<unknown, [string, string, string]>;
  readonly #deleteNetwork: Statement<unknown, [string]>;
  readonly #saveEndpoint: Statement<unknown, [string, string, string]>;
  readonly #deleteEndpoint: Statement<unknown, [string, string]>;
  readonly #deleteEndpoints: Statement<unknown, [string]>;

  constructor(database: Database) {
    for (const statement of schema) database.run(statement);
    this.#saveNetwork = database.prepare('INSERT OR REPLACE INTO network_networks (id, name, body) VALUES (?, ?, ?)');
    this.#deleteNetwork = database.prepare('DELETE FROM network_networks WHERE id = ?');
    this.#saveEndpoint = database.prepare('INSERT OR REPLACE INTO network_endpoints (container, network, body) VALUES (?, ?, ?)');
    this.#deleteEndpoint = database.prepare('DELETE FROM network_endpoints WHERE container = ? AND network = ?');
    this.#deleteEndpoints = database.prepare('DELETE FROM network_endpoints WHERE container = ?');
    for (const { body } of database.prepare<{ body: string }, []>('SELECT body FROM network_networks ORDER BY rowid').all()) {
      const network = JSON.parse(body) as Network & { readonly createdAt: string };
      this.#networks.set(network.id, { ...network, createdAt: new Date(network.createdAt) });
    }
    for (const { body } of database.prepare<{ body: string }, []>('SELECT body FROM network_endpoints ORDER BY rowid').all()) {
      this.#index(JSON.parse(body) as Endpoint);
    }
  }

  networks(): readonly Network[] {
    return [...this.#networks.values()];
  }

  /** By name, id or unambiguous prefix. @throws {EngineError} InvalidArgument, when several have the prefix. */
  find(words: string): Network | undefined {
    const exact = this.#networks.get(words) ?? this.networks().find(({ name }) => name === words);
    if (exact !== undefined || !/^[0-9a-f]{1,63}$/.test(words)) return exact;
    const found = this.networks().filter(({ id }) => id.startsWith(words));
    if (found.length > 1)
      throw new EngineError('InvalidArgument', `network ${words} is ambiguous (${found.length} matches found based on ID prefix)`);
    return found[0];
  }

  save(network: Network): void {
    this.#saveNetwork.run(network.id, network.name, JSON.stringify(network));
    this.#networks.set(network.id, network);
  }

  delete(id: string): void {
    this.#deleteNetwork.run(id);
    this.#networks.delete(id);
  }

  endpointsOn(networkId: string): readonly Endpoint[] {
    return [...(this.#byNetwork.get(networkId)?.values() ?? [])];
  }

  endpointsOf(containerId: string): readonly Endpoint[] {
    return this.#byContainer.get(containerId) ?? [];
  }

  containers(): readonly string[] {
    return [...this.#byContainer.keys()];
  }

  saveEndpoint(endpoint: Endpoint): void {
    this.#saveEndpoint.run(endpoint.containerId, endpoint.networkId, JSON.stringify(endpoint));
    this.#index(endpoint);
  }

  deleteEndpoint({ containerId, networkId }: Endpoint): void {
    this.#deleteEndpoint.run(containerId, networkId);
    this.#byNetwork.get(networkId)?.delete(containerId);
    const rest = this.endpointsOf(containerId).filter((each) => each.networkId !== networkId);
    if (rest.length === 0) this.#byContainer.delete(containerId);
    else this.#byContainer.set(containerId, rest);
  }

  deleteEndpointsOf(containerId: string): void {
    if (!this.#byContainer.has(containerId)) return;
    this.#deleteEndpoints.run(containerId);
    for (const { networkId } of this.endpointsOf(containerId)) this.#byNetwork.get(networkId)?.delete(containerId);
    this.#byContainer.delete(containerId);
  }

  #index(endpoint: Endpoint): void {
    const others = this.endpointsOf(endpoint.containerId).filter(({ networkId }) => networkId !== endpoint.networkId);
    this.#byContainer.set(endpoint.containerId, [...others, endpoint]);
    const on = this.#byNetwork.get(endpoint.networkId) ?? new Map<string, Endpoint>();
    this.#byNetwork.set(endpoint.networkId, on.set(endpoint.containerId, endpoint));
  }
}
