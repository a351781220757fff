import type { ContainerRecord } from './contract.ts';
import type { House } from './house.ts';
import type { ContainerDetails, ContainerSize, Options } from './requests.ts';

/** Everything about one container; `size` walks its layer. @throws {EngineError} NotFound `No such container: x`; InvalidArgument. */
export async function inspectContainer(
  house: House,
  words: string,
  request: { readonly size: boolean },
  _options: Options,
): Promise<ContainerDetails> {
  const record = house.records.resolve(words);
  const directories = directoriesOf(house, record.id);
  return {
    record,
    ...(directories === undefined ? {} : { directories }),
    execIds: house.execs.idsOf(record.id),
    ...(request.size ? { size: await sizeOf(house, record) } : {}),
  };
}

/** Bytes of a container's own layer, and of all of its layers. */
export async function sizeOf(house: House, record: ContainerRecord): Promise<ContainerSize> {
  const rw = directoriesOf(house, record.id) === undefined ? 0 : await house.snapshots.usage(record.id);
  const image = house.images.list().find(({ id }) => id === record.image.id);
  return { rw, rootFs: rw + (image?.size ?? 0) };
}

function directoriesOf(house: House, id: string): ContainerDetails['directories'] {
  try {
    return house.snapshots.directories(id);
  } catch {
    return undefined; // Its layer is gone: the rest can still be told.
  }
}
