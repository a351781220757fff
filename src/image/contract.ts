import type { Descriptor, Digest, HistoryEntry, ImageConfig, Platform, Reference } from '../spec/index.ts';

/** One image of the store. Docker's image id is the digest of its config blob. */
export interface Image {
  readonly id: Digest;
  readonly manifest: Digest | null;
  readonly config: ImageConfig;
  /** Chain ID of the whole root, null for an image without layers. */
  readonly chainId: Digest | null;
  /** Bytes of all layers, unpacked. */
  readonly size: number;
  readonly createdAt: Date;
  readonly taggedAt: Date | null;
  /** Familiar names with tag, `debian:12`. */
  readonly repoTags: readonly string[];
  /** `debian@sha256:…`. */
  readonly repoDigests: readonly string[];
}

/** A row of `history`: newest first; `id` is the image id on the newest row, else `<missing>`. */
export interface ImageHistoryRow {
  readonly id: string;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly comment: string;
  readonly tags: readonly string[];
  readonly size: number;
}

/** What happened when a name or image was removed, in order: `Untagged` names, then `Deleted` ids and chain IDs. */
export type ImageRemoval = { readonly kind: 'untagged'; readonly name: string } | { readonly kind: 'deleted'; readonly id: string };

/** What a load, save or import tells while it runs. */
export type ImageProgress =
  | { readonly kind: 'status'; readonly message: string }
  | { readonly kind: 'layer'; readonly id: string; readonly status: string; readonly current: number; readonly total: number };

/** The images of this machine: names → manifests → configs and layers, over the content and snapshot stores. */
export interface ImageStore {
  /** Every image, newest first. Cheap: rows are kept in memory, nothing is read from blobs. */
  list(): readonly Image[];

  /**
   * The image a user's words mean: name[:tag][@digest], id, or unambiguous id prefix.
   * @throws {EngineError} NotFound `No such image: x:latest`; InvalidArgument `invalid reference format`.
   */
  resolve(words: string): Image;

  history(image: Image): readonly ImageHistoryRow[];

  /** Adds or moves a name. @throws {EngineError} InvalidArgument; NotFound. */
  tag(image: Image, reference: string): void;

  /**
   * Removes a name, or the image where `words` is an id. Blobs and layers nobody else uses go too. `usedBy` says who holds an image:
   * the ids of containers, and whether one runs.
   * @throws {EngineError} Conflict, in Docker's words, when it is used or has several names and `force` is off.
   */
  remove(
    words: string,
    options: { readonly force: boolean; readonly prune: boolean; readonly usedBy: (id: Digest) => readonly ImageUser[] },
  ): Promise<readonly ImageRemoval[]>;

  /** Reads a docker-archive or OCI layout tar (gzip and zstd too). Returns what was loaded. Yields progress through `progress`. */
  load(
    tar: ReadableStream<Uint8Array>,
    options: { readonly signal: AbortSignal; readonly platform?: Platform; readonly progress?: (event: ImageProgress) => void },
  ): Promise<readonly LoadedImage[]>;

  /** A docker-archive that is an OCI layout as well, as `docker save` writes since 25. Names may be references or ids. */
  save(names: readonly string[], options: { readonly signal: AbortSignal; readonly platform?: Platform }): ReadableStream<Uint8Array>;

  /** A one-layer image from the tar of a root filesystem. `changes` are Dockerfile instructions, parsed by the caller into config. */
  importRoot(tar: ReadableStream<Uint8Array>, request: ImportRequest, options: { readonly signal: AbortSignal }): Promise<Image>;

  /** A new image from layers that are in the snapshot store already: what commit and build end with. */
  create(request: CreateImageRequest): Promise<Image>;

  /**
   * An image of a registry: what is not here of its blobs is brought, and its layers are unpacked. Whole or not at all.
   * @throws {EngineError} InvalidArgument, when it is broken or an artifact; what `openFrom` throws.
   */
  pull(remote: RemoteImage, options: { readonly signal: AbortSignal; readonly progress: (event: ImageProgress) => void }): Promise<Image>;

  /** The image that has this name already, tag or digest. */
  named(reference: Reference): Image | undefined;

  /** An image's blobs, made where they are not there yet, and held until disposed; `packed`: none of them a plain tar, for push. */
  blobs(image: Image, options: { readonly signal: AbortSignal; readonly packed?: true }): Promise<ImageBlobs>;

  /** Notes that a registry knows the image by `reference`, which has a digest. */
  noteDigest(image: Image, reference: Reference): void;

  /** Images nobody names and nobody stands on (`dangling`), or nobody uses (`all`). */
  prune(options: {
    readonly all: boolean;
    readonly accepts: (image: Image) => boolean;
    readonly usedBy: (id: Digest) => readonly ImageUser[];
  }): Promise<{ readonly removed: readonly ImageRemoval[]; readonly reclaimed: number }>;

  /** Deletes half-made images and what no image names; for start-up. */
  sweep(): Promise<void>;
}

/** What saving and pushing need of an image; held until disposed. */
export interface ImageBlobs extends Disposable {
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** An image somewhere else. */
export interface RemoteImage {
  /** Of one platform, verified. */
  readonly manifest: Uint8Array<ArrayBuffer>;
  /** Names it gets here. */
  readonly names: readonly Reference[];
  /** A blob's bytes from an offset on, unverified. */
  openFrom(descriptor: Descriptor, offset: number, options: { readonly signal: AbortSignal }): Promise<ReadableStream<Uint8Array>>;
}

export interface ImageUser {
  readonly containerId: string;
  readonly running: boolean;
}

export interface LoadedImage {
  readonly image: Image;
  /** Names given by the archive; empty: loaded by id alone. */
  readonly names: readonly string[];
}

export interface ImportRequest {
  readonly reference?: string;
  readonly message?: string;
  readonly platform?: Platform;
  readonly config?: ImageConfig['config'];
  /** Default: now. Fixed by those who want the same image twice. */
  readonly createdAt?: Date;
  /** The history's `created_by`; default empty. */
  readonly createdBy?: string;
}

export interface CreateImageRequest {
  readonly reference?: string;
  /** Without rootfs: it is filled from `diffIds`. */
  readonly config: Omit<ImageConfig, 'rootfs'>;
  readonly diffIds: readonly Digest[];
  readonly history: readonly HistoryEntry[];
  readonly parent?: Digest;
}
