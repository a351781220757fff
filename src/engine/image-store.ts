import { applyChanges, type Image, type ImageHistoryRow, type ImageProgress, type ImageRemoval, type LoadedImage } from '../image/index.ts';
import type { Platform } from '../spec/index.ts';
import { publishImageEvent, publishPruneEvent } from './events/index.ts';
import { checkFilters } from './filters.ts';
import type { House } from './house.ts';
import { booleanFilter } from './image-list.ts';
import { imageLabels, imageUsers } from './image-users.ts';
import { labelAndTimeFilter } from './prune-filters.ts';
import type { Filters, ImportImageRequest, Options } from './requests.ts';

/** @throws {EngineError} NotFound `No such image: x`. */
export function inspectImage(house: House, words: string): Image {
  return house.images.resolve(words);
}

/** Newest step first. @throws {EngineError} NotFound. */
export function imageHistory(house: House, words: string): readonly ImageHistoryRow[] {
  return house.images.history(house.images.resolve(words));
}

/** Adds a name to an image, or moves it. @throws {EngineError} NotFound; InvalidArgument. */
export function tagImage(house: House, words: string, reference: string): void {
  const image = house.images.resolve(words);
  house.images.tag(image, reference);
  publishImageEvent(house.events, image.id, reference, 'tag', imageLabels(image));
}

/** Removes a name or an image. @throws {EngineError} NotFound; Conflict, when it is used. */
export async function removeImage(
  house: House,
  words: string,
  request: { readonly force: boolean; readonly prune: boolean },
  _options: Options,
): Promise<readonly ImageRemoval[]> {
  const image = house.images.resolve(words);
  const removed = await house.images.remove(words, { ...request, usedBy: imageUsers(house) });
  publishRemovals(house, removed, image);
  return removed;
}

/** Reads an archive of images. @throws {EngineError} InvalidArgument, when it is none or broken. */
export async function loadImages(
  house: House,
  tar: ReadableStream<Uint8Array>,
  request: { readonly platform?: Platform; readonly progress?: (event: ImageProgress) => void },
  options: Options,
): Promise<readonly LoadedImage[]> {
  const loaded = await house.images.load(tar, { ...request, signal: options.signal });
  for (const { image } of loaded) publishImageEvent(house.events, image.id, image.id, 'load', imageLabels(image));
  return loaded;
}

/** An archive of images. @throws {EngineError} NotFound, before the stream starts. */
export function saveImages(
  house: House,
  names: readonly string[],
  request: { readonly platform?: Platform },
  options: Options,
): ReadableStream<Uint8Array> {
  const images = names.map((name) => house.images.resolve(name));
  const tar = house.images.save(names, { ...request, signal: options.signal });
  for (const image of images) publishImageEvent(house.events, image.id, image.id, 'save', imageLabels(image));
  return tar;
}

/** An image of one layer from the tar of a root filesystem. @throws {EngineError} InvalidArgument. */
export async function importImage(
  house: House,
  tar: ReadableStream<Uint8Array>,
  request: ImportImageRequest,
  options: Options,
): Promise<Image> {
  const config = applyChanges(request.config ?? {}, request.changes);
  const image = await house.images.importRoot(
    tar,
    {
      ...(request.reference === '' ? {} : { reference: request.reference }),
      ...(request.message === '' ? {} : { message: request.message }),
      ...(request.platform === undefined ? {} : { platform: request.platform }),
      config,
    },
    options,
  );
  publishImageEvent(house.events, image.id, image.id, 'import', imageLabels(image));
  return image;
}

/** Removes images without a name (`dangling=false`: without a container) that `label`, `label!` and `until` choose. */
export async function pruneImages(
  house: House,
  filters: Filters,
  _options: Options,
): Promise<{ readonly removed: readonly ImageRemoval[]; readonly reclaimed: number }> {
  checkFilters(filters, ['dangling', 'label', 'label!', 'until']);
  const fits = labelAndTimeFilter(filters, house.clock.now());
  const result = await house.images.prune({
    all: booleanFilter(filters, 'dangling') === false,
    accepts: (image) => fits({ labels: imageLabels(image), createdAt: image.createdAt }),
    usedBy: imageUsers(house),
  });
  publishRemovals(house, result.removed);
  publishPruneEvent(house.events, 'image', result.reclaimed);
  return result;
}

/** One event for each name and each image; layers are told of in the answer only. */
function publishRemovals(house: House, removed: readonly ImageRemoval[], image?: Image): void {
  const deletedId = image?.id ?? removed.find((each) => each.kind === 'deleted')?.id ?? '';
  let deleted = false;
  for (const each of removed) {
    if (each.kind === 'untagged')
      publishImageEvent(house.events, deletedId, deletedId, 'untag', image === undefined ? {} : imageLabels(image));
    else if (image === undefined || (each.id === image.id && !deleted)) {
      deleted = true;
      publishImageEvent(house.events, each.id, each.id, 'delete', image === undefined ? {} : imageLabels(image));
    }
  }
}
