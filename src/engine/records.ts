import type { Database, Statement } from 'bun:sqlite';
import { EngineError } from '../base/index.ts';
import type { ContainerRecord, ContainerState, HealthState } from './contract.ts';

/** What a change may touch; `revision` counts by itself. */
export type RecordChange = Partial<
  Pick<ContainerRecord, 'name' | 'hostConfig' | 'endpoints' | 'state' | 'health' | 'restartCount' | 'stoppedByUser'>
>;

/*
 * containers
 *   id        TEXT  64 hex digits
 *   name      TEXT  unique
 *   fixed     TEXT  JSON: what create decided (config, hostConfig, mounts, paths, …); rewritten by rename and update only
 *   moving    TEXT  JSON: revision, state, health, restartCount, stoppedByUser; one small write for each change of state
 */
const schema = `
  CREATE TABLE IF NOT EXISTS containers (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, created INTEGER NOT NULL, fixed TEXT NOT NULL, moving TEXT NOT NULL
  ) STRICT`;

type Moving = Pick<ContainerRecord, 'revision' | 'state' | 'restartCount' | 'stoppedByUser'> & { readonly health?: HealthState };
type Fixed = Omit<ContainerRecord, keyof Moving | 'health' | 'createdAt'>;

/** Every container of this engine. Rows on disk, records in memory; a change is on disk (without fsync: WAL) before it can be seen. */
export class ContainerRecords {
  readonly #byId = new Map<string, ContainerRecord>();
  readonly #idByName = new Map<string, string>();
  readonly #reserved = new Map<string, string>();
  readonly #insert: Statement<unknown, [string, string, number, string, string]>;
  readonly #updateMoving: Statement<unknown, [string, string]>;
  readonly #updateAll: Statement<unknown, [string, string, string, string]>;
  readonly #delete: Statement<unknown, [string]>;
  #newestFirst: readonly ContainerRecord[] | undefined;
  #newest = 0;

  constructor(database: Database) {
    database.run(schema);
    this.#insert = database.prepare('INSERT INTO containers (id, name, created, fixed, moving) VALUES (?, ?, ?, ?, ?)');
    this.#updateMoving = database.prepare('UPDATE containers SET moving = ? WHERE id = ?');
    this.#updateAll = database.prepare('UPDATE containers SET name = ?, fixed = ?, moving = ? WHERE id = ?');
    this.#delete = database.prepare('DELETE FROM containers WHERE id = ?');
    const rows = database
      .prepare<{ created: number; fixed: string; moving: string }, []>('SELECT created, fixed, moving FROM containers ORDER BY rowid')
      .all();
    for (const row of rows) this.#index(fromRow(row));
    this.#newest = Math.max(0, ...rows.map(({ created }) => created));
  }

  /** By full id. */
  find(id: string): ContainerRecord | undefined {
    return this.#byId.get(id);
  }

  /** By full id, then by name (a leading slash is allowed), then by unambiguous id prefix, as Docker looks. @throws {EngineError} NotFound; InvalidArgument. */
  resolve(words: string): ContainerRecord {
    if (words === '') throw new EngineError('InvalidArgument', 'invalid container name or ID: value is empty');
    const exact = this.#byId.get(words) ?? this.findByName(words);
    if (exact !== undefined) return exact;
    let found: ContainerRecord | undefined;
    if (/^[0-9a-f]{1,63}$/.test(words)) {
      for (const [id, record] of this.#byId) {
        if (!id.startsWith(words)) continue;
        if (found !== undefined) throw new EngineError('InvalidArgument', `Multiple IDs found with provided prefix: ${words}`);
        found = record;
      }
    }
    if (found === undefined) throw new EngineError('NotFound', `No such container: ${words}`);
    return found;
  }

  /** With or without the leading slash. */
  findByName(name: string): ContainerRecord | undefined {
    const id = this.#idByName.get(name.startsWith('/') ? name.slice(1) : name);
    return id === undefined ? undefined : this.#byId.get(id);
  }

  /** Newest first; the same array until something changes. */
  list(): readonly ContainerRecord[] {
    this.#newestFirst ??= [...this.#byId.values()].toReversed();
    return this.#newestFirst;
  }

  /**
   * Takes a name for a container that is being made or renamed, so that two cannot have it. @returns the undo.
   * @throws {EngineError} Conflict, in Docker's words.
   */
  reserveName(name: string, id: string): () => void {
    const holder = this.nameHolder(name);
    if (holder !== undefined) {
      throw new EngineError(
        'Conflict',
        `Conflict. The container name "/${name}" is already in use by container "${holder}". ` +
          `You have to remove (or rename) that container to be able to reuse that name.`,
      );
    }
    this.#reserved.set(name, id);
    return () => this.#reserved.delete(name);
  }

  /** The id of who has or is about to have `name`. */
  nameHolder(name: string): string | undefined {
    return this.#idByName.get(name) ?? this.#reserved.get(name);
  }

  /** `now`, or the millisecond after the newest container's: so that times tell who came first. */
  creationTime(now: Date): Date {
    this.#newest = Math.max(now.getTime(), this.#newest + 1);
    return new Date(this.#newest);
  }

  insert(record: ContainerRecord): void {
    const { fixed, moving } = toRow(record);
    this.#insert.run(record.id, record.name, record.createdAt.getTime(), fixed, moving);
    this.#index(record);
  }

  /** Writes and returns the next revision. @throws {EngineError} NotFound, when it is gone; what SQLite throws, when the disk is full. */
  update(id: string, change: RecordChange): ContainerRecord {
    const before = this.#byId.get(id);
    if (before === undefined) throw new EngineError('NotFound', `No such container: ${id}`);
    const record: ContainerRecord = { ...before, ...change, revision: before.revision + 1 };
    this.#write(before, record, change);
    this.#index(record);
    return record;
  }

  /**
   * As `update`, for what has happened whether or not it can be written: `report` is told of a full disk, and memory goes on. The next engine then
   * sees the row of before.
   */
  note(id: string, change: RecordChange, report: (error: unknown) => void): ContainerRecord {
    try {
      return this.update(id, change);
    } catch (error) {
      const before = this.#byId.get(id);
      if (before === undefined) throw error;
      report(error);
      const record: ContainerRecord = { ...before, ...change, revision: before.revision + 1 };
      this.#index(record);
      return record;
    }
  }

  #write(before: ContainerRecord, record: ContainerRecord, change: RecordChange): void {
    if (change.name === undefined && change.hostConfig === undefined && change.endpoints === undefined) {
      this.#updateMoving.run(JSON.stringify(movingOf(record)), record.id);
      return;
    }
    const { fixed, moving } = toRow(record);
    this.#updateAll.run(record.name, fixed, moving, record.id);
    if (record.name !== before.name) this.#idByName.delete(before.name);
  }

  /** Idempotent. */
  delete(id: string): void {
    this.#delete.run(id);
    const record = this.#byId.get(id);
    if (record === undefined) return;
    this.#byId.delete(id);
    this.#idByName.delete(record.name);
    this.#newestFirst = undefined;
  }

  #index(record: ContainerRecord): void {
    this.#byId.set(record.id, record);
    this.#idByName.set(record.name, record.id);
    this.#newestFirst = undefined;
  }
}

function toRow(record: ContainerRecord): { readonly fixed: string; readonly moving: string } {
  const { revision: _r, state: _s, health: _h, restartCount: _c, stoppedByUser: _u, createdAt: _a, ...fixed } = record;
  return { fixed: JSON.stringify(fixed), moving: JSON.stringify(movingOf(record)) };
}

function movingOf(record: ContainerRecord): Moving {
  const { revision, state, health, restartCount, stoppedByUser } = record;
  return health === undefined ? { revision, state, restartCount, stoppedByUser } : { revision, state, health, restartCount, stoppedByUser };
}

function fromRow(row: { readonly created: number; readonly fixed: string; readonly moving: string }): ContainerRecord {
  const fixed = JSON.parse(row.fixed) as Fixed;
  const moving = JSON.parse(row.moving, reviveDates) as Moving;
  return { ...fixed, ...moving, createdAt: new Date(row.created) };
}

// Every key that ends in At holds a Date (STYLE: instants are `Date` named `…At`); nothing else in `moving` has such a name.
function reviveDates(key: string, value: unknown): unknown {
  return key.endsWith('At') && typeof value === 'string' ? new Date(value) : value;
}

/** Whether its process exists. */
export function isRunning(state: ContainerState): boolean {
  return state.status === 'running' || state.status === 'paused';
}
