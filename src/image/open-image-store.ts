import type { Database } from 'bun:sqlite';
import type { RootWorkers } from '../archive/index.ts';
import type { Log } from '../base/index.ts';
import type { ContentStore } from '../content/index.ts';
import type { SnapshotStore } from '../snapshot/index.ts';
import type { Digest, Reference } from '../spec/index.ts';
import { Arrivals } from './arrivals.ts';
import { Collector } from './collector.ts';
import type {
  CreateImageRequest,
  Image,
  ImageBlobs,
  ImageHistoryRow,
  ImageProgress,
  ImageRemoval,
  ImageStore,
  ImportRequest,
  LoadedImage,
  RemoteImage,
} from './contract.ts';
import { createImage, importRoot, parseTag } from './create.ts';
import { imageHistory } from './history.ts';
import { loadImages, type LoadOptions } from './load.ts';
import { imageBlobs, type BlobStores } from './layer-blob.ts';
import { packedBlobs } from './pack.ts';
import { pullImage } from './pull.ts';
import { ImageRecords } from './records.ts';
import { pruneImages, removeImage, type RemovalOptions } from './removal.ts';
import { noSuchImage, resolveImage } from './resolve.ts';
import { saveImages, type SaveOptions } from './save.ts';

export interface ImageStoreOptions {
  /** Shared with other rooms; this one's tables start with `image_`. */
  readonly database: Database;
  readonly content: ContentStore;
  readonly snapshots: SnapshotStore;
  readonly rootWorkers: RootWorkers;
  readonly log: Log;
  readonly clock: { now(): Date };
  /** Blobs that are downloaded at once (default 3, as Docker). */
  readonly downloads?: number;
}

/** The images of this machine. Nothing is read from blobs to open it. Sweeping what a crash left is the caller's first step. */
export function openImageStore(options: ImageStoreOptions): RoomImageStore {
  return new RoomImageStore(options);
}

/** The store and what only its own room and the registry need of it. */
export class RoomImageStore implements ImageStore {
  readonly #stores: BlobStores;
  readonly #arrivals: Arrivals;

  constructor({ database, content, snapshots, rootWorkers, clock, downloads = 3 }: ImageStoreOptions) {
    const records = new ImageRecords(database);
    this.#arrivals = new Arrivals(content, downloads);
    this.#stores = { records, content, snapshots, rootWorkers, clock, collector: new Collector({ records, content, snapshots }) };
  }

  list(): readonly Image[] {
    return this.#stores.records.list();
  }

  resolve(words: string): Image {
    return resolveImage(this.#stores.records, words);
  }

  history(image: Image): readonly ImageHistoryRow[] {
    return imageHistory(this.#stores.records, this.#stores.snapshots.listCommitted(), image);
  }

  tag(image: Image, reference: string): void {
    const { records, clock } = this.#stores;
    if (records.get(image.id) === undefined) throw noSuchImage(image.id);
    records.setName(parseTag(reference), image.id, clock.now());
  }

  async remove(words: string, options: RemovalOptions): Promise<readonly ImageRemoval[]> {
    return (await removeImage(this.#stores, words, options)).removals;
  }

  load(tar: ReadableStream<Uint8Array>, options: LoadOptions): Promise<readonly LoadedImage[]> {
    return loadImages(this.#stores, tar, options);
  }

  save(names: readonly string[], options: SaveOptions): ReadableStream<Uint8Array> {
    return saveImages(this.#stores, names, options);
  }

  importRoot(tar: ReadableStream<Uint8Array>, request: ImportRequest, options: { readonly signal: AbortSignal }): Promise<Image> {
    return importRoot(this.#stores, tar, request, options);
  }

  create(request: CreateImageRequest): Promise<Image> {
    return createImage(this.#stores, request);
  }

  prune(options: {
    readonly all: boolean;
    readonly accepts: (image: Image) => boolean;
    readonly usedBy: RemovalOptions['usedBy'];
  }): Promise<{ readonly removed: readonly ImageRemoval[]; readonly reclaimed: number }> {
    return pruneImages(this.#stores, options);
  }

  async sweep(): Promise<void> {
    await this.#stores.content.sweep();
    await this.#stores.collector.collect('all');
  }

  pull(remote: RemoteImage, options: { readonly signal: AbortSignal; readonly progress: (event: ImageProgress) => void }): Promise<Image> {
    return pullImage({ ...this.#stores, arrivals: this.#arrivals }, remote, options);
  }

  named(reference: Reference): Image | undefined {
    const id = this.#stores.records.named(reference);
    return id === undefined ? undefined : this.#stores.records.get(id);
  }

  noteDigest(image: Image, reference: Reference): void {
    const { records, clock } = this.#stores;
    if (reference.digest === undefined) throw new TypeError('the reference has no digest');
    if (records.get(image.id) !== undefined) records.setName(reference, image.id, clock.now());
  }

  blobs(image: Image, options: { readonly signal: AbortSignal; readonly packed?: true }): Promise<ImageBlobs> {
    return options.packed === true ? packedBlobs(this.#stores, image, options) : imageBlobs(this.#stores, image, options);
  }

  /** Keeps blobs and layers of work in flight from being collected. */
  hold(digests: Iterable<Digest>): Promise<Disposable> {
    return this.#stores.collector.hold(digests);
  }

  /** A note that outlives the engine. */
  mark(key: string): string | null {
    return this.#stores.records.mark(key);
  }

  setMark(key: string, value: string): void {
    this.#stores.records.setMark(key, value);
  }
}
