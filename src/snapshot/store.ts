import { chmodSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from 'bun:sqlite';
import type { PathChange, RootWorkers } from '../archive/index.ts';
import { EngineError, KeyedLock, streamFrom, type Log } from '../base/index.ts';
import { chainId as chainIdOf, type Digest, type Mount } from '../spec/index.ts';
import type { AppliedLayer, CommittedSnapshot, LayerToApply, SnapshotDirectories, SnapshotStore } from './contract.ts';
import type { SnapshotDriver } from './driver.ts';
import { SnapshotRows, type ActiveRow, type CommittedRow } from './rows.ts';
import { TemporaryMounts, type TemporaryMount } from './temporary-mounts.ts';
import { Trash } from './trash.ts';

export interface SnapshotStoreOptions {
  readonly database: Database;
  /** Holds a directory per snapshot; made if missing. Short names keep overlay's option string short. */
  readonly directory: string;
  /** Gets a directory `roots` for temporary mounts. */
  readonly runDirectory: string;
  readonly workers: RootWorkers;
  readonly driver: SnapshotDriver;
  readonly log: Log;
}

const trashName = 'trash';
const neverAborted = new AbortController().signal;

/**
 * Snapshots as rows of a database and one numbered directory each (`fs`, `work`). A row is made last and deleted first, so a crash at any
 * instant leaves at most a directory that no row names, which `sweep` deletes. Nothing is fsynced.
 */
export class DirectorySnapshotStore implements SnapshotStore, AsyncDisposable {
  readonly #rows: SnapshotRows;
  readonly #directory: string;
  readonly #workers: RootWorkers;
  readonly #driver: SnapshotDriver;
  readonly #trash: Trash;
  readonly #mounts: TemporaryMounts;
  readonly #locks = new KeyedLock();
  readonly #stacks = new Map<Digest, readonly string[]>();
  // Directories that have no row yet.
  readonly #unfinished = new Set<number>();
  #nextId: number;

  constructor(options: SnapshotStoreOptions) {
    this.#rows = new SnapshotRows(options.database);
    this.#directory = options.directory;
    this.#workers = options.workers;
    this.#driver = options.driver;
    mkdirSync(options.directory, { recursive: true, mode: 0o711 });
    this.#trash = new Trash(join(options.directory, trashName), options.workers, options.log);
    this.#mounts = new TemporaryMounts(join(options.runDirectory, 'mounts'), options.directory, options.workers, options.log);
    this.#nextId = 1 + Math.max(0, ...this.#numbers(this.#directory), ...this.#numbers(join(this.#directory, trashName)));
  }

  /** Docker's name of the driver. */
  get driverName(): string {
    return this.#driver.name;
  }

  has(chainId: Digest): boolean {
    return this.#rows.committed(chainId) !== null;
  }

  async apply(layer: LayerToApply, options: { readonly signal: AbortSignal }): Promise<AppliedLayer> {
    const chainId = chainIdOf(layer.parent, layer.diffId);
    try {
      return await this.#locks.run(chainId, async () => {
        const there = this.#rows.committed(chainId);
        if (there === null) return { chainId, size: await this.#unpack(layer, chainId, options) };
        await layer.tar.cancel();
        return { chainId, size: there.size };
      });
    } catch (error) {
      if (!layer.tar.locked) await layer.tar.cancel(error).catch(() => undefined);
      throw error;
    }
  }

  async prepare(key: string, parent: Digest | null): Promise<readonly Mount[]> {
    if (this.#rows.active(key) !== null) throw new EngineError('AlreadyExists', `snapshot ${key} already exists`);
    const lower = this.#lower(parent);
    const id = this.#make();
    try {
      await this.#driver.seed(lower, this.#fs(id), { signal: neverAborted });
      if (this.#rows.active(key) !== null) throw new EngineError('AlreadyExists', `snapshot ${key} already exists`);
      this.#lower(parent);
      this.#rows.addActive({ id, key, parent });
      this.#unfinished.delete(id);
    } catch (error) {
      this.#drop(id);
      throw error;
    }
    return this.#driver.mounts({ top: { upper: this.#fs(id), work: this.#work(id) }, lower });
  }

  mounts(key: string): readonly Mount[] {
    const row = this.#active(key);
    return this.#driver.mounts({ top: { upper: this.#fs(row.id), work: this.#work(row.id) }, lower: this.#lower(row.parent) });
  }

  view(chainId: Digest): readonly Mount[] {
    return this.#driver.mounts({ top: null, lower: this.#lower(chainId) });
  }

  directories(key: string): SnapshotDirectories {
    const row = this.#active(key);
    return {
      upper: this.#fs(row.id),
      work: this.#work(row.id),
      merged: join(this.#directory, String(row.id), 'merged'),
      lower: this.#lower(row.parent),
    };
  }

  async commit(key: string, diffId: Digest): Promise<Digest> {
    const row = this.#active(key);
    const chainId = chainIdOf(row.parent, diffId);
    return this.#locks.run(chainId, async () => {
      const size = await this.usage(key);
      if (this.has(chainId)) await this.remove(key);
      else this.#rows.promote(key, { id: row.id, chain_id: chainId, parent: row.parent, size, created_ms: Date.now() });
      return chainId;
    });
  }

  async remove(key: string): Promise<void> {
    const row = this.#rows.active(key);
    if (row !== null) {
      this.#rows.removeActive(key);
      this.#drop(row.id);
    }
  }

  async removeCommitted(chainId: Digest): Promise<void> {
    const row = this.#rows.committed(chainId);
    if (row === null) return;
    const dependent = this.#rows.dependent(chainId);
    if (dependent !== null) throw new EngineError('Conflict', `Cannot remove snapshot ${chainId}: ${dependent} stands on it`);
    this.#rows.removeCommitted(chainId);
    this.#stacks.delete(chainId);
    this.#drop(row.id);
  }

  listCommitted(): readonly CommittedSnapshot[] {
    return this.#rows.allCommitted().map(toCommitted);
  }

  listActive(): readonly string[] {
    return this.#rows.allActive().map((row) => row.key);
  }

  async usage(key: string, options: { readonly signal: AbortSignal } = { signal: neverAborted }): Promise<number> {
    return this.#withChanges(this.#active(key), options, (upper) => this.#workers.fileBytes(upper, options));
  }

  async changes(key: string, options: { readonly signal: AbortSignal }): Promise<readonly PathChange[]> {
    const row = this.#active(key);
    return this.#withChanges(row, options, (upper) => this.#workers.changes(upper, this.#lower(row.parent), options));
  }

  diffTar(key: string, options: { readonly signal: AbortSignal }): ReadableStream<Uint8Array> {
    return streamFrom(this.#tar(this.#active(key), options));
  }

  layerTar(chainId: Digest, options: { readonly signal: AbortSignal }): ReadableStream<Uint8Array> {
    return streamFrom(this.#tar(this.#committed(chainId), options));
  }

  /**
   * Mounts the root of a key (writable) or of a chain ID (not to be written to) on the host until it is disposed. Not for the key of a running
   * container: its root is /proc/PID/root. @throws {EngineError} NotFound.
   */
  async mountTemporarily(name: string): Promise<TemporaryMount> {
    const active = this.#rows.active(name);
    const [mount] = active === null ? this.view(name as Digest) : this.mounts(name);
    if (mount === undefined) throw new EngineError('NotFound', `snapshot ${name} does not exist`);
    return this.#mounts.open(name, mount);
  }

  async sweep(): Promise<void> {
    await this.#mounts.sweep();
    const there = new Set(this.#numbers(this.#directory));
    for (const row of this.#rows.allActive()) if (!there.has(row.id)) this.#rows.removeActive(row.key);
    this.#sweepCommitted(there);
    const named = new Set([...this.#rows.allActive(), ...this.#rows.allCommitted()].map((row) => row.id));
    for (const id of there) if (!named.has(id) && !this.#unfinished.has(id)) this.#drop(id);
    for (const name of readdirSync(this.#directory)) if (name.startsWith('scratch-')) this.#trash.take(join(this.#directory, name), name);
    this.#stacks.clear();
    await this.#trash.sweep();
  }

  /** Waits for removed directories to be deleted. */
  async settled(): Promise<void> {
    await this.#trash.settled();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.settled();
  }

  // A layer without its directory, or without one below it, is no layer; whatever active snapshot stands on it stays for its owner to see.
  #sweepCommitted(there: ReadonlySet<number>): void {
    const whole = new Set<Digest>();
    for (const row of this.#rows.allCommitted()) {
      if (there.has(row.id) && (row.parent === null || whole.has(row.parent))) whole.add(row.chain_id);
      else this.#rows.removeCommitted(row.chain_id);
    }
  }

  async #unpack(layer: LayerToApply, chainId: Digest, options: { readonly signal: AbortSignal }): Promise<number> {
    // Nobody else may listen while the layer itself is unpacked.
    layer.below?.catch(() => undefined);
    if (!this.#driver.apart) await layer.below;
    const early = this.#driver.apart && layer.below !== undefined;
    let lower = early ? [] : this.#lower(layer.parent);
    const id = this.#make();
    try {
      if (!early) await this.#driver.seed(lower, this.#fs(id), options);
      const whiteouts = this.#driver.whiteouts(layer.parent === null);
      const applied = await this.#workers.applyTar(this.#fs(id), layer.tar, {
        signal: options.signal,
        whiteouts,
        hash: layer.verified !== true,
      });
      if (layer.verified !== true && applied.digest !== layer.diffId)
        throw new EngineError('InvalidArgument', `layer does not match its digest: expected ${layer.diffId}, got ${applied.digest}`);
      if (early) {
        await layer.below;
        lower = this.#lower(layer.parent);
      }
      if (applied.impliedDirectories.length > 0 && lower.length > 0) {
        const argument = { root: this.#fs(id), lower, paths: applied.impliedDirectories };
        await this.#workers.adoptDirectories(argument, options);
      }
      this.#lower(layer.parent);
      this.#rows.addCommitted({ id, chain_id: chainId, parent: layer.parent, size: applied.size, created_ms: Date.now() });
      this.#unfinished.delete(id);
      return applied.size;
    } catch (error) {
      this.#drop(id);
      throw error;
    }
  }

  // Synchronous: this is on the way of a container's start, and three mkdirs cost less than one turn of the thread pool.
  #make(): number {
    const id = this.#nextId++;
    const directory = join(this.#directory, String(id));
    this.#unfinished.add(id);
    mkdirSync(directory, { mode: 0o711 });
    mkdirSync(this.#fs(id));
    // Whatever the umask: this is the mode of the container's `/`.
    chmodSync(this.#fs(id), 0o755);
    mkdirSync(this.#work(id), { mode: 0o700 });
    return id;
  }

  #drop(id: number): void {
    this.#unfinished.delete(id);
    this.#trash.take(join(this.#directory, String(id)), String(id));
  }

  async *#tar(row: CommittedRow | ActiveRow, options: { readonly signal: AbortSignal }): AsyncGenerator<Uint8Array, void, void> {
    const scratch = this.#scratch();
    try {
      const upper = await this.#driver.changesDirectory(this.#fs(row.id), this.#lower(row.parent), scratch, options);
      yield* this.#workers.layerTar(upper, options);
    } finally {
      this.#trash.take(scratch, `scratch-${row.id}-${this.#nextId++}`);
    }
  }

  async #withChanges<T>(row: ActiveRow, options: { readonly signal: AbortSignal }, work: (upper: string) => Promise<T>): Promise<T> {
    const scratch = this.#scratch();
    try {
      return await work(await this.#driver.changesDirectory(this.#fs(row.id), this.#lower(row.parent), scratch, options));
    } finally {
      this.#trash.take(scratch, `scratch-${row.id}-${this.#nextId++}`);
    }
  }

  #scratch(): string {
    return join(this.#directory, `scratch-${this.#nextId++}`);
  }

  #active(key: string): ActiveRow {
    const row = this.#rows.active(key);
    if (row === null) throw new EngineError('NotFound', `snapshot ${key} does not exist`);
    return row;
  }

  #committed(chainId: Digest): CommittedRow {
    const row = this.#rows.committed(chainId);
    if (row === null) throw new EngineError('NotFound', `snapshot ${chainId} does not exist`);
    return row;
  }

  // The layers of a chain, top first. @throws NotFound.
  #lower(chainId: Digest | null): readonly string[] {
    if (chainId === null) return [];
    const known = this.#stacks.get(chainId);
    if (known !== undefined) return known;
    const row = this.#committed(chainId);
    const stack = [this.#fs(row.id), ...this.#lower(row.parent)];
    this.#stacks.set(chainId, stack);
    return stack;
  }

  #fs(id: number): string {
    return join(this.#directory, String(id), 'fs');
  }

  #work(id: number): string {
    return join(this.#directory, String(id), 'work');
  }

  #numbers(directory: string): number[] {
    return readdirSync(directory)
      .map(Number)
      .filter((id) => Number.isSafeInteger(id));
  }
}

function toCommitted(row: CommittedRow): CommittedSnapshot {
  return { chainId: row.chain_id, parent: row.parent, size: row.size, createdAt: new Date(row.created_ms) };
}
