import { EngineError } from '../base/index.ts';
import type { CreateVolumeRequest, Volume } from '../volume/index.ts';
import { checkFilters } from './filters.ts';
import type { House } from './house.ts';
import type { Filters, Options } from './requests.ts';

/** Makes a volume, or returns the one that has the name. @throws as VolumeStore.create. */
export async function createVolume(house: House, request: CreateVolumeRequest, { signal }: Options): Promise<Volume> {
  signal.throwIfAborted();
  const existed = request.name !== '' && house.volumes.find(request.name) !== undefined;
  const volume = house.volumes.create(request);
  if (!existed) publishVolume(house, 'create', volume);
  return volume;
}

/** @throws {EngineError} NotFound `get x: no such volume`. */
export function inspectVolume(house: House, name: string): Volume {
  return house.volumes.get(name);
}

/** @throws {EngineError} InvalidArgument, for an unknown filter. */
export function listVolumes(house: House, filters: Filters): readonly Volume[] {
  checkFilters(filters, ['dangling', 'driver', 'label', 'name']);
  const wanted = (key: string) => filters[key] ?? [];
  return house.volumes.list().filter((volume) => {
    if (wanted('driver').length > 0 && !wanted('driver').includes(volume.driver)) return false;
    if (wanted('name').length > 0 && !wanted('name').some((name) => volume.name.includes(name))) return false;
    if (!wanted('label').every((label) => hasLabel(volume.labels, label))) return false;
    const dangling = wanted('dangling')[0];
    return dangling === undefined || isTrue(dangling) === (volumeUsers(house, volume.name).length === 0);
  });
}

/** @throws {EngineError} NotFound; Conflict `remove x: volume is in use - [ids]`. */
export async function removeVolume(house: House, name: string, request: { readonly force: boolean }, { signal }: Options): Promise<void> {
  signal.throwIfAborted();
  const volume = house.volumes.find(name);
  if (volume === undefined && request.force) return;
  const users = volumeUsers(house, name);
  if (users.length > 0) throw new EngineError('Conflict', `remove ${name}: volume is in use - [${users.join(', ')}]`);
  await house.volumes.remove(name);
  if (volume !== undefined) publishVolume(house, 'destroy', volume);
}

/** Ids of the containers that mount a volume, running or not. */
export function volumeUsers(house: House, name: string): readonly string[] {
  return house.records
    .list()
    .filter((record) => record.mounts.some((mount) => mount.type === 'volume' && mount.name === name))
    .map((record) => record.id);
}

/** `key` or `key=value`. */
export function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const equals = wanted.indexOf('=');
  return equals === -1 ? Object.hasOwn(labels, wanted) : labels[wanted.slice(0, equals)] === wanted.slice(equals + 1);
}

function isTrue(text: string): boolean {
  return text === '1' || text.toLowerCase() === 'true';
}

function publishVolume(house: House, action: string, volume: Volume): void {
  house.events.publish({ type: 'volume', action, actor: { id: volume.name, attributes: { driver: volume.driver } } });
}
