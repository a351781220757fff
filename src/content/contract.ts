import type { Descriptor, Digest } from '../spec/index.ts';

/** Where blobs come from. */
export interface ContentSource {
  /** The blob's bytes, unverified. @throws {EngineError} NotFound. */
  open(descriptor: Descriptor, options: { readonly signal: AbortSignal }): Promise<ReadableStream<Uint8Array>>;
}

/** Where blobs go. */
export interface ContentTarget {
  has(descriptor: Descriptor, options: { readonly signal: AbortSignal }): Promise<boolean>;
  /**
   * Takes over `bytes`, checks digest and size while they pass and keeps them. Whole or not at all; writing a blob twice is no error.
   * @throws {EngineError} InvalidArgument, when the bytes are not the blob.
   */
  write(descriptor: Descriptor, bytes: ReadableStream<Uint8Array>, options: { readonly signal: AbortSignal }): Promise<void>;
}

/** Blobs kept on this machine, `blobs/sha256/<hex>` on disk: each is verified, fsynced and renamed before it can be seen. */
export interface ContentStore extends ContentSource, ContentTarget {
  /** A small blob whole. @throws {EngineError} NotFound; InvalidArgument, over `limit` bytes (default 4 MiB). */
  read(digest: Digest, limit?: number): Promise<Uint8Array>;
  /** Keeps bytes at hand. */
  put(bytes: Uint8Array): Promise<Digest>;
  /** Takes bytes in before anybody knows what they are called. Takes the stream over; on failure nothing is left. */
  ingest(bytes: ReadableStream<Uint8Array>, options: IngestOptions): Promise<Ingest>;
  /**
   * A blob that is about to arrive. What came before an earlier attempt broke off is there already, even from before a restart.
   * @throws {EngineError} Conflict, while it is arriving already.
   */
  arrive(descriptor: Descriptor, options: { readonly signal: AbortSignal }): Promise<ArrivingBlob>;

  size(digest: Digest): number | undefined;
  path(digest: Digest): string;
  list(): AsyncIterable<{ readonly digest: Digest; readonly size: number }>;
  /** Removing what is not there is no error. */
  remove(digest: Digest): Promise<void>;
  /** Deletes half-written files; for start-up. Parts of blobs that were arriving stay for a week. */
  sweep(): Promise<void>;
}

export interface IngestOptions {
  readonly signal: AbortSignal;
  /** Asked with the first chunk: whether to hash while the bytes pass (default). Else `digest()` reads them again. */
  readonly hash?: (start: Uint8Array) => boolean;
}

/** Bytes that are taken in but no blob yet. Dispose deletes them unless they were kept. */
export interface Ingest extends AsyncDisposable {
  readonly size: number;
  /** The first bytes, up to 512: enough to tell what they are. */
  readonly start: Uint8Array;
  open(options: { readonly signal: AbortSignal }): Promise<ReadableStream<Uint8Array>>;
  digest(options: { readonly signal: AbortSignal }): Promise<Digest>;
  /** Begins to make the bytes durable; `keep` waits for it. */
  flush(): void;
  /** Makes them the blob `digest`, which the caller has verified: `digest()` said so, or the layer was unpacked with that diffID. */
  keep(digest: Digest): Promise<void>;
}

/** A blob that comes in while others read it. Dispose ends the arrival; unless the blob is whole, what came is kept for the next one. */
export interface ArrivingBlob extends AsyncDisposable {
  /** Bytes that are here. */
  readonly size: number;
  /**
   * Brings the rest: `open` gives the bytes from an offset on. Verified while they pass; when this resolves the blob is in the store. Bytes
   * that turn out not to be the blob are deleted. `progress` is told how many are here. Call once.
   * @throws {EngineError} InvalidArgument, when they are not the blob.
   */
  fill(
    open: (offset: number) => Promise<ReadableStream<Uint8Array>>,
    options: { readonly signal: AbortSignal; readonly progress?: (size: number) => void },
  ): Promise<void>;
  /** The bytes from the start on, as they come; ends once all were verified, and fails when `fill` does. */
  follow(options: { readonly signal: AbortSignal }): ReadableStream<Uint8Array>;
}
