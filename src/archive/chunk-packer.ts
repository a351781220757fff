const chunkBytes = 1024 * 1024;

type Chunks = Generator<Uint8Array<ArrayBuffer>, void, void>;

/** Packs pieces of any size into large chunks; each yielded chunk is given away. */
export class ChunkPacker {
  #chunk: Uint8Array<ArrayBuffer> = new Uint8Array(chunkBytes);
  #used = 0;

  /** Adds a copy of `bytes`. */
  *put(bytes: Uint8Array): Chunks {
    for (let at = 0; at < bytes.length;) {
      const taken = Math.min(bytes.length - at, chunkBytes - this.#used);
      this.#chunk.set(bytes.subarray(at, at + taken), this.#used);
      this.#used += taken;
      at += taken;
      yield* this.full();
    }
  }

  *zeros(count: number): Chunks {
    for (let left = count; left > 0;) {
      const taken = Math.min(left, chunkBytes - this.#used);
      this.#chunk.fill(0, this.#used, this.#used + taken);
      this.#used += taken;
      left -= taken;
      yield* this.full();
    }
  }

  /** Lets `read` put bytes straight into the chunk; it returns how many, or minus errno. `full` must be asked after. */
  fill(read: (into: Uint8Array, at: number, room: number) => number): number {
    const got = read(this.#chunk, this.#used, chunkBytes - this.#used);
    if (got > 0) this.#used += got;
    return got;
  }

  /** The chunk, when there is no room in it any more. */
  *full(): Chunks {
    if (this.#used === chunkBytes) yield* this.rest();
  }

  /** What is there. */
  *rest(): Chunks {
    if (this.#used === 0) return;
    const chunk = this.#chunk.subarray(0, this.#used);
    this.#chunk = new Uint8Array(chunkBytes);
    this.#used = 0;
    yield chunk;
  }
}
