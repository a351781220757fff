import { mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RootWorkers } from '../archive/index.ts';
import { messageOf, type Log } from '../base/index.ts';
import type { Mount } from '../spec/index.ts';
import { escapeLower } from './overlay-driver.ts';

/** A root that can be looked at until it is disposed. */
export interface TemporaryMount extends AsyncDisposable {
  readonly path: string;
}

interface Shared {
  readonly path: string;
  readonly ready: Promise<void>;
  users: number;
}

const neverAborted = new AbortController().signal;

/** Roots of stopped containers and of images, mounted on the host only while somebody looks; who looks at the same one shares the mount. */
export class TemporaryMounts {
  readonly #directory: string;
  readonly #layers: string;
  readonly #workers: RootWorkers;
  readonly #log: Log;
  readonly #shared = new Map<string, Shared>();
  #next = 0;

  /** `layers` is the directory under which all of a mount's layers are. */
  constructor(directory: string, layers: string, workers: RootWorkers, log: Log) {
    this.#directory = directory;
    this.#layers = layers;
    this.#workers = workers;
    this.#log = log;
  }

  /** `name` says which root `mount` is. A bind mount is not made: its source is the root. */
  async open(name: string, mount: Mount): Promise<TemporaryMount> {
    if (mount.type === 'bind') return { path: mount.source, async [Symbol.asyncDispose]() {} };
    const shared = this.#shared.get(name) ?? this.#begin(name, mount);
    shared.users++;
    let open = true;
    const close = async (): Promise<void> => {
      if (!open) return;
      open = false;
      if (--shared.users === 0) await this.#end(name, shared);
    };
    try {
      await shared.ready;
    } catch (error) {
      await close();
      throw error;
    }
    return { path: shared.path, [Symbol.asyncDispose]: close };
  }

  /** Detaches what an engine that died has left. */
  async sweep(): Promise<void> {
    const mine = new Set([...this.#shared.values()].map((shared) => shared.path));
    for (const name of list(this.#directory)) {
      const path = join(this.#directory, name);
      if (!mine.has(path)) await this.#detach(path);
    }
  }

  #begin(name: string, mount: Mount): Shared {
    let path: string;
    do path = join(this.#directory, String(this.#next++));
    while (list(this.#directory).includes(String(this.#next - 1)));
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const shared = { path, ready: this.#workers.mount(toArgument(mount, this.#layers, path), { signal: neverAborted }), users: 0 };
    this.#shared.set(name, shared);
    return shared;
  }

  async #end(name: string, shared: Shared): Promise<void> {
    if (this.#shared.get(name) === shared) this.#shared.delete(name);
    await this.#detach(shared.path);
  }

  async #detach(path: string): Promise<void> {
    try {
      await this.#workers.unmount(path, { signal: neverAborted });
      rmdirSync(path);
    } catch (error) {
      this.#log.warn('cannot detach a temporary mount; the next start tries again', { path, error: messageOf(error) });
    }
  }
}

// Layers are named from the directory that holds them all: long stacks then fit the one page mount(2) takes, and no letter of that
// directory's own name is in the way.
function toArgument(mount: Mount, from: string, target: string) {
  const options = mount.options
    .filter((option) => option !== 'ro')
    .map((option) => option.replaceAll(`${escapeLower(from)}/`, '').replaceAll(`${from}/`, ''));
  return { from, type: mount.type, source: mount.source, options: options.join(','), target };
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
