import { isEngineError } from '../../base/index.ts';
import type { ContainerProcess, OutputChunk } from '../../runtime/index.ts';
import type { AttachSession } from '../contract.ts';
import { DetachKeys } from './detach-keys.ts';
import { OutputQueue } from './output-queue.ts';

/** A session that does not read is given this much before its container has to wait for it, as with Docker. */
const queueBytes = 1024 * 1024;

export interface SessionRequest {
  readonly terminal: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly detachKeys: Uint8Array;
  /** The client's half-close ends the process's stdin (StdinOnce without a terminal, and exec); otherwise it ends the session. */
  readonly closesStdin: boolean;
  /** The process, once it runs; undefined when it never will. */
  readonly process: Promise<ContainerProcess | undefined>;
  /** Output from before the session: the log. */
  readonly replay?: AsyncIterable<OutputChunk>;
  readonly onDetach: () => void;
  /** The session has ended, for whatever reason; called once. */
  readonly onEnd: () => void;
}

/** One client's connection to a process. */
export class Session implements AttachSession {
  readonly #request: SessionRequest;
  readonly #queue = new OutputQueue(queueBytes);
  readonly #keys: DetachKeys;
  #ended = false;
  #stdinClosed = false;
  #written: Promise<void> = Promise.resolve();

  constructor(request: SessionRequest) {
    this.#request = request;
    this.#keys = new DetachKeys(request.terminal ? request.detachKeys : new Uint8Array(0));
  }

  get terminal(): boolean {
    return this.#request.terminal;
  }

  get output(): AsyncIterable<OutputChunk> {
    const { replay } = this.#request;
    return replay === undefined ? this.#queue : chain(replay, this.#queue);
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (!this.#request.stdin || this.#ended || this.#stdinClosed) return;
    const { bytes: typed, detached } = this.#keys.feed(bytes);
    if (typed.length > 0) {
      // One after the other, or two writes that wait for the process would race.
      const before = this.#written;
      this.#written = before.then(() => this.#deliver(typed));
      await this.#written;
    }
    if (!detached || this.#ended) return;
    this.#request.onDetach();
    this.end();
  }

  async closeStdin(): Promise<void> {
    if (!this.#request.stdin || this.#stdinClosed) return;
    this.#stdinClosed = true;
    await this.#written;
    if (!this.#request.closesStdin) return this.end();
    const process = await this.#request.process;
    await process?.closeStdin();
  }

  /** The client is gone, or wants no more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#queue.cut();
    this.end();
    // The process may not run yet, and perhaps never will: nobody waits for that.
    void this.closeStdin();
  }

  /** For the fan-out: never waits. */
  push(chunk: OutputChunk): void {
    if (this.#request[chunk.stream]) this.#queue.push(chunk);
  }

  /** For the fan-out: undefined when there is room. */
  room(): Promise<void> | undefined {
    return this.#queue.full ? this.#queue.room() : undefined;
  }

  /** For the fan-out: the process has ended, and what its pipes still hold is little. */
  lift(): void {
    this.#queue.lift();
  }

  /** The reader gets what is queued, then the end. Idempotent. */
  end(): void {
    this.#queue.end();
    if (this.#ended) return;
    this.#ended = true;
    this.#request.onEnd();
  }

  async #deliver(bytes: Uint8Array): Promise<void> {
    const process = await this.#request.process;
    try {
      await process?.write(bytes);
    } catch (error) {
      // What is typed after the process closed its stdin or ended goes nowhere, as with Docker.
      if (!isEngineError(error)) throw error;
    }
  }
}

async function* chain(first: AsyncIterable<OutputChunk>, second: AsyncIterable<OutputChunk>): AsyncGenerator<OutputChunk> {
  yield* first;
  yield* second;
}
