import { detectCompression, readTar, type TarEntry } from '../archive/index.ts';
import { EngineError } from '../base/index.ts';
import type { ContentStore, Ingest } from '../content/index.ts';
import { digestOf, isDigest, type Digest } from '../spec/index.ts';
import type { EarlyLayers } from './early-layers.ts';

type ArchiveFile =
  | { readonly kind: 'file'; readonly ingest: Ingest }
  | { readonly kind: 'directory' }
  | { readonly kind: 'link'; readonly target: string };

/** JSON files are small; a manifest of a gigabyte is an attack. */
const maxJsonBytes = 8 * 1024 * 1024;
/** Files up to this size stay in memory, while all of them together stay under `maxMemoryBytes`. */
const smallFileBytes = 128 * 1024;
const maxMemoryBytes = 32 * 1024 * 1024;
const maxEntries = 100_000;
const maxLinks = 8;
const jsonNames: ReadonlySet<string> = new Set(['manifest.json', 'index.json', 'oci-layout', 'repositories']);

/**
 * The files of an image archive, in whatever order they came. Large ones are spooled where the content store makes blobs of them by
 * rename; blobs the store has already are not read. Dispose deletes what was not kept.
 */
export class ArchiveFiles implements AsyncDisposable {
  readonly #content: ContentStore;
  readonly #early: EarlyLayers;
  readonly #files = new Map<string, ArchiveFile>();
  #memoryBytes = 0;

  constructor(content: ContentStore, early: EarlyLayers) {
    this.#content = content;
    this.#early = early;
  }

  /**
   * Reads the whole archive, an unpacked tar. Takes the stream over.
   * @throws {EngineError} InvalidArgument, when the tar is broken or holds what no image archive holds.
   */
  async read(tar: ReadableStream<Uint8Array>, options: { readonly signal: AbortSignal }): Promise<void> {
    let entries = 0;
    for await (const entry of readTar(tar, options)) {
      if (++entries > maxEntries) throw invalidArchive('too many entries');
      const name = cleanName(entry.header.name);
      if (name === '') continue;
      await this.#drop(name);
      const file = await this.#take(name, entry, options.signal);
      if (file !== null) this.#files.set(name, file);
    }
  }

  /** Whether there is a file (or a link) of this name. */
  has(name: string): boolean {
    return this.#files.has(name);
  }

  /** A file's bytes for unpacking and keeping. @throws {EngineError} InvalidArgument, when it is missing or no file. */
  file(name: string): Ingest {
    let at = cleanName(name);
    for (let links = 0; links <= maxLinks; links++) {
      const file = this.#files.get(at);
      if (file === undefined) throw invalidArchive(`${JSON.stringify(name)} is missing`);
      if (file.kind === 'directory') throw invalidArchive(`${JSON.stringify(name)} is a directory`);
      if (file.kind === 'file') return file.ingest;
      at = file.target;
    }
    throw invalidArchive(`${JSON.stringify(name)} is a loop of links`);
  }

  /** The blob `digest` of an OCI layout. @throws {EngineError} InvalidArgument. */
  blob(digest: Digest): Ingest {
    return this.file(blobName(digest));
  }

  /** A small file whole, up to 8 MiB. @throws {EngineError} InvalidArgument. */
  async json(name: string, options: { readonly signal: AbortSignal }): Promise<Uint8Array> {
    const file = this.file(name);
    if (file.size > maxJsonBytes) throw invalidArchive(`${JSON.stringify(name)} is larger than ${maxJsonBytes} bytes`);
    return new Response(await file.open(options)).bytes();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [...this.#files.keys()]) await this.#drop(name);
  }

  async #take(name: string, entry: TarEntry, signal: AbortSignal): Promise<ArchiveFile | null> {
    const { header } = entry;
    if (header.type === 'directory') return { kind: 'directory' };
    if (header.type === 'hardlink') return { kind: 'link', target: cleanName(header.linkName) };
    if (header.type === 'symlink') return { kind: 'link', target: linkTarget(name, header.linkName) };
    if (header.type !== 'file') throw invalidArchive(`${JSON.stringify(name)} is no file`);
    if (jsonNames.has(name) && header.size > maxJsonBytes)
      throw invalidArchive(`${JSON.stringify(name)} is larger than ${maxJsonBytes} bytes`);
    const digest = digestOfName(name);
    if (digest !== null && this.#content.size(digest) === header.size)
      return { kind: 'file', ingest: await storedBlob(this.#content, digest, header.size, signal) };
    if (header.size <= smallFileBytes && this.#memoryBytes + header.size <= maxMemoryBytes) {
      this.#memoryBytes += header.size;
      const bytes = await entry.bytes(smallFileBytes);
      this.#early.see(bytes);
      return { kind: 'file', ingest: memoryFile(this.#content, bytes) };
    }
    // A plain tar is verified by unpacking it, so only packed layers are hashed here.
    const take = (bytes: ReadableStream<Uint8Array>): Promise<Ingest> =>
      this.#content.ingest(bytes, { signal, hash: (start) => detectCompression(start) !== 'none' });
    const early = digest !== null && this.#early.wants(digest);
    const ingest = await (early ? this.#early.unpack(digest, entry.body, take, { signal }) : take(entry.body));
    ingest.flush();
    return { kind: 'file', ingest };
  }

  async #drop(name: string): Promise<void> {
    const file = this.#files.get(name);
    this.#files.delete(name);
    if (file?.kind === 'file') await file.ingest[Symbol.asyncDispose]();
  }
}

/** Where an OCI layout has this blob. */
export function blobName(digest: Digest): string {
  return `blobs/${digest.replace(':', '/')}`;
}

export function invalidArchive(why: string): EngineError {
  return new EngineError('InvalidArgument', `invalid archive: ${why}`);
}

function digestOfName(name: string): Digest | null {
  const match = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(name);
  const digest = `sha256:${match?.[1] ?? ''}`;
  return isDigest(digest) ? digest : null;
}

// `./a//b` is `a/b`; a name that leaves the archive is refused, as no image archive has one.
function cleanName(name: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (name.startsWith('/') || parts.includes('..') || name.includes('\0'))
    throw invalidArchive(`entry ${JSON.stringify(name)} leaves the archive`);
  return parts.join('/');
}

function linkTarget(name: string, target: string): string {
  const parts = target.startsWith('/') ? [] : name.split('/').slice(0, -1);
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) throw invalidArchive(`link ${JSON.stringify(name)} leaves the archive`);
  }
  return parts.join('/');
}

async function storedBlob(content: ContentStore, digest: Digest, size: number, signal: AbortSignal): Promise<Ingest> {
  const stream = await content.open({ mediaType: '', digest, size }, { signal });
  const reader = stream.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return {
    size,
    start: value?.slice(0, 512) ?? new Uint8Array(0),
    open: (options) => content.open({ mediaType: '', digest, size }, options),
    digest: async () => digest,
    flush() {},
    async keep() {},
    async [Symbol.asyncDispose]() {},
  };
}

function memoryFile(content: ContentStore, bytes: Uint8Array<ArrayBufferLike>): Ingest {
  let digest: Digest | undefined;
  const own = new Uint8Array(bytes);
  return {
    size: own.length,
    start: own.subarray(0, 512),
    open: async () => new Blob([own]).stream(),
    digest: async () => (digest ??= digestOf(own)),
    flush() {},
    async keep() {
      await content.put(own);
    },
    async [Symbol.asyncDispose]() {},
  };
}
