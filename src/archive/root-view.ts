import { readdirSync } from 'node:fs';
import { EngineError, type ErrorCode } from '../base/index.ts';
import { errno, openFlags, openInRoot, type FileCalls } from '../kernel/index.ts';
import { joinPaths, sameBytes, splitPath } from './tar-path.ts';
import { bytesToText } from './text.ts';

const here = new Uint8Array([0x2e]);

/**
 * A thread's way around its root: goes into directories one at a time, so that every file is then named by its last name alone. Each step
 * is resolved by openat2 with RESOLVE_IN_ROOT and RESOLVE_NO_MAGICLINKS: symlinks lead inside the root only, the jump links of a mounted
 * /proc nowhere.
 */
export class RootView {
  readonly calls: FileCalls;
  /** Directory, from the root, that paths start at. */
  readonly base: Uint8Array;
  /** Directories `enter` had to make. */
  readonly implied: string[] = [];
  readonly #rootFd: number;
  #current: Uint8Array | null = null;
  #setGroupId = false;

  /** `base` is a clean path. The thread must be chrooted already. */
  constructor(calls: FileCalls, base: Uint8Array = new Uint8Array(0)) {
    this.calls = calls;
    this.base = base;
    this.#rootFd = this.must(calls.open(new Uint8Array([0x2f]), openFlags.path | openFlags.directory), 'open', new Uint8Array(0));
  }

  close(): void {
    this.calls.close(this.#rootFd);
  }

  /** Whether files made in the entered directory get its group. */
  get setGroupId(): boolean {
    return this.#setGroupId;
  }

  /** Opens a directory (clean path below the base) as an O_PATH descriptor, or minus errno. Follows symlinks inside the root. */
  openDirectory(path: Uint8Array): number {
    return openInRoot(this.calls, this.#rootFd, joinPaths(this.base, path), openFlags.path | openFlags.directory);
  }

  /** Makes a directory the working one; missing ones are made, root:root 0755. @throws {EngineError} InvalidArgument. */
  enter(path: Uint8Array): void {
    if (this.#current !== null && sameBytes(this.#current, path)) return;
    let fd = this.openDirectory(path);
    if (fd === -errno.ENOENT && path.length > 0) fd = this.#make(path);
    this.#go(this.must(fd, 'open', path), path);
  }

  /** The same for a directory that has to be there; false when it is not. */
  enterIfThere(path: Uint8Array): boolean {
    const fd = this.openDirectory(path);
    if (fd < 0) return false;
    this.#go(fd, path);
    return true;
  }

  /** Names in the working directory. */
  list(): Uint8Array[] {
    return readdirSync('.', { encoding: 'buffer' });
  }

  /** To be called when the working directory was changed or what it was has been removed. */
  forget(): void {
    this.#current = null;
  }

  /** `result`, unless it is minus errno. @throws {EngineError}. */
  must(result: number, call: string, path: Uint8Array): number {
    if (result < 0) throw callError(this.calls, call, bytesToText(path), -result);
    return result;
  }

  #make(path: Uint8Array): number {
    const { parent, name } = splitPath(path);
    this.enter(parent);
    const made = this.calls.mkdir(name, 0o755);
    if (made < 0 && made !== -errno.EEXIST) return made;
    if (made === 0) this.implied.push(bytesToText(path));
    const fd = this.openDirectory(path);
    // A symlink that leads nowhere stands where the directory should be.
    return made !== 0 && fd === -errno.ENOENT ? -errno.ENOTDIR : fd;
  }

  #go(fd: number, path: Uint8Array): void {
    this.#current = null;
    try {
      this.must(this.calls.fchdir(fd), 'chdir', path);
      this.#setGroupId = (this.calls.fstat(fd).mode & 0o2000) !== 0;
    } finally {
      this.calls.close(fd);
    }
    this.#current = path.slice();
  }
}

/** The working directory's own name. */
export const thisDirectory = here;

const callersFault = new Set<number>([errno.ENOENT, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.EINVAL, errno.EPERM, 36]);

/** A failed call in Go's words: `open /x: no space left on device`. InvalidArgument where a path is to blame, else Internal. */
export function callError(calls: FileCalls, call: string, path: string, number: number): EngineError {
  const code: ErrorCode = callersFault.has(number) ? 'InvalidArgument' : 'Internal';
  return new EngineError(code, `${call} /${path}: ${calls.errorText(number)}`, { detail: { errno: number, path: `/${path}` } });
}
