import { EngineError, streamFrom } from '../base/index.ts';
import { WorkerThread } from './worker-thread.ts';

export interface RootJob {
  /** A name of the worker file's job table. */
  readonly job: string;
  /** Directory the thread is chrooted into for the job; null: the real root. */
  readonly root: string | null;
  /** Plain data. */
  readonly argument: unknown;
}

/**
 * Threads that work inside a root of their own (unshare(CLONE_FS) + chroot), so that paths they follow cannot lead out of it. A thread starts
 * when a job finds none idle, at most `maxWorkers` run, and an idle one ends after `idleMs`. Idle threads do not keep the process alive.
 * `entry` is the worker file: it makes a `JobServer`.
 */
export class ChrootWorkers implements AsyncDisposable {
  readonly #entry: string;
  readonly #maxWorkers: number;
  readonly #idleMs: number;
  readonly #idle: WorkerThread[] = [];
  readonly #all = new Set<WorkerThread>();
  readonly #waiting: Array<() => void> = [];
  #closed = false;

  constructor(options: { readonly entry: string; readonly maxWorkers: number; readonly idleMs: number }) {
    this.#entry = options.entry;
    this.#maxWorkers = options.maxWorkers;
    this.#idleMs = options.idleMs;
  }

  /** How many threads there are, busy and idle. */
  get size(): number {
    return this.#all.size;
  }

  /** Runs a job that takes and yields nothing. A job that has begun is not cut short by an abort, and the answer waits for it. */
  async call(job: RootJob, options: { readonly signal: AbortSignal }): Promise<unknown> {
    const thread = await this.#acquire(options.signal);
    try {
      return await thread.call(job);
    } finally {
      this.#release(thread);
    }
  }

  /** Runs a job over `input`, which it takes over; back-pressure goes through to it. After an abort the job is over when this rejects. */
  async sink(job: RootJob, input: ReadableStream<Uint8Array>, options: { readonly signal: AbortSignal }): Promise<unknown> {
    let thread: WorkerThread;
    try {
      thread = await this.#acquire(options.signal);
    } catch (error) {
      await input.cancel(error).catch(() => undefined);
      throw error;
    }
    try {
      return await thread.sink(job, input, options.signal);
    } finally {
      this.#release(thread);
    }
  }

  /** Runs a job that yields bytes; a chunk is made when it is asked for. `onResult` gets the job's own result after the last one. */
  source(
    job: RootJob,
    options: { readonly signal: AbortSignal; readonly onResult?: (result: unknown) => void },
  ): ReadableStream<Uint8Array> {
    return streamFrom(this.#chunks(job, options));
  }

  async #acquire(signal: AbortSignal): Promise<WorkerThread> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#closed) throw new EngineError('Unavailable', 'the engine is shutting down');
      const idle = this.#idle.pop();
      if (idle !== undefined) {
        idle.wake();
        if (idle.alive) return idle;
        this.#all.delete(idle);
        continue;
      }
      if (this.#all.size < this.#maxWorkers) {
        const thread = new WorkerThread(this.#entry);
        this.#all.add(thread);
        return thread;
      }
      await this.#turn(signal);
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        signal.removeEventListener('abort', go);
        const at = this.#waiting.indexOf(go);
        if (at >= 0) this.#waiting.splice(at, 1);
        resolve();
      };
      signal.addEventListener('abort', go, { once: true });
      this.#waiting.push(go);
    });
  }

  #release(thread: WorkerThread): void {
    if (!thread.alive || this.#closed) {
      this.#all.delete(thread);
      thread.end();
    } else {
      this.#idle.push(thread);
      thread.sleep(this.#idleMs, () => {
        const at = this.#idle.indexOf(thread);
        if (at >= 0) this.#idle.splice(at, 1);
        this.#all.delete(thread);
      });
    }
    this.#waiting[0]?.();
  }

  async *#chunks(
    job: RootJob,
    options: { readonly signal: AbortSignal; readonly onResult?: (result: unknown) => void },
  ): AsyncGenerator<Uint8Array, void, void> {
    const thread = await this.#acquire(options.signal);
    try {
      const result = yield* thread.source(job, options.signal);
      options.onResult?.(result);
    } finally {
      this.#release(thread);
    }
  }

  /** Ends every thread; jobs still running fail with Unavailable. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#all].map((thread) => thread.end()));
    this.#all.clear();
    for (const go of [...this.#waiting]) go();
  }
}
