import { mkdirSync, readdirSync, renameSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RootWorkers } from '../archive/index.ts';
import { isEngineError, messageOf, type Log } from '../base/index.ts';

/**
 * Directories on their way out: a rename takes one out of sight at once, a worker deletes it later, one after another. What a crash or an
 * error leaves is found by the next `sweep`.
 */
export class Trash {
  readonly #directory: string;
  readonly #workers: RootWorkers;
  readonly #log: Log;
  #running: Promise<void> | null = null;

  constructor(directory: string, workers: RootWorkers, log: Log) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#directory = directory;
    this.#workers = workers;
    this.#log = log;
  }

  /** Takes `directory` over. What is not there is no error. */
  take(directory: string, name: string): void {
    try {
      renameSync(directory, join(this.#directory, name));
    } catch (error) {
      if (!isMissing(error)) throw error;
      return;
    }
    this.#start();
  }

  /** Goes on with what is there; resolves when all of it is gone, or has failed once more. */
  async sweep(): Promise<void> {
    this.#start();
    await this.settled();
  }

  /** Resolves when nothing is being deleted. */
  async settled(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  #start(): void {
    this.#running ??= this.#empty().finally(() => (this.#running = null));
  }

  async #empty(): Promise<void> {
    const failed = new Set<string>();
    for (;;) {
      const name = readdirSync(this.#directory).find((entry) => !failed.has(entry));
      if (name === undefined) return;
      const directory = join(this.#directory, name);
      try {
        await this.#workers.emptyDirectory(directory, { signal: neverAborted });
        rmdirSync(directory);
      } catch (error) {
        failed.add(name);
        if (isEngineError(error, 'Unavailable')) return;
        this.#log.warn('cannot delete a removed snapshot; the next start tries again', { directory, error: messageOf(error) });
      }
    }
  }
}

const neverAborted = new AbortController().signal;

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
