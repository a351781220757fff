import { errno, openFlags, type FileCalls } from './file-calls.ts';

const cloneFs = 0x200;
const slash = Buffer.from('/');
const dot = Buffer.from('.');

/**
 * The root and working directory of one thread, apart from the rest of the process: unshare(CLONE_FS) of unshare(2). Must be made in a
 * worker, never on the main thread. Only synchronous calls see it: what the runtime does on its pool threads keeps the real root.
 */
export class RootThread {
  readonly #calls: FileCalls;
  readonly #realRoot: number;

  constructor(calls: FileCalls) {
    this.#calls = calls;
    this.#check(calls.result(calls.symbols.unshare(cloneFs)), 'unshare');
    calls.symbols.umask(0);
    this.#realRoot = this.#check(calls.open(slash, openFlags.path | openFlags.directory), 'open /');
  }

  /** Makes `directory` of the real root this thread's root and working directory. @throws {Error} with `errno`. */
  enter(directory: string): void {
    this.leave();
    const fd = this.#check(this.#calls.open(Buffer.from(directory), openFlags.path | openFlags.directory), `open ${directory}`);
    try {
      this.#check(this.#calls.fchdir(fd), `chdir ${directory}`);
      this.#check(this.#calls.result(this.#calls.symbols.chroot(this.#calls.path(dot))), `chroot ${directory}`);
    } finally {
      this.#calls.close(fd);
    }
  }

  /** Back to the real root. */
  leave(): void {
    this.#check(this.#calls.fchdir(this.#realRoot), 'chdir /');
    this.#check(this.#calls.result(this.#calls.symbols.chroot(this.#calls.path(dot))), 'chroot /');
  }

  /** Gives back what the thread holds of the process: descriptors outlive threads. It is of no use after. */
  close(): void {
    this.#calls.close(this.#realRoot);
  }

  #check(result: number, what: string): number {
    if (result >= 0) return result;
    const missing = -result === errno.ENOENT;
    throw Object.assign(new Error(`${what}: ${this.#calls.errorText(-result)}`), { errno: -result, code: missing ? 'ENOENT' : 'EIO' });
  }
}
