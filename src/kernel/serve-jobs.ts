import { isEngineError, messageOf } from '../base/index.ts';
import { FileCalls } from './file-calls.ts';
import { RootThread } from './root-thread.ts';
import type { FromWorker, ToWorker, WireError } from './worker-protocol.ts';

/** What a job has: the thread's calls, and its root, which is the job's already. */
export interface JobContext {
  readonly calls: FileCalls;
  readonly root: RootThread;
}

/** A job that is fed a stream. `close` runs last, whatever happened. */
export interface SinkJob {
  push(bytes: Uint8Array): void;
  end(): unknown;
  close(): void;
}

/**
 * Work a chrooted thread can do: a `call` returns at once, a `sink` takes a stream, a `source` yields one (each array is given away, and the
 * generator's return value is the result). All of it synchronous.
 */
export type WorkerJob =
  | { readonly kind: 'call'; readonly run: (context: JobContext, argument: unknown) => unknown }
  | { readonly kind: 'sink'; readonly open: (context: JobContext, argument: unknown) => SinkJob }
  | {
      readonly kind: 'source';
      readonly open: (context: JobContext, argument: unknown) => Generator<Uint8Array<ArrayBuffer>, unknown, void>;
    };

type Running =
  | { readonly kind: 'idle' }
  | { readonly kind: 'sink'; readonly sink: SinkJob }
  | { readonly kind: 'source'; readonly source: Generator<Uint8Array<ArrayBuffer>, unknown, void> };

/** The worker's side of a thread: one of these per worker, as main thread of its file. */
export class JobServer {
  readonly #jobs: Readonly<Record<string, WorkerJob>>;
  readonly #send: (message: FromWorker, transfer: ArrayBuffer[]) => void;
  readonly #calls = new FileCalls();
  readonly #root = new RootThread(this.#calls);
  #running: Running = { kind: 'idle' };

  constructor(jobs: Readonly<Record<string, WorkerJob>>, send: (message: FromWorker, transfer: ArrayBuffer[]) => void) {
    this.#jobs = jobs;
    this.#send = send;
  }

  /** Takes a message of the pool. Never throws: failures are answers. */
  receive(message: ToWorker): void {
    try {
      this.#receive(message);
    } catch (error) {
      this.#finish();
      this.#send({ kind: 'failed', error: toWire(error) }, []);
    }
  }

  #receive(message: ToWorker): void {
    const running = this.#running;
    if (message.kind === 'start') return this.#start(message);
    if (message.kind === 'exit') {
      this.#root.close();
      this.#send({ kind: 'done', result: undefined }, []);
      return;
    }
    if (message.kind === 'input') {
      // Input that was on its way when its job failed is dropped, and its buffer with it.
      if (running.kind !== 'sink') return;
      running.sink.push(new Uint8Array(message.buffer, 0, message.length));
      this.#send({ kind: 'credit', buffer: message.buffer }, [message.buffer]);
    } else if (message.kind === 'inputEnd' && running.kind === 'sink') this.#done(running.sink.end());
    else if (message.kind === 'more' && running.kind === 'source') {
      const next = running.source.next();
      if (next.done === true) this.#done(next.value);
      else this.#send({ kind: 'output', bytes: next.value }, [next.value.buffer]);
    } else if (message.kind === 'abort' && running.kind !== 'idle') this.#done(undefined);
  }

  #start(message: Extract<ToWorker, { kind: 'start' }>): void {
    const job = this.#jobs[message.job];
    if (job === undefined) throw new TypeError(`no such job: ${message.job}`);
    const context = { calls: this.#calls, root: this.#root };
    if (message.root === null) this.#root.leave();
    else this.#root.enter(message.root);
    if (job.kind === 'call') this.#done(job.run(context, message.argument));
    else if (job.kind === 'sink') this.#running = { kind: 'sink', sink: job.open(context, message.argument) };
    else this.#running = { kind: 'source', source: job.open(context, message.argument) };
  }

  #done(result: unknown): void {
    this.#finish();
    this.#send({ kind: 'done', result }, []);
  }

  #finish(): void {
    const running = this.#running;
    this.#running = { kind: 'idle' };
    if (running.kind === 'sink') running.sink.close();
    if (running.kind === 'source') running.source.return(undefined);
    this.#root.leave();
  }
}

function toWire(error: unknown): WireError {
  if (isEngineError(error)) return { code: error.code, message: error.message, detail: error.detail };
  const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  return { code: missing ? 'NotFound' : '', message: messageOf(error), detail: {} };
}
