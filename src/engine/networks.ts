import { EngineError, messageOf } from '../base/index.ts';
import { builtInNames, networkNamespace, type CreateNetworkRequest, type Network } from '../network/index.ts';
import type { EndpointSettings } from '../spec/index.ts';
import type { ContainerRecord } from './contract.ts';
import type { House } from './house.ts';
import { attachTarget, networkWords, publishNetworkEvent, toRequest, writeFiles } from './networking.ts';
import { pruneTest, usedNetworks } from './network-filter.ts';
import type { Filters, Options } from './requests.ts';
import { isRunning } from './records.ts';

/** Makes a network. @throws {EngineError} in Docker's words. */
export function createNetwork(house: House, request: CreateNetworkRequest): Network {
  const network = house.networks.create(request);
  publishNetworkEvent(house, network, 'create');
  return network;
}

/** @throws {EngineError} NotFound `network x not found`. */
export function inspectNetwork(house: House, words: string): Network {
  return house.networks.resolve(words);
}

/** @throws {EngineError} NotFound; Forbidden, when it is built in or a container is on it. */
export function removeNetwork(house: House, words: string): void {
  const network = house.networks.resolve(words);
  const users = house.networks.endpointsOn(network.id);
  if (users.length > 0 && !builtInNames.includes(network.name)) {
    const names = users.map(
      ({ containerId, id }) => `name:${JSON.stringify(house.records.find(containerId)?.name ?? '')} id:${JSON.stringify(id.slice(0, 12))}`,
    );
    throw new EngineError('Forbidden', `error while removing network: network ${network.name} has active endpoints (${names.join(', ')})`);
  }
  house.networks.remove(network);
  publishNetworkEvent(house, network, 'destroy');
}

/** Removes the networks nobody is on, not even a stopped container. @returns their names. */
export function pruneNetworks(house: House, filters: Filters): readonly string[] {
  const test = pruneTest(filters, house.clock.now());
  const used = usedNetworks(house);
  const removed: string[] = [];
  for (const network of house.networks.list()) {
    if (builtInNames.includes(network.name) || used.has(network.id) || !test(network)) continue;
    if (house.networks.endpointsOn(network.id).length > 0) continue;
    house.networks.remove(network);
    publishNetworkEvent(house, network, 'destroy');
    removed.push(network.name);
  }
  return removed;
}

/** Puts a container on one more network: at once when it runs, else from its next start on. @throws {EngineError} in Docker's words. */
export async function connectNetwork(
  house: House,
  words: string,
  containerWords: string,
  settings: EndpointSettings,
  _options: Options,
): Promise<void> {
  const network = house.networks.resolve(words);
  const { id } = house.records.resolve(containerWords);
  await house.locks.run(id, () => {
    const record = recordOf(house, id);
    const mode = networkNamespace(record.hostConfig.NetworkMode);
    if (mode.kind === 'container')
      throw new EngineError(
        'InvalidArgument',
        'container sharing network namespace with another container or host cannot be connected to any other network',
      );
    if (mode.kind === 'host' || network.driver === 'host') {
      throw new EngineError('InvalidArgument', 'cannot connect container to host network - container must be created in host network mode');
    }
    if (mode.kind === 'private' && isRunning(record.state)) {
      throw new EngineError(
        'InvalidArgument',
        'container cannot be connected to multiple networks with one of the networks in private (none) mode',
      );
    }
    if (networkWords(record).some((each) => house.networks.find(each)?.id === network.id)) {
      throw new EngineError('Forbidden', `endpoint with name ${record.name} already exists in network ${network.name}`);
    }
    const pid = isRunning(record.state) && 'pid' in record.state ? record.state.pid : undefined;
    if (pid !== undefined)
      house.networks.attach(attachTarget(house, record, pid), [{ network, request: toRequest(record, network, settings, false) }], []);
    const before = Object.keys(record.endpoints).length === 0 && mode.kind === 'network' ? { [mode.name]: {} } : record.endpoints;
    const hostConfig = mode.kind === 'private' ? { ...record.hostConfig, NetworkMode: network.name } : record.hostConfig;
    const after = house.records.update(id, { endpoints: { ...before, [network.name]: settings }, hostConfig });
    if (pid === undefined) return;
    refreshFiles(house, after);
    publishNetworkEvent(house, network, 'connect', id);
  });
}

/** Takes a container off a network; `force`: also one that is not there any more. @throws {EngineError} NotFound; Forbidden. */
export async function disconnectNetwork(
  house: House,
  words: string,
  containerWords: string,
  request: { readonly force: boolean },
  _options: Options,
): Promise<void> {
  const network = house.networks.resolve(words);
  const { id } = house.records.resolve(containerWords);
  await house.locks.run(id, () => {
    const record = recordOf(house, id);
    const names = networkWords(record).filter((each) => house.networks.find(each)?.id === network.id);
    if (names.length === 0) {
      if (request.force) return;
      throw new EngineError('Forbidden', `container ${id} is not connected to network ${network.name}`);
    }
    if (network.driver === 'host')
      throw new EngineError(
        'InvalidArgument',
        'container cannot be disconnected from host network - container must be created in host network mode',
      );
    const pid = isRunning(record.state) && 'pid' in record.state ? record.state.pid : undefined;
    if (pid !== undefined) house.networks.disconnect({ containerId: id, pid }, network);
    const endpoints = Object.fromEntries(
      Object.entries(record.endpoints).filter(([name]) => house.networks.find(name === 'default' ? 'bridge' : name)?.id !== network.id),
    );
    const mode = networkNamespace(record.hostConfig.NetworkMode);
    const wasMain = mode.kind === 'network' && house.networks.find(mode.name)?.id === network.id;
    const next = Object.keys(endpoints)[0] ?? 'none';
    const after = house.records.update(id, {
      endpoints,
      hostConfig: wasMain ? { ...record.hostConfig, NetworkMode: next } : record.hostConfig,
    });
    if (pid === undefined) return;
    refreshFiles(house, after);
    publishNetworkEvent(house, network, 'disconnect', id);
  });
}

function recordOf(house: House, id: string): ContainerRecord {
  const record = house.records.find(id);
  if (record === undefined) throw new EngineError('NotFound', `No such container: ${id}`);
  return record;
}

// The files are mounted into the container: they are written in place.
function refreshFiles(house: House, record: ContainerRecord): void {
  try {
    writeFiles(house, record);
  } catch (error) {
    house.log.warn('hosts file was not written', { container: record.id, error: messageOf(error) });
  }
}
