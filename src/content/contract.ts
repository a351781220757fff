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

/** The blobs on this machine's disk, `blobs/sha256/<hex>`: each is verified, fsynced and renamed before it can be seen. */
export interface ContentStore extends ContentSource, ContentTarget {
  /** A small blob whole. @throws {EngineError} NotFound; InvalidArgument, over `limit` bytes (default 4 MiB). */
  read(digest: Digest, limit?: number): Promise<Uint8Array>;
  /** Keeps bytes at hand. */
  put(bytes: Uint8Array): Promise<Digest>;
  size(digest: Digest): number | undefined;
  path(digest: Digest): string;
  list(): AsyncIterable<{ readonly digest: Digest; readonly size: number }>;
  /** Removing what is not there is no error. */
  remove(digest: Digest): Promise<void>;
  /** Deletes half-written files; for start-up. */
  sweep(): Promise<void>;
}
