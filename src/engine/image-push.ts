import { EngineError, shortId } from '../base/index.ts';
import type { Image, ImageProgress } from '../image/index.ts';
import type { PushOutcome, RegistryCredentials, Repository } from '../registry/index.ts';
import {
  familiarName,
  formatFamiliar,
  formatReference,
  mediaTypes,
  parseReference,
  withDigest,
  withoutTag,
  withTag,
  type Descriptor,
  type Digest,
  type Reference,
} from '../spec/index.ts';
import { publishImageEvent } from './events/index.ts';
import type { House } from './house.ts';
import { imageLabels } from './image-users.ts';
import type { Options } from './requests.ts';

export interface PushImageRequest {
  /** A reference without a digest; without a tag all tags of the repository are meant. */
  readonly reference: string;
  readonly credentials?: RegistryCredentials;
  readonly progress: (event: PushProgress) => void;
}

export type PushProgress =
  | ImageProgress
  | { readonly kind: 'pushed'; readonly tag: string; readonly digest: Digest; readonly size: number };

const uploadsAtOnce = 5;
const maximumManifestBytes = 4 * 1024 * 1024;

/**
 * Brings an image, or all tags of a repository, to its registry: what is there is not sent again, what another repository there has is
 * mounted. @throws {EngineError} NotFound, when there is no such image; Unauthorized, Forbidden, Unavailable.
 */
export async function pushImage(house: House, request: PushImageRequest, options: Options): Promise<void> {
  const named = parseReference(request.reference);
  if (named.digest !== undefined) throw new EngineError('InvalidArgument', 'cannot push a digest reference');
  const references = tagsToPush(house, named);
  const access = { access: 'push', ...(request.credentials === undefined ? {} : { credentials: request.credentials }) } as const;
  const repository = house.registry.repository(named, access);
  request.progress({ kind: 'status', message: `The push refers to repository [${formatReference(withoutTag(named))}]` });
  for (const reference of references) {
    const image = house.images.named(reference);
    if (image === undefined) continue;
    await pushOne(house, repository, reference, image, request, options);
  }
}

function tagsToPush(house: House, named: Reference): readonly Reference[] {
  if (named.tag !== undefined) {
    if (house.images.named(named) !== undefined) return [named];
    throw new EngineError('NotFound', `An image does not exist locally with the tag: ${familiarName(named)}`);
  }
  const wanted = `${familiarName(named)}:`;
  const tags = house.images.list().flatMap((image) => image.repoTags.filter((tag) => tag.startsWith(wanted)));
  const all = tags.map((tag) => withTag(named, tag.slice(wanted.length)));
  if (all.length === 0) throw new EngineError('NotFound', `An image does not exist locally with the tag: ${familiarName(named)}`);
  return all;
}

async function pushOne(
  house: House,
  repository: Repository,
  reference: Reference,
  image: Image,
  request: PushImageRequest,
  options: Options,
): Promise<void> {
  using blobs = await house.images.blobs(image, { ...options, packed: true });
  await pushLayers(house, repository, reference, image, blobs.layers, request, options);
  await pushBlob(house, repository, blobs.config, [], () => undefined, options);
  const bytes = new Uint8Array(await house.content.read(blobs.manifest.digest, maximumManifestBytes));
  const tag = reference.tag ?? 'latest';
  await repository.putManifest(tag, manifestType(bytes), bytes, options);
  const digest = blobs.manifest.digest;
  house.images.noteDigest(image, withDigest(reference, digest));
  request.progress({ kind: 'pushed', tag, digest, size: bytes.length });
  publishImageEvent(house.events, formatFamiliar(reference), familiarName(reference), 'push', imageLabels(image));
}

async function pushLayers(
  house: House,
  repository: Repository,
  reference: Reference,
  image: Image,
  layers: readonly Descriptor[],
  request: PushImageRequest,
  options: Options,
): Promise<void> {
  const queue = layers.map((layer, index) => ({ layer, diffId: image.config.rootfs.diff_ids[index] ?? layer.digest })).toReversed();
  const tell = (diffId: Digest, status: string, current = 0, total = 0): void =>
    request.progress({ kind: 'layer', id: shortId(diffId), status, current, total });
  for (const { diffId } of queue) tell(diffId, 'Preparing');
  for (const { diffId } of queue.slice(uploadsAtOnce)) tell(diffId, 'Waiting');
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { layer, diffId } = next;
      const step = Math.max(layer.size / 100, 512 * 1024);
      let threshold = step;
      const progress = (sent: number): void => {
        if (sent < threshold) return;
        threshold = sent + step;
        tell(diffId, 'Pushing', sent, layer.size);
      };
      const outcome = await pushBlob(house, repository, layer, mountsFor(house, reference, diffId), progress, { signal });
      tell(diffId, statusOf(outcome));
    }
  };
  const workers = Array.from({ length: uploadsAtOnce }, () =>
    work().catch((error: unknown) => {
      stop.abort(error);
      throw error;
    }),
  );
  const failed = (await Promise.allSettled(workers)).some((result) => result.status === 'rejected');
  options.signal.throwIfAborted();
  if (failed) throw stop.signal.reason;
}

function pushBlob(
  { content }: House,
  repository: Repository,
  descriptor: Descriptor,
  mountFrom: readonly string[],
  progress: (sent: number) => void,
  { signal }: Options,
): Promise<PushOutcome> {
  const open = async (offset: number): Promise<ReadableStream<Uint8Array>> =>
    offset === 0 ? content.open(descriptor, { signal }) : Bun.file(content.path(descriptor.digest)).slice(offset).stream();
  return repository.push(descriptor, open, { signal, mountFrom, progress });
}

function statusOf(outcome: PushOutcome): string {
  return outcome === 'exists' ? 'Layer already exists' : outcome === 'mounted' ? 'Mounted' : 'Pushed';
}

// Other repositories of the same registry that are known to have an image with this layer.
function mountsFor(house: House, reference: Reference, diffId: Digest): readonly string[] {
  const paths = new Set<string>();
  for (const image of house.images.list()) {
    if (!image.config.rootfs.diff_ids.includes(diffId)) continue;
    for (const name of image.repoDigests) {
      const known = parseReference(name);
      if (known.domain === reference.domain && known.path !== reference.path) paths.add(known.path);
    }
    if (paths.size >= 3) break;
  }
  return [...paths].slice(0, 3);
}

function manifestType(bytes: Uint8Array): string {
  const { mediaType } = JSON.parse(new TextDecoder().decode(bytes)) as { readonly mediaType?: string };
  return mediaType ?? mediaTypes.ociManifest;
}
