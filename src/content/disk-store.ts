import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { EngineError, messageOf, newId } from '../base/index.ts';
import { digestHex, digestOf, parseDigest, type Descriptor, type Digest } from '../spec/index.ts';
import type { ArrivingBlob, ContentStore, Ingest, IngestOptions } from './contract.ts';
import { openArrival } from './disk-arrival.ts';
import { DirectorySync, syncFile, unlinkQuietly } from './durable.ts';
import { writeStream } from './file-sink.ts';
import { Verifier, wrongDigest } from './verify.ts';

interface Options {
  readonly signal: AbortSignal;
}

const defaultReadLimit = 4 * 1024 * 1024;
const startBytes = 512;
const partialPrefix = 'partial-';
const partialLifeMs = 7 * 24 * 3600 * 1000;

/** The store in `directory`, which is made when missing. One process writes to it; files under `ingest/` are half-written ones. */
export function openDiskStore({ directory }: { readonly directory: string }): ContentStore {
  return new DiskStore(directory);
}

class DiskStore implements ContentStore {
  readonly #blobs: string;
  readonly #ingest: string;
  readonly #directorySync: DirectorySync;
  readonly #arriving = new Set<Digest>();

  constructor(directory: string) {
    this.#blobs = `${directory}/blobs/sha256`;
    this.#ingest = `${directory}/ingest`;
    mkdirSync(this.#blobs, { recursive: true, mode: 0o700 });
    mkdirSync(this.#ingest, { recursive: true, mode: 0o700 });
    this.#directorySync = new DirectorySync(this.#blobs);
  }

  async open({ digest }: Pick<Descriptor, 'digest'>, { signal }: Options): Promise<ReadableStream<Uint8Array>> {
    signal.throwIfAborted();
    if (this.size(digest) === undefined) throw noSuchBlob(digest);
    return Bun.file(this.path(digest)).stream();
  }

  async has({ digest }: Pick<Descriptor, 'digest'>): Promise<boolean> {
    return this.size(digest) !== undefined;
  }

  async write(descriptor: Descriptor, bytes: ReadableStream<Uint8Array>, options: Options): Promise<void> {
    if (this.size(descriptor.digest) !== undefined) return bytes.cancel();
    const verifier = new Verifier(descriptor);
    const path = this.#newPath();
    try {
      await writeStream(path, bytes, (chunk) => verifier.push(chunk), options);
      verifier.end();
      await syncFile(path);
      await this.#publish(path, descriptor.digest);
    } catch (error) {
      await unlinkQuietly(path);
      throw storeError(error);
    }
  }

  async read(digest: Digest, limit: number = defaultReadLimit): Promise<Uint8Array> {
    const size = this.size(digest);
    if (size === undefined) throw noSuchBlob(digest);
    if (size > limit) throw new EngineError('InvalidArgument', `blob ${digest} is larger than ${limit} bytes`);
    const bytes = await Bun.file(this.path(digest)).bytes();
    const actual = digestOf(bytes);
    if (actual !== digest) throw new EngineError('Internal', `blob ${digest} is damaged`, { cause: wrongDigest(digest, actual) });
    return bytes;
  }

  async put(bytes: Uint8Array): Promise<Digest> {
    const digest = digestOf(bytes);
    if (this.size(digest) !== undefined) return digest;
    const path = this.#newPath();
    try {
      await writeFile(path, bytes, { flag: 'wx', mode: 0o600 });
      await syncFile(path);
      await this.#publish(path, digest);
    } catch (error) {
      await unlinkQuietly(path);
      throw storeError(error);
    }
    return digest;
  }

  async ingest(bytes: ReadableStream<Uint8Array>, options: IngestOptions): Promise<Ingest> {
    const path = this.#newPath();
    let start: Uint8Array | undefined;
    let hash: Bun.CryptoHasher | null = null;
    const see = (chunk: Uint8Array): void => {
      if (start === undefined) {
        start = chunk.slice(0, startBytes);
        if (options.hash?.(start) ?? true) hash = new Bun.CryptoHasher('sha256');
      }
      hash?.update(chunk);
    };
    try {
      const size = await writeStream(path, bytes, see, options);
      const known = (hash as Bun.CryptoHasher | null)?.digest('hex');
      return new DiskIngest(path, size, start ?? new Uint8Array(0), known, (digest) => this.#publish(path, digest));
    } catch (error) {
      await unlinkQuietly(path);
      throw storeError(error);
    }
  }

  async arrive(descriptor: Descriptor, { signal }: Options): Promise<ArrivingBlob> {
    const { digest } = descriptor;
    signal.throwIfAborted();
    if (this.#arriving.has(digest)) throw new EngineError('Conflict', `blob ${digest} is arriving already`);
    this.#arriving.add(digest);
    const path = `${this.#ingest}/${partialPrefix}${digestHex(digest)}`;
    try {
      return await openArrival(descriptor, path, {
        publish: async () => void (await this.#publish(path, digest)),
        close: () => void this.#arriving.delete(digest),
        toError: storeError,
      });
    } catch (error) {
      this.#arriving.delete(digest);
      throw storeError(error);
    }
  }

  size(digest: Digest): number | undefined {
    const stat = statSync(this.path(digest), { throwIfNoEntry: false });
    return stat?.isFile() === true ? stat.size : undefined;
  }

  path(digest: Digest): string {
    return `${this.#blobs}/${digestHex(digest)}`;
  }

  async *list(): AsyncIterable<{ readonly digest: Digest; readonly size: number }> {
    for (const name of readdirSync(this.#blobs)) {
      if (!/^[0-9a-f]{64}$/.test(name)) continue;
      const digest = parseDigest(`sha256:${name}`);
      const size = this.size(digest);
      if (size !== undefined) yield { digest, size };
    }
  }

  async remove(digest: Digest): Promise<void> {
    await unlinkQuietly(this.path(digest));
  }

  async sweep(): Promise<void> {
    for (const name of readdirSync(this.#ingest)) {
      const path = `${this.#ingest}/${name}`;
      const old = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) > partialLifeMs;
      if (old || !name.startsWith(partialPrefix)) await unlinkQuietly(path);
    }
  }

  #newPath(): string {
    return `${this.#ingest}/${newId()}`;
  }

  async #publish(path: string, digest: Digest): Promise<string> {
    const blob = this.path(digest);
    await rename(path, blob);
    await this.#directorySync.wait();
    return blob;
  }
}

class DiskIngest implements Ingest {
  readonly size: number;
  readonly start: Uint8Array;
  // Where the bytes are: under `ingest/`, then among the blobs.
  #path: string;
  readonly #publish: (digest: Digest) => Promise<string>;
  #digest: Digest | undefined;
  #flushed: Promise<void> | null = null;
  #kept = false;

  constructor(path: string, size: number, start: Uint8Array, hex: string | undefined, publish: (digest: Digest) => Promise<string>) {
    this.#path = path;
    this.size = size;
    this.start = start;
    this.#digest = hex === undefined ? undefined : parseDigest(`sha256:${hex}`);
    this.#publish = publish;
  }

  async open({ signal }: Options): Promise<ReadableStream<Uint8Array>> {
    signal.throwIfAborted();
    return Bun.file(this.#path).stream();
  }

  async digest({ signal }: Options): Promise<Digest> {
    if (this.#digest !== undefined) return this.#digest;
    const hash = new Bun.CryptoHasher('sha256');
    for await (const chunk of Bun.file(this.#path).stream()) {
      signal.throwIfAborted();
      hash.update(chunk);
    }
    this.#digest = parseDigest(`sha256:${hash.digest('hex')}`);
    return this.#digest;
  }

  flush(): void {
    this.#flushed ??= syncFile(this.#path);
    // `keep` reports the failure; nobody may ever call it.
    this.#flushed.catch(() => undefined);
  }

  async keep(digest: Digest): Promise<void> {
    if (this.#kept) return;
    this.flush();
    try {
      await this.#flushed;
      this.#path = await this.#publish(digest);
    } catch (error) {
      throw storeError(error);
    }
    this.#kept = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#kept) return;
    await this.#flushed?.catch(() => undefined);
    await unlinkQuietly(this.#path);
  }
}

/** The error for a blob that is not there. */
export function noSuchBlob(digest: Digest): EngineError {
  return new EngineError('NotFound', `No such blob: ${digest}`);
}

// A disk's own errors (ENOSPC, EIO) get a sentence; everything else passes as it is.
function storeError(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return error;
  const text = error.code === 'ENOSPC' ? 'no space left on device' : messageOf(error);
  return new EngineError('Internal', `Cannot store blob: ${text}`, { cause: error });
}
