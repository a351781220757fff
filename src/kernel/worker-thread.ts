import { EngineError, type ErrorCode } from '../base/index.ts';
import type { RootJob } from './chroot-worker.ts';
import { inputBufferBytes, inputBuffers, type FromWorker, type ToWorker, type WireError } from './worker-protocol.ts';

type Answer = Extract<FromWorker, { kind: 'done' | 'failed' }>;

/** One worker thread, seen from the engine: it does one job at a time. */
export class WorkerThread {
  readonly #worker: Worker;
  readonly #closed = Promise.withResolvers<void>();
  #alive = true;
  #busy = false;
  #inbox: FromWorker[] = [];
  #wanted: PromiseWithResolvers<void> | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(entry: string) {
    this.#worker = new Worker(entry);
    this.#worker.addEventListener('message', (event: MessageEvent<FromWorker>) => this.#receive(event.data));
    this.#worker.addEventListener('error', (event) => {
      event.preventDefault();
      this.#die(`the worker thread failed: ${event.message}`);
      this.#worker.terminate();
    });
    this.#worker.addEventListener('close', () => {
      this.#die('the worker thread ended');
      this.#closed.resolve();
    });
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Idle: the process may end; after `idleMs` the thread does, and `ended` is called. */
  sleep(idleMs: number, ended: () => void): void {
    this.#worker.unref();
    this.#timer = setTimeout(() => {
      ended();
      void this.end();
    }, idleMs);
    this.#timer.unref();
  }

  wake(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#worker.ref();
  }

  /** Resolves when the thread is gone. A job it was at fails. */
  async end(): Promise<void> {
    this.wake();
    if (this.#alive && !this.#busy) {
      this.#inbox = [];
      this.#busy = true;
      this.#post({ kind: 'exit' });
      await this.#answer().catch(() => undefined);
    }
    this.#die('the engine is shutting down');
    this.#worker.terminate();
    await this.#closed.promise;
  }

  async call(job: RootJob): Promise<unknown> {
    this.#start(job);
    return resultOf(await this.#answer());
  }

  async sink(job: RootJob, input: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<unknown> {
    const reader = input.getReader();
    // An abort must wake a read of a source that says nothing.
    const onAbort = (): void => void reader.cancel(signal.reason).catch(() => undefined);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      this.#start(job);
      const buffers = Array.from({ length: inputBuffers }, () => new ArrayBuffer(inputBufferBytes));
      let filling: Uint8Array<ArrayBuffer> | null = null;
      let filled = 0;
      for (;;) {
        signal.throwIfAborted();
        const { done, value } = await reader.read();
        signal.throwIfAborted();
        if (done) break;
        for (let at = 0; at < value.length;) {
          filling ??= new Uint8Array(buffers.pop() ?? (await this.#credit()));
          const taken = Math.min(value.length - at, inputBufferBytes - filled);
          filling.set(value.subarray(at, at + taken), filled);
          filled += taken;
          at += taken;
          if (filled < inputBufferBytes) continue;
          this.#post({ kind: 'input', buffer: filling.buffer, length: filled }, [filling.buffer]);
          filling = null;
          filled = 0;
        }
      }
      if (filling !== null && filled > 0) this.#post({ kind: 'input', buffer: filling.buffer, length: filled }, [filling.buffer]);
      this.#post({ kind: 'inputEnd' });
      return resultOf(await this.#answer());
    } catch (error) {
      await reader.cancel(error).catch(() => undefined);
      await this.#abort();
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async *source(job: RootJob, signal: AbortSignal): AsyncGenerator<Uint8Array, unknown, void> {
    try {
      this.#start(job);
      for (;;) {
        signal.throwIfAborted();
        this.#post({ kind: 'more' });
        const message = await this.#next();
        if (message.kind === 'output') yield message.bytes;
        else if (message.kind !== 'credit') return resultOf(message);
      }
    } finally {
      await this.#abort();
    }
  }

  #start(job: RootJob): void {
    this.#inbox = [];
    this.#post({ kind: 'start', job: job.job, root: job.root, argument: job.argument });
    this.#busy = true;
  }

  // Ends the job and waits until the worker says so: whoever called may now remove what the job worked on.
  async #abort(): Promise<void> {
    if (!this.#busy || !this.#alive) return;
    this.#post({ kind: 'abort' });
    while (this.#busy && this.#alive) await this.#next().catch(() => undefined);
  }

  async #answer(): Promise<Answer> {
    for (;;) {
      const message = await this.#next();
      if (message.kind === 'done' || message.kind === 'failed') return message;
    }
  }

  // A buffer the worker has given back; or the job's own error, when it failed instead.
  async #credit(): Promise<ArrayBuffer> {
    const message = await this.#next();
    if (message.kind === 'credit') return message.buffer;
    if (message.kind === 'failed') throw toError(message.error);
    throw new TypeError(`the worker answered ${message.kind} before its input ended`);
  }

  async #next(): Promise<FromWorker> {
    for (;;) {
      const message = this.#inbox.shift();
      if (message !== undefined) return message;
      if (!this.#alive) throw new EngineError('Unavailable', 'the worker thread ended');
      this.#wanted ??= Promise.withResolvers<void>();
      await this.#wanted.promise;
    }
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'done' || message.kind === 'failed') this.#busy = false;
    this.#inbox.push(message);
    // Answers reach callers in a turn of their own: no further message is delivered while this one is, so a caller that runs the event loop
    // inside its turn (bun:test's `rejects` does) would wait for ever.
    if (message.kind === 'credit') this.#wake();
    else setImmediate(() => this.#wake());
  }

  #die(why: string): void {
    if (!this.#alive) return;
    this.#alive = false;
    if (this.#busy) this.#inbox.push({ kind: 'failed', error: { code: 'Unavailable', message: why, detail: {} } });
    this.#busy = false;
    this.#wake();
  }

  #wake(): void {
    this.#wanted?.resolve();
    this.#wanted = null;
  }

  #post(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    if (!this.#alive) throw new EngineError('Unavailable', 'the worker thread ended');
    this.#worker.postMessage(message, transfer);
  }
}

function resultOf(answer: FromWorker): unknown {
  if (answer.kind === 'done') return answer.result;
  throw answer.kind === 'failed' ? toError(answer.error) : new TypeError(`unexpected answer ${answer.kind}`);
}

// Codes come from EngineErrors of the other thread; everything else is our fault.
function toError(error: WireError): EngineError {
  return new EngineError(error.code === '' ? 'Internal' : (error.code as ErrorCode), error.message, { detail: error.detail });
}
