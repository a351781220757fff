import type { Ingest } from '../content/index.ts';
import type { SnapshotStore } from '../snapshot/index.ts';
import { chainId, parseImageConfig, type Digest } from '../spec/index.ts';
import type { Collector } from './collector.ts';
import { split } from './split.ts';

const aheadBytes = 8 * 1024 * 1024;

/**
 * Unpacks plain layers while they are still being read from the archive. That needs their place, which a config tells, if it came before
 * them (as it does in what berth saves). Only a head start: what fails here is tried again, and reported, where layers are unpacked.
 * Layers are held until disposed; their chain IDs are added to `made`, for who has to take them back.
 */
export class EarlyLayers implements Disposable {
  readonly #snapshots: SnapshotStore;
  readonly #collector: Collector;
  readonly #made: Set<Digest>;
  readonly #parents = new Map<Digest, Digest | null>();
  readonly #holds: Disposable[] = [];

  constructor(stores: { readonly snapshots: SnapshotStore; readonly collector: Collector }, made: Set<Digest>) {
    this.#made = made;
    this.#snapshots = stores.snapshots;
    this.#collector = stores.collector;
  }

  /** Looks at a small file: is it a config? */
  see(bytes: Uint8Array): void {
    if (bytes[0] !== 0x7b || !Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes('"diff_ids"')) return;
    try {
      let parent: Digest | null = null;
      for (const diffId of parseImageConfig(bytes).rootfs.diff_ids) {
        if (!this.#parents.has(diffId)) this.#parents.set(diffId, parent);
        parent = chainId(parent, diffId);
      }
    } catch {
      // Not a config. If it was meant to be one, whoever needs it says so.
    }
  }

  /** Whether the layer's place is known and what is below it is there. */
  wants(diffId: Digest): boolean {
    const parent = this.#parents.get(diffId);
    if (parent === undefined || (parent !== null && !this.#snapshots.has(parent))) return false;
    return !this.#snapshots.has(chainId(parent, diffId));
  }

  /** Keeps the bytes with `ingest` and unpacks them at the same time. */
  async unpack(
    diffId: Digest,
    bytes: ReadableStream<Uint8Array>,
    ingest: (bytes: ReadableStream<Uint8Array>) => Promise<Ingest>,
    options: { readonly signal: AbortSignal },
  ): Promise<Ingest> {
    const parent = this.#parents.get(diffId) ?? null;
    this.#holds.push(await this.#collector.hold([chainId(parent, diffId), ...(parent === null ? [] : [parent])]));
    this.#made.add(chainId(parent, diffId));
    const [toDisk, toLayer] = split(bytes, aheadBytes);
    const applied = this.#snapshots.apply({ diffId, parent, tar: toLayer }, options).then(
      () => true,
      () => false,
    );
    try {
      const taken = await ingest(toDisk);
      return (await applied) ? verified(taken, diffId) : taken;
    } catch (error) {
      await applied;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    for (const hold of this.#holds.splice(0)) hold[Symbol.dispose]();
  }
}

// Unpacking was the verification; the bytes need not be read again for it.
function verified(ingest: Ingest, digest: Digest): Ingest {
  return {
    size: ingest.size,
    start: ingest.start,
    open: (options) => ingest.open(options),
    digest: async () => digest,
    flush: () => ingest.flush(),
    keep: (name) => ingest.keep(name),
    [Symbol.asyncDispose]: () => ingest[Symbol.asyncDispose](),
  };
}
