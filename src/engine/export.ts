import { openContainerRoot, requireRoot } from './container-root.ts';
import { publishContainerEvent } from './events/index.ts';
import type { House } from './house.ts';
import type { Options } from './requests.ts';
import { whileStreaming } from './streams/index.ts';

/** A tar of a container's whole root filesystem, without its volumes. @throws {EngineError} NotFound. */
export async function exportContainer(house: House, words: string, options: Options): Promise<ReadableStream<Uint8Array>> {
  const record = house.records.resolve(words);
  requireRoot(house, record);
  const root = await openContainerRoot(house, record);
  const tar = house.rootWorkers.tarPath(root.directory, '/', { ...options, crossInto: [] });
  publishContainerEvent(house.events, record, 'export');
  return whileStreaming(tar, root, options);
}
