import type { OutputChunk } from '../../runtime/index.ts';

// What a queued chunk costs beside its bytes.
const chunkOverhead = 128;

/** Output on its way to one reader. Asks its writer to wait when it is full, and takes what it is given all the same. */
export class OutputQueue implements AsyncIterable<OutputChunk> {
  #limitBytes: number;
  #chunks: OutputChunk[] = [];
  #head = 0;
  #bytes = 0;
  #ended = false;
  #wakeReader: (() => void) | undefined;
  #wakeWriters: Array<() => void> = [];

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get full(): boolean {
    return !this.#ended && this.#bytes >= this.#limitBytes;
  }

  /** Resolves when the queue is no longer full, or has ended. */
  room(): Promise<void> {
    if (!this.full) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wakeWriters.push(resolve);
    return promise;
  }

  /** From now on nobody waits. */
  lift(): void {
    this.#limitBytes = Number.POSITIVE_INFINITY;
    this.#wake();
  }

  push(chunk: OutputChunk): void {
    if (this.#ended) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.bytes.length + chunkOverhead;
    this.#wakeReader?.();
  }

  /** The reader gets what is queued, then the end. Idempotent. */
  end(): void {
    this.#ended = true;
    this.#wakeReader?.();
    this.#wake();
  }

  /** Nobody reads any more: what is queued goes. */
  cut(): void {
    this.#chunks = [];
    this.#head = 0;
    this.#bytes = 0;
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<OutputChunk> {
    try {
      for (;;) {
        const chunk = this.#take();
        if (chunk !== undefined) yield chunk;
        else if (this.#ended) return;
        else await this.#filled();
      }
    } finally {
      this.cut();
    }
  }

  #take(): OutputChunk | undefined {
    const chunk = this.#chunks[this.#head];
    if (chunk === undefined) return undefined;
    this.#head += 1;
    this.#bytes -= chunk.bytes.length + chunkOverhead;
    if (this.#head === this.#chunks.length) {
      this.#chunks = [];
      this.#head = 0;
    } else if (this.#head > 1024) {
      this.#chunks = this.#chunks.slice(this.#head);
      this.#head = 0;
    }
    if (!this.full) this.#wake();
    return chunk;
  }

  #filled(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wakeReader = () => {
      this.#wakeReader = undefined;
      resolve();
    };
    return promise;
  }

  #wake(): void {
    for (const wake of this.#wakeWriters.splice(0)) wake();
  }
}
