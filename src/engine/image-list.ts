import { EngineError } from '../base/index.ts';
import type { Image } from '../image/index.ts';
import { familiarName, formatFamiliar, parseReference } from '../spec/index.ts';
import { checkFilters } from './filters.ts';
import type { House } from './house.ts';
import { imageLabels, imageUsers } from './image-users.ts';
import { labelAndTimeFilter } from './prune-filters.ts';
import type { Filters, Options } from './requests.ts';
import type { ImageSummary, ListImagesRequest } from './use-cases.ts';

const knownFilters = ['before', 'dangling', 'label', 'label!', 'reference', 'since', 'until'];

/**
 * Images, newest first. With a `reference` filter an image keeps only the names that match.
 * @throws {EngineError} InvalidArgument, for a bad filter; NotFound, when `before` or `since` name no image.
 */
export async function listImages(house: House, request: ListImagesRequest, _options: Options): Promise<readonly ImageSummary[]> {
  const { filters } = request;
  checkFilters(filters, knownFilters);
  const accepts = imageFilter(house, filters);
  const users = imageUsers(house);
  const all = house.images.list();
  const shared = request.sharedSize ? sharedSizes(house, all) : undefined;
  return all
    .filter(accepts)
    .flatMap((image) => withMatchingNames(image, filters['reference']) ?? [])
    .map((image) => ({ image, containers: users(image.id).length, sharedSize: shared?.get(image.id) ?? -1 }));
}

/** Without `reference`, which chooses names and not images. */
export function imageFilter(house: House, filters: Filters): (image: Image) => boolean {
  const dangling = booleanFilter(filters, 'dangling');
  const before = (filters['before'] ?? []).map((words) => house.images.resolve(words).createdAt);
  const since = (filters['since'] ?? []).map((words) => house.images.resolve(words).createdAt);
  const fits = labelAndTimeFilter(filters, house.clock.now());
  return (image) =>
    (dangling === undefined || dangling === (image.repoTags.length === 0)) &&
    before.every((time) => image.createdAt < time) &&
    since.every((time) => image.createdAt > time) &&
    fits({ labels: imageLabels(image), createdAt: image.createdAt });
}

/** @throws {EngineError} InvalidArgument `invalid filter 'dangling=[x]'`. */
export function booleanFilter(filters: Filters, key: string): boolean | undefined {
  const [value] = filters[key] ?? [];
  if (value === undefined) return undefined;
  if (['1', 'true', 'True', 'TRUE', 't'].includes(value)) return true;
  if (['0', 'false', 'False', 'FALSE', 'f'].includes(value)) return false;
  throw new EngineError('InvalidArgument', `invalid filter '${key}=[${value}]'`);
}

function withMatchingNames(image: Image, patterns: readonly string[] | undefined): Image | undefined {
  if (patterns === undefined || patterns.length === 0) return image;
  const matches = patterns.map(familiarMatcher);
  const fits = (name: string) => matches.some((match) => match(name));
  const repoTags = image.repoTags.filter(fits);
  const repoDigests = image.repoDigests.filter(fits);
  return repoTags.length + repoDigests.length === 0 ? undefined : { ...image, repoTags, repoDigests };
}

/** Go's path.Match against the familiar name, with or without its tag (distribution reference.FamiliarMatch). */
function familiarMatcher(pattern: string): (name: string) => boolean {
  const glob = new Bun.Glob(pattern);
  return (name) => {
    const reference = parseReference(name);
    return glob.match(formatFamiliar(reference)) || glob.match(familiarName(reference));
  };
}

/** For each image the bytes of its layers that another image stands on too. */
export function sharedSizes(house: House, images: readonly Image[]): ReadonlyMap<string, number> {
  const committed = new Map(house.snapshots.listCommitted().map((each) => [each.chainId, each]));
  const layersOf = (image: Image) => {
    const layers = [];
    for (let id = image.chainId; id !== null;) {
      const layer = committed.get(id);
      if (layer === undefined) break;
      layers.push(layer);
      id = layer.parent;
    }
    return layers;
  };
  const users = new Map<string, number>();
  for (const image of images) for (const { chainId } of layersOf(image)) users.set(chainId, (users.get(chainId) ?? 0) + 1);
  return new Map(
    images.map((image) => {
      const shared = layersOf(image).filter(({ chainId }) => users.get(chainId)! > 1);
      return [image.id, shared.reduce((sum, { size }) => sum + size, 0)];
    }),
  );
}
