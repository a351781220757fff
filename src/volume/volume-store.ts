import type { Database, Statement } from 'bun:sqlite';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError, newId } from '../base/index.ts';
import type { CreateVolumeRequest, Volume, VolumeStore } from './contract.ts';
import { diskUsage } from './disk-usage.ts';

/*
 * volumes
 *   name TEXT · anonymous INTEGER 0|1 · created INTEGER ms · labels TEXT JSON · options TEXT JSON
 */
const schema = `
  CREATE TABLE IF NOT EXISTS volumes (
    name TEXT PRIMARY KEY, anonymous INTEGER NOT NULL, created INTEGER NOT NULL, labels TEXT NOT NULL, options TEXT NOT NULL
  ) STRICT`;

/** The volumes below `root` (`<data-root>/volumes`). */
export function openVolumeStore(options: { readonly database: Database; readonly root: string }): VolumeStore {
  mkdirSync(options.root, { recursive: true, mode: 0o701 });
  return new LocalVolumeStore(options.database, options.root);
}

class LocalVolumeStore implements VolumeStore {
  readonly #root: string;
  readonly #byName = new Map<string, Volume>();
  readonly #insert: Statement<unknown, [string, number, number, string, string]>;
  readonly #delete: Statement<unknown, [string]>;

  constructor(database: Database, root: string) {
    this.#root = root;
    database.run(schema);
    this.#insert = database.prepare('INSERT INTO volumes (name, anonymous, created, labels, options) VALUES (?, ?, ?, ?, ?)');
    this.#delete = database.prepare('DELETE FROM volumes WHERE name = ?');
    const rows = database.prepare<Row, []>('SELECT * FROM volumes ORDER BY created').all();
    for (const row of rows) this.#byName.set(row.name, this.#fromRow(row));
  }

  create(request: CreateVolumeRequest): Volume {
    if (request.driver !== '' && request.driver !== 'local') {
      throw new EngineError('NotFound', `error looking up volume plugin ${request.driver}: plugin "${request.driver}" not found`);
    }
    const existing = this.#byName.get(request.name);
    if (existing !== undefined) return existing;
    checkName(request.name);
    checkOptions(request.options);
    const name = request.name === '' ? newId() : request.name;
    const volume = {
      name,
      driver: 'local',
      labels: request.labels,
      options: request.options,
      createdAt: new Date(),
      anonymous: request.name === '',
      mountpoint: join(this.#root, name, '_data'),
    };
    // The directory first: a row always has one, and the sweep takes a directory without a row.
    mkdirSync(volume.mountpoint, { recursive: true, mode: 0o755 });
    this.#insert.run(
      name,
      volume.anonymous ? 1 : 0,
      volume.createdAt.getTime(),
      JSON.stringify(volume.labels),
      JSON.stringify(volume.options),
    );
    this.#byName.set(name, volume);
    return volume;
  }

  find(name: string): Volume | undefined {
    return this.#byName.get(name);
  }

  get(name: string): Volume {
    const volume = this.#byName.get(name);
    if (volume === undefined) throw new EngineError('NotFound', `get ${name}: no such volume`);
    return volume;
  }

  list(): readonly Volume[] {
    return [...this.#byName.values()];
  }

  async remove(name: string): Promise<void> {
    this.get(name);
    this.#delete.run(name);
    this.#byName.delete(name);
    await rm(join(this.#root, name), { recursive: true, force: true });
  }

  usage(name: string): Promise<number> {
    return diskUsage(this.get(name).mountpoint);
  }

  sweep(): void {
    for (const name of readdirSync(this.#root)) {
      if (!this.#byName.has(name)) rmSync(join(this.#root, name), { recursive: true, force: true });
    }
    // A power cut may keep a row and lose its directory.
    for (const volume of this.#byName.values()) mkdirSync(volume.mountpoint, { recursive: true, mode: 0o755 });
  }

  #fromRow(row: Row): Volume {
    return {
      name: row.name,
      driver: 'local',
      labels: JSON.parse(row.labels) as Volume['labels'],
      options: JSON.parse(row.options) as Volume['options'],
      createdAt: new Date(row.created),
      anonymous: row.anonymous === 1,
      mountpoint: join(this.#root, row.name, '_data'),
    };
  }
}

interface Row {
  readonly name: string;
  readonly anonymous: number;
  readonly created: number;
  readonly labels: string;
  readonly options: string;
}

function checkName(name: string): void {
  if (name === '') return;
  if (name.length === 1) {
    throw new EngineError('InvalidArgument', 'volume name is too short, names should be at least two alphanumeric characters');
  }
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) {
    throw new EngineError(
      'InvalidArgument',
      `create ${name}: ${JSON.stringify(name)} includes invalid characters for a local volume name, ` +
        `only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    );
  }
}

function checkOptions(options: CreateVolumeRequest['options']): void {
  for (const key of Object.keys(options)) {
    throw new EngineError('NotImplemented', `create volume: option ${JSON.stringify(key)} is not supported yet`);
  }
}
