import type { RootWorkers } from '../archive/index.ts';
import { EngineError } from '../base/index.ts';
import { chainId, mediaTypes, parseImageManifest, type Descriptor, type Digest, type Mount } from '../spec/index.ts';
import type { Collector } from './collector.ts';
import type { Image, ImageBlobs } from './contract.ts';
import { encodeManifest } from './load.ts';
import type { UnpackStores } from './unpack.ts';

export interface BlobStores extends UnpackStores {
  readonly collector: Collector;
  readonly rootWorkers: RootWorkers;
  readonly clock: { now(): Date };
}

/**
 * The blobs of an image: as they were loaded, or, for layers that a commit or build left as directories, made now and kept.
 * @throws {EngineError} Internal, when a layer's directory no longer gives its diffID.
 */
export async function imageBlobs(stores: BlobStores, image: Image, options: { readonly signal: AbortSignal }): Promise<ImageBlobs> {
  const { records, collector } = stores;
  const known = image.config.rootfs.diff_ids.flatMap((diffId) => records.layerBlobs(diffId).map((blob) => blob.digest));
  using scope = new DisposableHolds();
  scope.add(await collector.hold([...records.blobsOf(image.id), ...known, ...image.config.rootfs.diff_ids]));
  const stored = await storedParts(stores, image);
  const parts = stored ?? (await madeParts(stores, image, scope, options));
  const holds = scope.keep();
  return { ...parts, [Symbol.dispose]: () => holds.forEach((hold) => hold[Symbol.dispose]()) };
}

type Parts = Omit<ImageBlobs, typeof Symbol.dispose>;

// What the image's manifest says, byte for byte as it came, while all of it is here.
async function storedParts({ content }: BlobStores, { id, manifest }: Image): Promise<Parts | null> {
  const size = manifest === null ? undefined : content.size(manifest);
  if (manifest === null || size === undefined) return null;
  const { mediaType = mediaTypes.ociManifest, config, layers } = parseImageManifest(await content.read(manifest));
  const whole = config.digest === id && [config, ...layers].every((blob) => content.size(blob.digest) === blob.size);
  return whole ? { manifest: { mediaType, digest: manifest, size }, config, layers } : null;
}

async function madeParts(
  stores: BlobStores,
  image: Image,
  scope: DisposableHolds,
  options: { readonly signal: AbortSignal },
): Promise<Parts> {
  const { records, content, collector, clock } = stores;
  const layers = await layerBlobs(stores, image, options);
  const configSize = (await content.read(image.id, 16 * 1024 * 1024)).length;
  const bytes = encodeManifest(image.id, configSize, layers);
  const manifest = await content.put(bytes);
  scope.add(await collector.hold([manifest]));
  if (records.get(image.id) !== undefined)
    records.add({ id: image.id, manifest, config: image.config, size: image.size, parent: null, blobs: layers }, [], clock.now());
  return {
    manifest: { mediaType: mediaTypes.ociManifest, digest: manifest, size: bytes.length },
    config: { mediaType: mediaTypes.ociConfig, digest: image.id, size: configSize },
    layers,
  };
}

async function layerBlobs(stores: BlobStores, image: Image, options: { readonly signal: AbortSignal }): Promise<readonly Descriptor[]> {
  const { records, content } = stores;
  const preferred = new Set(records.blobsOf(image.id));
  const layers: Descriptor[] = [];
  let parent: Digest | null = null;
  for (const diffId of image.config.rootfs.diff_ids) {
    parent = chainId(parent, diffId);
    const all = records.layerBlobs(diffId);
    const known = all.find((blob) => preferred.has(blob.digest)) ?? all[0];
    layers.push(known !== undefined && content.size(known.digest) === known.size ? known : await makeBlob(stores, diffId, parent, options));
  }
  return layers;
}

async function makeBlob(
  { content, snapshots, rootWorkers }: BlobStores,
  diffId: Digest,
  chain: Digest,
  options: { readonly signal: AbortSignal },
): Promise<Descriptor> {
  const stored = content.size(diffId);
  if (stored !== undefined) return { mediaType: mediaTypes.ociLayer, digest: diffId, size: stored };
  const tar = rootWorkers.layerTar(layerDirectory(snapshots.view(chain)), options);
  await using ingest = await content.ingest(tar, options);
  const actual = await ingest.digest(options);
  if (actual !== diffId) throw new EngineError('Internal', `Cannot make layer ${diffId}: its directory gives ${actual}`);
  await ingest.keep(diffId);
  return { mediaType: mediaTypes.ociLayer, digest: diffId, size: ingest.size };
}

// The top layer of a read-only view: the source of a bind mount, or the first lower directory of an overlay.
function layerDirectory(mounts: readonly Mount[]): string {
  const mount = mounts[0];
  if (mount === undefined) throw new EngineError('Internal', 'Cannot make layer: it has no mount');
  if (mount.type !== 'overlay') return mount.source;
  const lower = mount.options.find((option) => option.startsWith('lowerdir=')) ?? 'lowerdir=';
  return lower.slice('lowerdir='.length).split(':')[0] ?? '';
}

class DisposableHolds implements Disposable {
  #holds: Disposable[] = [];

  add(hold: Disposable): void {
    this.#holds.push(hold);
  }

  keep(): readonly Disposable[] {
    return this.#holds.splice(0);
  }

  [Symbol.dispose](): void {
    for (const hold of this.#holds.splice(0)) hold[Symbol.dispose]();
  }
}
