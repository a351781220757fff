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

  /** Deletes unused layers, and those of `blobs` (`all`: of the whole store) that are unused. Returns the layers, top ones first. */
  async collect(blobs: 'all' | Iterable<Digest>): Promise<readonly CommittedSnapshot[]> {
    return this.#lock.run('collect', async () => {
      const used = this.#used();
      const removed = await this.#removeLayers(used);
      const candidates = blobs === 'all' ? (await Array.fromAsync(this.#content.list())).map((blob) => blob.digest) : [...blobs];
      const unused = candidates.filter((digest) => !used.has(digest));
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

  async #removeLayers(used: ReadonlySet<Digest>): Promise<readonly CommittedSnapshot[]> {
    const committed = new Map(this.#snapshots.listCommitted().map((layer) => [layer.chainId, layer]));
    const removed: CommittedSnapshot[] = [];
    for (const layer of [...committed.values()].toSorted((a, b) => depth(b, committed) - depth(a, committed))) {
      if (used.has(layer.chainId)) continue;
      try {
        await this.#snapshots.removeCommitted(layer.chainId);
        removed.push(layer);
      } catch (error) {
        // A container or a held layer stands on it.
        if (!isEngineError(error, 'Conflict') && !isEngineError(error, 'NotFound')) throw error;
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
