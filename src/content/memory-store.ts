import { EngineError } from '../base/index.ts';
import { digestOf, type Descriptor, type Digest } from '../spec/index.ts';
import type { ArrivingBlob, ContentStore, Ingest } from './contract.ts';
import { noSuchBlob } from './disk-store.ts';
import { Verifier } from './verify.ts';

interface Options {
  readonly signal: AbortSignal;
}

/** A store that forgets everything when the process ends; for tests and for building small things. `path` is a name, not a file. */
export function openMemoryStore(): ContentStore {
  return new MemoryStore();
}

class MemoryStore implements ContentStore {
  readonly #blobs = new Map<Digest, Uint8Array>();

  async open({ digest }: Pick<Descriptor, 'digest'>, { signal }: Options): Promise<ReadableStream<Uint8Array>> {
    signal.throwIfAborted();
    const bytes = this.#blobs.get(digest);
    if (bytes === undefined) throw noSuchBlob(digest);
    return streamOf(bytes);
  }

  async has({ digest }: Pick<Descriptor, 'digest'>): Promise<boolean> {
    return this.#blobs.has(digest);
  }

  async write(descriptor: Descriptor, bytes: ReadableStream<Uint8Array>, { signal }: Options): Promise<void> {
    if (this.#blobs.has(descriptor.digest)) return bytes.cancel();
    const verifier = new Verifier(descriptor);
    const whole = await collect(bytes, signal, (chunk) => verifier.push(chunk));
    verifier.end();
    this.#blobs.set(descriptor.digest, whole);
  }

  async read(digest: Digest, limit: number = 4 * 1024 * 1024): Promise<Uint8Array> {
    const bytes = this.#blobs.get(digest);
    if (bytes === undefined) throw noSuchBlob(digest);
    if (bytes.length > limit) throw new EngineError('InvalidArgument', `blob ${digest} is larger than ${limit} bytes`);
    return bytes;
  }

  async put(bytes: Uint8Array): Promise<Digest> {
    const digest = digestOf(bytes);
    this.#blobs.set(digest, bytes);
    return digest;
  }

  async ingest(bytes: ReadableStream<Uint8Array>, { signal }: Options): Promise<Ingest> {
    const whole = await collect(bytes, signal, () => undefined);
    return {
      size: whole.length,
      start: whole.subarray(0, 512),
      open: async () => streamOf(whole),
      digest: async () => digestOf(whole),
      flush() {},
      keep: async (digest) => void this.#blobs.set(digest, whole),
      async [Symbol.asyncDispose]() {},
    };
  }

  async arrive(descriptor: Descriptor): Promise<ArrivingBlob> {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    promise.catch(() => undefined);
    return {
      size: 0,
      fill: async (open, options) => {
        try {
          await this.write(descriptor, await open(0), options);
          resolve(await this.read(descriptor.digest, descriptor.size));
        } catch (error) {
          reject(error);
          throw error;
        }
      },
      follow: () => {
        const reading = promise.then((bytes) => streamOf(bytes).getReader());
        return new ReadableStream({
          async pull(controller) {
            const { done, value } = await (await reading).read();
            if (done) controller.close();
            else controller.enqueue(value);
          },
        });
      },
      async [Symbol.asyncDispose]() {
        reject(new EngineError('Unavailable', 'the arrival was ended'));
      },
    };
  }

  size(digest: Digest): number | undefined {
    return this.#blobs.get(digest)?.length;
  }

  path(digest: Digest): string {
    return `memory:${digest}`;
  }

  async *list(): AsyncIterable<{ readonly digest: Digest; readonly size: number }> {
    for (const [digest, bytes] of [...this.#blobs]) yield { digest, size: bytes.length };
  }

  async remove(digest: Digest): Promise<void> {
    this.#blobs.delete(digest);
  }

  async sweep(): Promise<void> {}
}

async function collect(bytes: ReadableStream<Uint8Array>, signal: AbortSignal, see: (chunk: Uint8Array) => void): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) {
    signal.throwIfAborted();
    see(chunk);
    chunks.push(chunk.slice());
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      if (bytes.length > 0) controller.enqueue(bytes);
      controller.close();
    },
  });
}
