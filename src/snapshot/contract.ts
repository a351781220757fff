import type { PathChange } from '../archive/index.ts';
import type { Digest, Mount } from '../spec/index.ts';
import type { TemporaryMount } from './temporary-mounts.ts';

/**
 * Root filesystems. A *committed* snapshot is a layer and everything under it, named by its chain ID, read-only for ever.
 * An *active* snapshot is a writable layer over a committed one (or over nothing), named by a key its owner chose
 * (a container id). Snapshots survive the engine; names are rows in the database, directories follow.
 */
export interface SnapshotStore {
  /** Whether the layer stack is there, whole. */
  has(chainId: Digest): boolean;

  /**
   * Makes the committed snapshot chainId(parent, diffId) from an uncompressed layer tar. Whole or not at all; a snapshot that is there
   * already is no error (the stream is then cancelled). The tar is applied by a worker that is chrooted into the new layer.
   * @throws {EngineError} InvalidArgument, when the tar is broken, goes over a limit or has another digest than `diffId`; NotFound, without the parent.
   */
  apply(layer: LayerToApply, options: { readonly signal: AbortSignal }): Promise<AppliedLayer>;

  /** A writable layer `key` over `parent` (null: empty root). @throws {EngineError} AlreadyExists, NotFound. */
  prepare(key: string, parent: Digest | null): Promise<readonly Mount[]>;

  /** The mounts that make the root of active snapshot `key`; one overlay mount or one bind mount. @throws {EngineError} NotFound. */
  mounts(key: string): readonly Mount[];

  /** The mounts that show committed snapshot `chainId` read-only. @throws {EngineError} NotFound. */
  view(chainId: Digest): readonly Mount[];

  /** Host directories of an active snapshot, as inspect's GraphDriver shows them. `upper` holds just the container's own changes. */
  directories(key: string): SnapshotDirectories;

  /**
   * Mounts the root of active `name`, or of committed chain ID `name` read-only, on the host until it is disposed of; not for a container that
   * runs. Who looks at the same root shares the mount. @throws {EngineError} NotFound.
   */
  mountTemporarily(name: string): Promise<TemporaryMount>;

  /** What `docker diff` lists: the changes of active `key` over its parent, sorted by path. @throws {EngineError} NotFound. */
  changes(key: string, options: { readonly signal: AbortSignal }): Promise<readonly PathChange[]>;

  /**
   * The changes of active `key` as a layer tar; the same changes give the same bytes.
   * @throws {EngineError} NotFound.
   */
  diffTar(key: string, options: { readonly signal: AbortSignal }): ReadableStream<Uint8Array>;

  /**
   * The layer tar of a committed snapshot: of one made by `commit` the bytes `diffTar` gave, of one made by `apply` another tar with the same
   * meaning. @throws {EngineError} NotFound.
   */
  layerTar(chainId: Digest, options: { readonly signal: AbortSignal }): ReadableStream<Uint8Array>;

  /** Turns active `key` into committed chainId(parent, diffId): the upper directory becomes the layer by rename. The key is gone after. */
  commit(key: string, diffId: Digest): Promise<Digest>;

  /** Removes active snapshot `key`. Removing what is not there is no error. */
  remove(key: string): Promise<void>;

  /** Removes a committed snapshot. @throws {EngineError} Conflict, while another snapshot stands on it. */
  removeCommitted(chainId: Digest): Promise<void>;

  /** Parent, bytes and time of every committed snapshot. */
  listCommitted(): readonly CommittedSnapshot[];

  /** Keys of all active snapshots. */
  listActive(): readonly string[];

  /** Bytes on disk of active `key`'s own layer (Docker's SizeRw); walks it. */
  usage(key: string): Promise<number>;

  /** Deletes every directory no row names and every row whose directory is gone; for start-up after a crash. */
  sweep(): Promise<void>;
}

export interface LayerToApply {
  readonly diffId: Digest;
  readonly parent: Digest | null;
  /** The bytes are known to have digest `diffId` (an uncompressed blob of the content store): they are not hashed once more. */
  readonly verified?: true;
  /**
   * The parent is on its way: resolves when it is there. Where the driver lets layers be unpacked apart, this one is meanwhile.
   * A rejection ends the apply with the same error.
   */
  readonly below?: Promise<unknown>;
  /** Takes over the stream: it is read to its end or cancelled. */
  readonly tar: ReadableStream<Uint8Array>;
}

export interface AppliedLayer {
  readonly chainId: Digest;
  /** Sum of the regular files' bytes, as Docker counts an image's size. */
  readonly size: number;
}

export interface SnapshotDirectories {
  readonly upper: string;
  readonly work: string;
  readonly merged: string;
  /** Top layer first. */
  readonly lower: readonly string[];
}

export interface CommittedSnapshot {
  readonly chainId: Digest;
  readonly parent: Digest | null;
  readonly size: number;
  readonly createdAt: Date;
}
