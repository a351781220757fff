import { streamFrom } from '../base/index.ts';
import type { ArrivingBlob, ContentStore } from '../content/index.ts';
import type { Descriptor, Digest } from '../spec/index.ts';
import { Gate } from './gate.ts';

interface Options {
  readonly signal: AbortSignal;
}

/** Gives a blob's bytes from an offset on. */
export type OpenFrom = (descriptor: Descriptor, offset: number, options: Options) => Promise<ReadableStream<Uint8Array>>;

/** Somebody's part in an arrival. Dispose leaves it; the last one to leave ends it, waits for that, and what came is kept for the next one. */
export interface Joined extends AsyncDisposable {
  /** Resolves when the blob is in the store. */
  readonly done: Promise<void>;
  /** The blob's bytes, verified once they end; they need not all be here yet. */
  open(options: Options): ReadableStream<Uint8Array>;
}

interface Running {
  readonly abort: AbortController;
  readonly listeners: Set<(size: number) => void>;
  /** Resolves when bytes can be read. */
  readonly opened: Promise<ArrivingBlob>;
  readonly done: Promise<void>;
  /** `done`, or its failure, and everything is closed. */
  readonly settled: Promise<void>;
  users: number;
  whole: boolean;
}

/** Blobs on their way in, a few at a time; who wants the same one shares it. */
export class Arrivals {
  readonly #content: ContentStore;
  readonly #gate: Gate;
  readonly #running = new Map<Digest, Running>();
  // Abandoned ones that still have to let go of their file.
  readonly #ending = new Map<Digest, Promise<void>>();

  constructor(content: ContentStore, atOnce: number) {
    this.#content = content;
    this.#gate = new Gate(atOnce);
  }

  /** `progress` is told how many bytes are here. The first to come says where from. */
  join(descriptor: Descriptor, openFrom: OpenFrom, progress: (size: number) => void): Joined {
    const running = this.#running.get(descriptor.digest) ?? this.#start(descriptor, openFrom);
    running.users++;
    running.listeners.add(progress);
    let joined = true;
    return {
      done: running.done,
      open: (options) => {
        const stop = new AbortController();
        const signal = AbortSignal.any([options.signal, stop.signal]);
        return streamFrom(this.#read(running, descriptor, signal), () => stop.abort(new Error('nobody reads on')));
      },
      [Symbol.asyncDispose]: async () => {
        if (!joined) return;
        joined = false;
        running.listeners.delete(progress);
        if (--running.users > 0) return;
        this.#abandon(descriptor.digest, running);
        await running.settled;
      },
    };
  }

  async *#read(running: Running, descriptor: Descriptor, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
    if (!running.whole) {
      const arriving = await running.opened;
      signal.throwIfAborted();
      if (!running.whole) return yield* arriving.follow({ signal });
    }
    yield* await this.#content.open(descriptor, { signal });
  }

  #start(descriptor: Descriptor, openFrom: OpenFrom): Running {
    const { digest } = descriptor;
    const abort = new AbortController();
    const opened = Promise.withResolvers<ArrivingBlob>();
    opened.promise.catch(() => undefined);
    const listeners = new Set<(size: number) => void>();
    const work = this.#bring(descriptor, openFrom, opened.resolve, {
      signal: abort.signal,
      progress: (size) => listeners.forEach((tell) => tell(size)),
    });
    const done = work.then(() => {
      running.whole = true;
    });
    const settled = done.then(
      () => this.#forget(digest, running),
      (error: unknown) => {
        opened.reject(error);
        this.#forget(digest, running);
      },
    );
    const running: Running = { abort, listeners, opened: opened.promise, done, settled, users: 0, whole: false };
    this.#running.set(digest, running);
    return running;
  }

  async #bring(
    descriptor: Descriptor,
    openFrom: OpenFrom,
    opened: (arriving: ArrivingBlob) => void,
    options: { readonly signal: AbortSignal; readonly progress: (size: number) => void },
  ): Promise<void> {
    using _place = await this.#gate.enter(options);
    await this.#ending.get(descriptor.digest);
    await using arriving = await this.#content.arrive(descriptor, options);
    opened(arriving);
    options.progress(arriving.size);
    await arriving.fill((offset) => openFrom(descriptor, offset, options), options);
  }

  #abandon(digest: Digest, running: Running): void {
    if (running.whole || this.#running.get(digest) !== running) return;
    this.#running.delete(digest);
    this.#ending.set(digest, running.settled);
    void running.settled.then(() => {
      if (this.#ending.get(digest) === running.settled) this.#ending.delete(digest);
    });
    running.abort.abort(new Error('nobody wants the blob any more'));
  }

  #forget(digest: Digest, running: Running): void {
    if (this.#running.get(digest) === running) this.#running.delete(digest);
  }
}
