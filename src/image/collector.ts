import { isEngineError, KeyedLock } from '../base/index.ts';
import type { ContentStore } from '../content/index.ts';
import type { CommittedSnapshot, SnapshotStore } from '../snapshot/index.ts';
import type { Digest } from '../spec/index.ts';
import type { ImageRecords } from './records.ts';

/**
 * Deletes blobs and layers that no image, no running load or save and no container stands on. What work in flight needs is held by digest:
 * a hold waits for a collection that runs, and a collection leaves alone what is held.
 */
export class Collector {
  readonly #records: ImageRecords;
  readonly #content: ContentStore;
  readonly #snapshots: SnapshotStore;
  readonly #lock = new KeyedLock();
  readonly #holds = new Map<Digest, number>();
  // Unused layers a container stands on: the next collection tries again.
  readonly #orphans = new Set<Digest>();

  constructor(stores: { readonly records: ImageRecords; readonly content: ContentStore; readonly snapshots: SnapshotStore }) {
    this.#records = stores.records;
    this.#content = stores.content;
    this.#snapshots = stores.snapshots;
  }

  /** Keeps blobs and chain IDs until disposed. */
  async hold(digests: Iterable<Digest>): Promise<Disposable> {
    const held = [...digests];
    await this.#lock.run('collect', () => {
      for (const digest of held) this.#holds.set(digest, (this.#holds.get(digest) ?? 0) + 1);
    });
    return {
      [Symbol.dispose]: () => {
        for (const digest of held.splice(0)) {
          const left = (this.#holds.get(digest) ?? 1) - 1;
          if (left === 0) this.#holds.delete(digest);
          else this.#holds.set(digest, left);
        }
      },
    };
  }

  /**
   * Deletes the blobs and layers among `candidates` (blob digests and chain IDs) that are unused; `all` means the whole store, and is for
   * start-up: a layer that a commit just made belongs to no image yet. Returns the layers, top ones first.
   */
  async collect(candidates: 'all' | Iterable<Digest>): Promise<readonly CommittedSnapshot[]> {
    const wanted = candidates === 'all' ? null : new Set(candidates);
    return this.#lock.run('collect', async () => {
      const used = this.#used();
      const removed = await this.#removeLayers(used, wanted);
      const blobs = wanted ?? (await Array.fromAsync(this.#content.list())).map((blob) => blob.digest);
      const unused = [...blobs].filter((digest) => !used.has(digest));
      this.#records.forgetBlobs(unused);
      for (const digest of unused) await this.#content.remove(digest);
      return removed;
    });
  }

  #used(): ReadonlySet<Digest> {
    const used = new Set(this.#holds.keys());
    for (const id of this.#records.ids()) {
      for (const chain of this.#records.chainsOf(id)) used.add(chain);
      for (const digest of this.#records.blobsOf(id)) used.add(digest);
    }
    return used;
  }

  async #removeLayers(used: ReadonlySet<Digest>, wanted: ReadonlySet<Digest> | null): Promise<readonly CommittedSnapshot[]> {
    const committed = new Map(this.#snapshots.listCommitted().map((layer) => [layer.chainId, layer]));
    const removed: CommittedSnapshot[] = [];
    for (const layer of [...committed.values()].toSorted((a, b) => depth(b, committed) - depth(a, committed))) {
      if (used.has(layer.chainId) || !(wanted === null || wanted.has(layer.chainId) || this.#orphans.has(layer.chainId))) continue;
      try {
        await this.#snapshots.removeCommitted(layer.chainId);
        this.#orphans.delete(layer.chainId);
        removed.push(layer);
      } catch (error) {
        // A container or a held layer stands on it.
        if (!isEngineError(error, 'Conflict') && !isEngineError(error, 'NotFound')) throw error;
        this.#orphans.add(layer.chainId);
      }
    }
    return removed;
  }
}

function depth(layer: CommittedSnapshot, all: ReadonlyMap<Digest, CommittedSnapshot>): number {
  let levels = 0;
  for (let at = layer.parent; at !== null && levels < 10_000; at = all.get(at)?.parent ?? null) levels++;
  return levels;
}
