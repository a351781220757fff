import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EngineError, writeFileAtomic } from '../../base/index.ts';
import type { Op } from '../ops.ts';
import { readContainerRecord, type ContainerRecord } from '../container-record.ts';
import type { OciState } from './contract.ts';
import { isAlive, type ProcessIdentity } from './process-identity.ts';

/** `<root>/<id>/state.json`; beside it are container.json, monitor.sock, and the empty files `started` and `paused`. */
export interface SavedContainer {
  readonly version: 1;
  readonly id: string;
  readonly bundle: string;
  readonly process: ProcessIdentity;
  readonly created: string;
  /** For the words of a failure that comes only at start: without bytes and capabilities. */
  readonly ops: readonly Op[];
}

export type Mark = 'started' | 'paused';

/** The containers under one `--root`. */
export class OciStore {
  readonly #root: string;

  constructor(root: string) {
    this.#root = resolve(root);
  }

  directory(id: string): string {
    return join(this.#root, id);
  }

  /** Takes the id. @throws {EngineError} AlreadyExists; InvalidArgument, for what is no id. */
  reserve(id: string): string {
    if (!/^[\w+.-]{1,1024}$/.test(id) || id === '.' || id === '..')
      throw new EngineError('InvalidArgument', `invalid container ID format: ${id}`);
    mkdirSync(this.#root, { recursive: true, mode: 0o711 });
    try {
      mkdirSync(this.directory(id), { mode: 0o711 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw new EngineError('AlreadyExists', 'container with given ID already exists', { cause: error });
    }
    return this.directory(id);
  }

  save(saved: SavedContainer): void {
    // A filter's program and the capability sets say nothing about a failure.
    const plain = (_: string, value: unknown) => (typeof value === 'bigint' || value instanceof Uint8Array ? undefined : value);
    writeFileAtomic(join(this.directory(saved.id), 'state.json'), JSON.stringify(saved, plain), { mode: 0o600 });
  }

  /** @throws {EngineError} NotFound. */
  load(id: string): SavedContainer {
    try {
      return JSON.parse(readFileSync(join(this.directory(id), 'state.json'), 'utf8')) as SavedContainer;
    } catch (error) {
      throw new EngineError('NotFound', `container ${JSON.stringify(id)} does not exist`, { cause: error });
    }
  }

  /** @throws {EngineError} NotFound. */
  record(id: string): ContainerRecord {
    const record = existsSync(this.directory(id)) ? readContainerRecord(this.directory(id)) : undefined;
    if (record === undefined) throw new EngineError('NotFound', `container ${JSON.stringify(id)} does not exist`);
    return record;
  }

  /** @throws {EngineError} NotFound. */
  state(id: string): OciState {
    const saved = this.load(id);
    const { spec } = this.record(id);
    const status = this.#status(saved);
    return {
      ociVersion: spec.ociVersion,
      id,
      pid: status === 'stopped' ? 0 : saved.process.pid,
      status,
      bundle: saved.bundle,
      rootfs: resolve(saved.bundle, spec.root.path),
      created: saved.created,
      annotations: spec.annotations ?? {},
    };
  }

  mark(id: string, mark: Mark, set: boolean): void {
    const path = join(this.directory(id), mark);
    if (set) writeFileSync(path, '');
    else rmSync(path, { force: true });
  }

  ids(): readonly string[] {
    if (!existsSync(this.#root)) return [];
    return readdirSync(this.#root).filter((id) => existsSync(join(this.directory(id), 'state.json')));
  }

  remove(id: string): void {
    rmSync(this.directory(id), { recursive: true, force: true });
  }

  #status({ id, process }: SavedContainer): OciState['status'] {
    if (!isAlive(process)) return 'stopped';
    if (existsSync(join(this.directory(id), 'paused'))) return 'paused';
    return existsSync(join(this.directory(id), 'started')) ? 'running' : 'created';
  }
}
