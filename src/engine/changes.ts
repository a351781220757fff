import { requireRoot } from './container-root.ts';
import type { House } from './house.ts';
import type { Options } from './requests.ts';
import type { FilesystemChange } from './use-cases.ts';

/** What a container's own layer changes over its image, sorted by path. Only the layer is read; it may run. @throws {EngineError} NotFound. */
export async function containerChanges(house: House, words: string, options: Options): Promise<readonly FilesystemChange[]> {
  const record = house.records.resolve(words);
  requireRoot(house, record);
  const { upper, lower } = house.snapshots.directories(record.id);
  return house.rootWorkers.changes(upper, lower, options);
}
