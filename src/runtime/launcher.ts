import { EngineError, type Log } from '../base/index.ts';
import { sendWithDescriptors, type Libc } from '../kernel/index.ts';
import { MonitorConnection } from './connection.ts';
import type { Op } from './ops.ts';
import { encodeOps, encodeRequest } from './protocol.ts';

export interface LauncherOptions {
  readonly libc: Libc;
  /** The launcher's path, or its bytes (out of a single executable). */
  readonly launcher: string | Uint8Array;
  readonly log: Log;
}

const eagain = 11;
const tooManyReferences = 109;
const retryMs = 1;

/**
 * The engine's end of the zygote. It is started ahead, and again when it is gone; monitors do not depend on it. The zygote ends by itself when
 * this process does, in whatever way.
 */
export class Launcher implements AsyncDisposable {
  readonly #options: LauncherOptions;
  #zygote: { readonly control: number; readonly process: Bun.Subprocess } | undefined;
  #closed = false;

  constructor(options: LauncherOptions) {
    this.#options = options;
    this.#start();
  }

  /** The zygote's pid; for tests. */
  get pid(): number {
    return this.#start().process.pid;
  }

  /**
   * Starts a monitor on `ops`. `slots` stay the caller's. The connection yields `created`, then `started` or `failed`.
   * @throws {EngineError} Unavailable, when no launcher can be started; InvalidArgument, for a string with a NUL byte.
   */
  async launch(ops: readonly Op[], slots: readonly number[]): Promise<MonitorConnection> {
    const { libc } = this.#options;
    const list = libc.memoryFile('ops', encodeOps(ops));
    try {
      const [ours, theirs] = libc.socketPair('stream');
      try {
        await this.#send([theirs, list, ...slots]);
      } catch (error) {
        libc.close(ours);
        throw error;
      } finally {
        libc.close(theirs);
      }
      return await MonitorConnection.open({ fd: ours });
    } finally {
      libc.close(list);
    }
  }

  async #send(descriptors: readonly number[]): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const sent = sendWithDescriptors(this.#options.libc, this.#start().control, encodeRequest(), descriptors);
      if (sent >= 0) return;
      // A full queue is a burst of starts: the zygote takes one after the other.
      if (sent === -eagain || sent === -tooManyReferences) await Bun.sleep(retryMs);
      else if (attempt > 0) this.#options.libc.check(sent, 'send to the launcher');
      else this.#drop();
    }
  }

  #start(): { readonly control: number; readonly process: Bun.Subprocess } {
    if (this.#closed) throw new EngineError('Unavailable', 'the engine is shutting down');
    if (this.#zygote !== undefined) return this.#zygote;
    const { libc, launcher, log } = this.#options;
    const [control, theirs] = libc.socketPair('packets');
    // The bytes are executed from memory; the path is this process's, since the child has not the descriptor yet.
    const image = typeof launcher === 'string' ? -1 : libc.memoryFile('launcher', launcher);
    const path = typeof launcher === 'string' ? launcher : `/proc/${process.pid}/fd/${image}`;
    try {
      const child = Bun.spawn([path, 'zygote', '3'], { stdio: ['ignore', 'ignore', 'pipe', theirs], env: {}, cwd: '/' });
      child.unref();
      const zygote = { control, process: child };
      this.#zygote = zygote;
      // It lets go of stderr once it is ready: what it says there is why it could not.
      const words = new Response(child.stderr as ReadableStream<Uint8Array>).text();
      void child.exited.then(async (code) => {
        if (this.#zygote !== zygote) return;
        log.warn('the launcher is gone', { code, error: (await words).trim() });
        if (this.#zygote !== zygote) return;
        this.#drop();
      });
      return zygote;
    } catch (error) {
      libc.close(control);
      throw new EngineError('Unavailable', `Cannot start the launcher ${path}`, { cause: error });
    } finally {
      libc.close(theirs, image);
    }
  }

  #drop(): void {
    if (this.#zygote === undefined) return;
    this.#options.libc.close(this.#zygote.control);
    this.#zygote = undefined;
  }

  /** Ends the zygote, not the monitors. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const zygote = this.#zygote;
    this.#drop();
    await zygote?.process.exited;
  }
}
