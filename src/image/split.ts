/**
 * The same bytes twice. Neither copy runs further ahead of the other than `aheadBytes`; one that is cancelled is no longer waited for.
 * Takes the source over: when both are cancelled, so is it.
 */
export function split(
  source: ReadableStream<Uint8Array>,
  aheadBytes: number,
): readonly [ReadableStream<Uint8Array>, ReadableStream<Uint8Array>] {
  const splitter = new Splitter(source, aheadBytes);
  return [splitter.copy(0), splitter.copy(1)];
}

interface Copy {
  readonly chunks: Uint8Array[];
  bytes: number;
  cancelled: boolean;
}

class Splitter {
  readonly #reader: ReturnType<typeof readerOf>;
  readonly #aheadBytes: number;
  readonly #copies: readonly [Copy, Copy] = [newCopy(), newCopy()];
  #ended = false;
  #reading: Promise<void> | null = null;
  // Wakes a copy that waits for the other one to catch up.
  #moved = Promise.withResolvers<void>();

  constructor(source: ReadableStream<Uint8Array>, aheadBytes: number) {
    this.#reader = readerOf(source);
    this.#aheadBytes = aheadBytes;
  }

  copy(index: 0 | 1): ReadableStream<Uint8Array> {
    const own = this.#copies[index];
    const other = this.#copies[index === 0 ? 1 : 0];
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          while (own.chunks.length === 0 && !this.#ended && !own.cancelled) {
            if (other.bytes < this.#aheadBytes || other.cancelled) await (this.#reading ??= this.#read());
            else await this.#moved.promise;
          }
          const chunk = own.chunks.shift();
          if (chunk !== undefined) {
            own.bytes -= chunk.length;
            this.#wake();
            controller.enqueue(chunk);
          } else if (!own.cancelled) controller.close();
        },
        cancel: async (reason) => {
          own.cancelled = true;
          own.chunks.length = 0;
          own.bytes = 0;
          this.#wake();
          if (other.cancelled) await this.#reader.cancel(reason);
        },
      },
      { highWaterMark: 0 },
    );
  }

  async #read(): Promise<void> {
    try {
      const { done, value } = await this.#reader.read();
      if (done) this.#ended = true;
      else {
        for (const copy of this.#copies) {
          if (copy.cancelled) continue;
          copy.chunks.push(value);
          copy.bytes += value.length;
        }
      }
    } finally {
      this.#reading = null;
      this.#wake();
    }
  }

  #wake(): void {
    this.#moved.resolve();
    this.#moved = Promise.withResolvers<void>();
  }
}

function newCopy(): Copy {
  return { chunks: [], bytes: 0, cancelled: false };
}

function readerOf(source: ReadableStream<Uint8Array>) {
  return source.getReader();
}
