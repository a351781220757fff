/** Bytes that came in and wait for one reader. Bounded by whoever pushes: `onTaken` tells how much is left. */
export class ByteQueue implements AsyncIterable<Uint8Array> {
  bufferedBytes = 0;
  readonly #parts: Uint8Array[] = [];
  readonly #onTaken: () => void;
  #ended = false;
  #failure: unknown;
  #wake: (() => void) | undefined;

  constructor(onTaken: () => void) {
    this.#onTaken = onTaken;
  }

  push(part: Uint8Array): void {
    if (this.#ended || part.length === 0) return;
    this.#parts.push(part);
    this.bufferedBytes += part.length;
    this.#notify();
  }

  /** No more will come; with `failure` a reader gets that instead of the end, after what is buffered. Idempotent: the first counts. */
  end(failure?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#notify();
  }

  /** Drops what is buffered and all that comes. */
  cut(): void {
    this.#parts.length = 0;
    this.bufferedBytes = 0;
    this.end();
    this.#onTaken();
  }

  /** The next bytes, undefined at the end. @throws the failure given to `end`. */
  async read(): Promise<Uint8Array | undefined> {
    while (this.#parts.length === 0) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const part = this.#parts.shift()!;
    this.bufferedBytes -= part.length;
    this.#onTaken();
    return part;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (let part = await this.read(); part !== undefined; part = await this.read()) yield part;
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
