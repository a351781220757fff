import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { RootWorkers } from '../archive/index.ts';
import { messageOf, type Log } from '../base/index.ts';

/** Deleting waits this long, so that a burst of removals is one job for a worker. */
const delayMs = 200;

/**
 * Files of removed containers on their way out: a rename (0.02 ms) takes them out of sight, a worker deletes them later. What a killed engine
 * leaves here is deleted by the next one.
 */
export class Trash implements AsyncDisposable {
  readonly #directory: string;
  readonly #workers: RootWorkers;
  readonly #log: Log;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  readonly #closing = new AbortController();

  /** Makes `directory`, which must be on the file system of what it is to take. */
  constructor(directory: string, workers: RootWorkers, log: Log) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#directory = directory;
    this.#workers = workers;
    this.#log = log;
    if (readdirSync(directory).length > 0) this.#plan();
  }

  /** Takes `directory` over, under a name nothing else here has. What is not there is no error. */
  take(directory: string, name: string): void {
    try {
      renameSync(directory, join(this.#directory, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    this.#plan();
  }

  /** Stops; what is left is the next engine's. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new Error('the engine is closing'));
    clearTimeout(this.#timer);
    await this.#running;
  }

  #plan(): void {
    if (this.#closing.signal.aborted || this.#timer !== undefined || this.#running !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#running = this.#empty().finally(() => {
        this.#running = undefined;
      });
    }, delayMs);
    this.#timer.unref();
  }

  async #empty(): Promise<void> {
    try {
      while (!this.#closing.signal.aborted && readdirSync(this.#directory).length > 0) {
        await this.#workers.emptyDirectory(this.#directory, { signal: this.#closing.signal });
      }
    } catch (error) {
      // Closing: the next engine goes on.
      if (!this.#closing.signal.aborted) this.#log.warn('cannot delete removed files', { error: messageOf(error) });
    }
  }
}
