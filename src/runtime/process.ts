import { EngineError } from '../base/index.ts';
import { readSome, setTerminalSize, writeSome, type Libc } from '../kernel/index.ts';
import type { MonitorConnection } from './connection.ts';
import type { ContainerRecord } from './container-record.ts';
import type { ContainerCgroup, ContainerProcess, ExitRecord, OutputChunk, TerminalSize } from './contract.ts';
import { readExitRecord, unknownExit } from './exit-record.ts';
import { watchBits } from './protocol.ts';
import type { StdioDescriptors } from './stdio.ts';

export interface RunningProcess {
  readonly id: string;
  readonly pid: number;
  readonly startedAt: Date;
  readonly terminal: boolean;
  /** Taken over: both are closed when the process is done with or let go. */
  readonly connection: MonitorConnection;
  readonly stdio: StdioDescriptors;
  readonly runDirectory: string;
  readonly cgroup: ContainerCgroup;
  /** Of the container it runs in. */
  readonly record: ContainerRecord;
}

// One read takes what a busy writer has put there; after `turnBytes` of them other work gets its turn.
const readBytes = 1 << 18;
const turnBytes = 1 << 20;
// A writer that wrote so much since the last pause gets one of a millisecond, so that it is read in large pieces and the monitor is not asked for each.
const burstBytes = 1 << 15;
const pauseMs = 1;

/**
 * A process that has a monitor. The monitor tells when there is something to read; reads and writes go straight to the pipe or terminal. When the
 * process has ended and all its output was taken, the monitor is told to go.
 */
export class MonitoredProcess implements ContainerProcess {
  readonly id: string;
  readonly pid: number;
  readonly startedAt: Date;
  readonly terminal: boolean;
  readonly cgroup: ContainerCgroup;
  readonly record: ContainerRecord;
  readonly exited: Promise<ExitRecord>;
  readonly #runDirectory: string;
  readonly #libc: Libc;
  readonly #connection: MonitorConnection;
  readonly #pidfd: number;
  #stdio: StdioDescriptors;
  #ended = false;
  #drained = false;
  #released = false;
  #reading = false;
  #tellReleased: () => void = () => undefined;
  #writing: Promise<void> = Promise.resolve();
  readonly #ready = new Map<number, () => void>();

  /** Opens a pidfd, so that a signal can reach no other process, and tells the monitor so. */
  constructor(libc: Libc, running: RunningProcess) {
    this.id = running.id;
    this.pid = running.pid;
    this.startedAt = running.startedAt;
    this.terminal = running.terminal;
    this.cgroup = running.cgroup;
    this.record = running.record;
    this.#runDirectory = running.runDirectory;
    this.#libc = libc;
    this.#connection = running.connection;
    this.#stdio = running.stdio;
    this.#pidfd = libc.openProcess(running.pid);
    this.#connection.send('acknowledge');
    this.exited = this.#waitForExit();
    void this.#hearReady();
  }

  async *output(): AsyncGenerator<OutputChunk, void, void> {
    if (this.#reading) throw new EngineError('Conflict', `the output of ${this.id} has a reader already`);
    this.#reading = true;
    const buffer = new Uint8Array(readBytes);
    const open = new Map<'stdout' | 'stderr', number>();
    if (this.#stdio.stdout >= 0) open.set('stdout', this.#stdio.stdout);
    if (this.#stdio.stderr >= 0) open.set('stderr', this.#stdio.stderr);
    try {
      for (let turn = 0, burst = 0; open.size > 0 && !this.#released;) {
        let idle = true;
        for (const [stream, descriptor] of open) {
          const got = readSome(this.#libc, descriptor, buffer);
          if (got === 'end') open.delete(stream);
          if (typeof got !== 'number') continue;
          idle = false;
          turn += got;
          burst += got;
          yield { stream, bytes: buffer.slice(0, got) };
          if (this.#released) return;
        }
        if (turn >= turnBytes) {
          turn = 0;
          await new Promise((resolve) => setImmediate(resolve));
        } else if (idle && burst >= burstBytes) {
          burst = 0;
          await Bun.sleep(pauseMs);
        } else if (idle && open.size > 0) {
          burst = 0;
          await this.#whenReady((open.has('stdout') ? watchBits.stdout : 0) | (open.has('stderr') ? watchBits.stderr : 0));
        }
      }
      this.#drained = true;
      this.#finish();
    } finally {
      this.#reading = false;
    }
  }

  write(bytes: Uint8Array): Promise<void> {
    const turn = this.#writing.then(() => this.#write(bytes));
    this.#writing = turn.catch(() => undefined);
    return turn;
  }

  async closeStdin(): Promise<void> {
    await this.#writing;
    const { stdin } = this.#stdio;
    if (stdin < 0 || this.terminal) return;
    this.#stdio = { ...this.#stdio, stdin: -1 };
    this.#libc.close(stdin);
    this.#connection.send('closeStdin');
  }

  signal(number: number): boolean {
    return !this.#ended && this.#pidfd >= 0 && this.#libc.signalProcess(this.#pidfd, number) === 0;
  }

  async resize(size: TerminalSize): Promise<void> {
    if (this.terminal && !this.#released) setTerminalSize(this.#libc, this.#stdio.stdout, size.rows, size.columns);
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    const { stdin, stdout, stderr } = this.#stdio;
    this.#stdio = { stdin: -1, stdout: -1, stderr: -1 };
    this.#libc.close(...new Set([stdin, stdout, stderr]), this.#pidfd);
    this.#connection.close();
    this.#wake(~0);
    this.#tellReleased();
  }

  /** For joining its namespaces; -1 when it has ended or was let go. */
  get pidfd(): number {
    return this.#ended || this.#released ? -1 : this.#pidfd;
  }

  /** Calls `tell` once, when the process was let go, or has ended and all its output was taken. */
  onRelease(tell: () => void): void {
    this.#tellReleased = tell;
  }

  /** Tells the monitor of an ended process to go, whatever output is left unread. */
  discard(): void {
    this.#drained = true;
    this.#finish();
  }

  async #waitForExit(): Promise<ExitRecord> {
    const event = await this.#connection.nextOrEnd('exited');
    // Let go of: nobody will know from here.
    if (event === undefined && this.#released) return new Promise(() => undefined);
    // A process whose monitor was killed has nobody to tell how it ends, so it ends now.
    if (event === undefined) this.signal(9);
    this.#ended = true;
    this.#finish();
    if (event === undefined) return readExitRecord(this.#runDirectory) ?? unknownExit();
    const { exitCode, signal, finishedAt, oomKilled } = event;
    return { exitCode, signal, finishedAt, oomKilled };
  }

  #finish(): void {
    if (!this.#ended || !this.#drained || this.#released) return;
    this.#connection.send('release');
    this.release();
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const { stdin } = this.#stdio;
      const wrote = stdin < 0 ? 'gone' : writeSome(this.#libc, stdin, bytes.subarray(at, at + readBytes));
      if (wrote === 'gone') throw new EngineError('Conflict', `the stdin of ${this.id} is closed`);
      if (wrote === 'later') await this.#whenReady(watchBits.stdin);
      else at += wrote;
    }
  }

  #whenReady(bits: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#released || this.#connection.closed) {
        // Without a monitor nobody tells: try again in a while.
        setTimeout(resolve, 20);
        return;
      }
      const before = this.#ready.get(bits);
      this.#ready.set(bits, () => {
        before?.();
        resolve();
      });
      this.#connection.send('watch', bits);
    });
  }

  async #hearReady(): Promise<void> {
    for (;;) {
      const event = await this.#connection.nextOrEnd('ready');
      this.#wake(event?.bits ?? ~0);
      if (event === undefined) return;
    }
  }

  #wake(bits: number): void {
    for (const [watched, wake] of this.#ready) {
      if ((watched & bits) === 0) continue;
      this.#ready.delete(watched);
      wake();
    }
  }
}
