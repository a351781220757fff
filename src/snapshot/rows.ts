import type { Database } from 'bun:sqlite';
import type { Digest } from '../spec/index.ts';

export interface CommittedRow {
  readonly id: number;
  readonly chain_id: Digest;
  readonly parent: Digest | null;
  readonly size: number;
  readonly created_ms: number;
}

export interface ActiveRow {
  readonly id: number;
  readonly key: string;
  readonly parent: Digest | null;
}

/** The names of all snapshots. `id` is the name of a directory; what no row names is rubbish. */
export class SnapshotRows {
  readonly #database: Database;
  readonly #committed;
  readonly #active;
  readonly #insertCommitted;
  readonly #insertActive;
  readonly #deleteCommitted;
  readonly #deleteActive;
  readonly #dependents;

  constructor(database: Database) {
    database.run(`create table if not exists snapshot_committed (
      id integer primary key, chain_id text not null unique, parent text, size integer not null, created_ms integer not null) strict`);
    database.run('create index if not exists snapshot_committed_parent on snapshot_committed (parent)');
    database.run('create table if not exists snapshot_active (id integer primary key, key text not null unique, parent text) strict');
    database.run('create index if not exists snapshot_active_parent on snapshot_active (parent)');
    this.#database = database;
    this.#committed = database.query<CommittedRow, [string]>('select * from snapshot_committed where chain_id = ?');
    this.#active = database.query<ActiveRow, [string]>('select * from snapshot_active where key = ?');
    this.#insertCommitted = database.query<null, [number, string, string | null, number, number]>(
      'insert into snapshot_committed (id, chain_id, parent, size, created_ms) values (?, ?, ?, ?, ?)',
    );
    this.#insertActive = database.query<null, [number, string, string | null]>(
      'insert into snapshot_active (id, key, parent) values (?, ?, ?)',
    );
    this.#deleteCommitted = database.query<null, [string]>('delete from snapshot_committed where chain_id = ?');
    this.#deleteActive = database.query<null, [string]>('delete from snapshot_active where key = ?');
    this.#dependents = database.query<{ readonly name: string }, [string, string]>(
      'select chain_id as name from snapshot_committed where parent = ? union all select key from snapshot_active where parent = ? limit 1',
    );
  }

  committed(chainId: string): CommittedRow | null {
    return this.#committed.get(chainId);
  }

  active(key: string): ActiveRow | null {
    return this.#active.get(key);
  }

  allCommitted(): CommittedRow[] {
    return this.#database.query<CommittedRow, []>('select * from snapshot_committed order by id').all();
  }

  allActive(): ActiveRow[] {
    return this.#database.query<ActiveRow, []>('select * from snapshot_active order by id').all();
  }

  /** A snapshot that stands on `chainId`, or null. */
  dependent(chainId: string): string | null {
    return this.#dependents.get(chainId, chainId)?.name ?? null;
  }

  addCommitted(row: CommittedRow): void {
    this.#insertCommitted.run(row.id, row.chain_id, row.parent, row.size, row.created_ms);
  }

  addActive(row: ActiveRow): void {
    this.#insertActive.run(row.id, row.key, row.parent);
  }

  removeCommitted(chainId: string): void {
    this.#deleteCommitted.run(chainId);
  }

  removeActive(key: string): void {
    this.#deleteActive.run(key);
  }

  /** The active row becomes the committed one, in one transaction. */
  promote(key: string, row: CommittedRow): void {
    this.#database.transaction(() => {
      this.removeActive(key);
      this.addCommitted(row);
    })();
  }
}
