import { open, type FileHandle } from 'node:fs/promises';
import { EngineError, isEngineError, streamFrom } from '../base/index.ts';
import type { Descriptor } from '../spec/index.ts';
import type { ArrivingBlob } from './contract.ts';
import { syncFile, unlinkQuietly } from './durable.ts';
import { appendStream } from './file-sink.ts';
import { Verifier } from './verify.ts';

const readBytes = 1024 * 1024;

export interface ArrivalEnds {
  /** Makes the file the blob. */
  readonly publish: () => Promise<void>;
  readonly close: () => void;
  readonly toError: (error: unknown) => unknown;
}

/** The arrival of a blob in the file `path`, which may hold its first part. */
export async function openArrival(descriptor: Descriptor, path: string, ends: ArrivalEnds): Promise<ArrivingBlob> {
  const handle = await open(path, 'a+', 0o600);
  try {
    let { size } = await handle.stat();
    if (size > descriptor.size) {
      await handle.truncate(0);
      size = 0;
    }
    return new DiskArrival(descriptor, path, handle, size, ends);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

type End = { readonly kind: 'whole' } | { readonly kind: 'failed'; readonly error: unknown };

class DiskArrival implements ArrivingBlob {
  readonly #descriptor: Descriptor;
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #ends: ArrivalEnds;
  #size: number;
  #end: End | null = null;
  #closed = false;
  // Readers, and the one that fills: the file is closed when all have gone.
  #users = 1;
  // Wakes who waits for more.
  #moved = Promise.withResolvers<void>();

  constructor(descriptor: Descriptor, path: string, handle: FileHandle, size: number, ends: ArrivalEnds) {
    this.#descriptor = descriptor;
    this.#path = path;
    this.#handle = handle;
    this.#size = size;
    this.#ends = ends;
  }

  get size(): number {
    return this.#size;
  }

  async fill(
    openFrom: (offset: number) => Promise<ReadableStream<Uint8Array>>,
    options: { readonly signal: AbortSignal; readonly progress?: (size: number) => void },
  ): Promise<void> {
    try {
      const verifier = new Verifier(this.#descriptor);
      const grow = (count: number): void => {
        this.#size += count;
        options.progress?.(this.#size);
        this.#wake();
      };
      for await (const chunk of this.#read(() => this.#size, options.signal)) verifier.push(chunk);
      if (this.#size < this.#descriptor.size || this.#size === 0)
        await appendStream(this.#handle, await openFrom(this.#size), (chunk) => verifier.push(chunk), grow, options);
      verifier.end();
      this.#finish({ kind: 'whole' });
      await syncFile(this.#path);
      await this.#ends.publish();
    } catch (error) {
      // Not the blob, or nothing of it: no use to the next attempt.
      if (isEngineError(error, 'InvalidArgument') || this.#size === 0) await unlinkQuietly(this.#path);
      const told = this.#ends.toError(error);
      this.#finish({ kind: 'failed', error: told });
      throw told;
    }
  }

  follow({ signal }: { readonly signal: AbortSignal }): ReadableStream<Uint8Array> {
    this.#users++;
    const stop = new AbortController();
    return streamFrom(this.#following(AbortSignal.any([signal, stop.signal])), () => stop.abort(new Error('nobody reads on')));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#finish({ kind: 'failed', error: new EngineError('Unavailable', `the arrival of ${this.#descriptor.digest} was ended`) });
    await this.#leave();
    this.#ends.close();
  }

  async *#following(signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
    try {
      let at = 0;
      for (;;) {
        for await (const chunk of this.#read(() => this.#size, signal, at)) {
          at += chunk.length;
          yield chunk;
        }
        if (this.#end?.kind === 'failed') throw this.#end.error;
        if (this.#end !== null && at >= this.#size) return;
        if (at >= this.#size) await this.#more(signal);
      }
    } finally {
      await this.#leave();
    }
  }

  async *#read(until: () => number, signal: AbortSignal, from = 0): AsyncGenerator<Uint8Array, void, void> {
    for (let at = from; at < until();) {
      signal.throwIfAborted();
      const chunk = new Uint8Array(Math.min(readBytes, until() - at));
      const { bytesRead } = await this.#handle.read(chunk, 0, chunk.length, at);
      if (bytesRead === 0) throw new EngineError('Internal', `blob ${this.#descriptor.digest} was cut while it arrived`);
      at += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  }

  async #more(signal: AbortSignal): Promise<void> {
    const aborted = Promise.withResolvers<void>();
    const onAbort = (): void => aborted.resolve();
    signal.throwIfAborted();
    signal.addEventListener('abort', onAbort, { once: true });
    await Promise.race([this.#moved.promise, aborted.promise]);
    signal.removeEventListener('abort', onAbort);
    signal.throwIfAborted();
  }

  #finish(end: End): void {
    this.#end ??= end;
    this.#wake();
  }

  #wake(): void {
    this.#moved.resolve();
    this.#moved = Promise.withResolvers<void>();
  }

  async #leave(): Promise<void> {
    if (--this.#users === 0) await this.#handle.close();
  }
}
