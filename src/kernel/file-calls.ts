import { constants } from 'node:fs';
import { ptr, read, type Pointer } from 'bun:ffi';
import { openFileSymbols, type FileSymbols } from './file-symbols.ts';

/** A path as bytes, without a NUL. Relative ones start at the calling thread's working directory. */
export type PathBytes = Uint8Array;

/** What statx(2) tells, links not followed. */
export interface FileStat {
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** 512-byte blocks on disk. */
  readonly blocks: number;
  readonly ino: bigint;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  /** Of a device node. */
  readonly rdevMajor: number;
  readonly rdevMinor: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanos: number;
  /** Whether something is mounted right there. Linux 5.8. */
  readonly mountRoot: boolean;
}

export const openFlags = {
  ...{ read: constants.O_RDONLY, write: constants.O_WRONLY, create: constants.O_CREAT, exclusive: constants.O_EXCL },
  ...{ directory: constants.O_DIRECTORY, noFollow: constants.O_NOFOLLOW, truncate: constants.O_TRUNC, nonBlock: constants.O_NONBLOCK },
  path: 0o10000000,
  closeOnExec: 0o2000000,
} as const;

export const errno = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  ENXIO: 6,
  EEXIST: 17,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENOSPC: 28,
  ENOTEMPTY: 39,
  ELOOP: 40,
  ENODATA: 61,
  EOPNOTSUPP: 95,
} as const;

const atCwd = -100;
const symlinkNoFollow = 0x100;
const atEmptyPath = 0x1000;
const mountRootAttribute = 0x2000;
const pathMax = 4096;

/**
 * The system calls of one thread that works on files, straight and synchronous. Calls return what the kernel returns, or the negative errno;
 * `check` turns that into an error. Not to be shared between threads.
 */
export class FileCalls {
  readonly symbols: FileSymbols = openFileSymbols();
  readonly #errno: Pointer;
  readonly #first = new Uint8Array(pathMax + 1);
  readonly #second = new Uint8Array(pathMax + 1);
  readonly #firstAt = ptr(this.#first);
  readonly #secondAt = ptr(this.#second);
  readonly #times = new BigInt64Array(4);
  readonly #timesAt = ptr(this.#times);
  readonly #stat = new DataView(new ArrayBuffer(256));
  readonly #statAt = ptr(this.#stat);

  constructor() {
    const location = this.symbols.__errno_location();
    if (location === null) throw new TypeError('libc has no errno');
    this.#errno = Number(location) as Pointer;
  }

  /** `result`, or minus errno where it is negative. */
  result(result: number): number {
    return result < 0 ? -read.i32(this.#errno, 0) : result;
  }

  /** The kernel's words for an errno, as Go prints them: `no such file or directory`. */
  errorText(errno: number): string {
    const text = String(this.symbols.strerror(errno));
    return text.slice(0, 1).toLowerCase() + text.slice(1);
  }

  /** Address of `path` with a NUL after it, until the next call that uses slot one. */
  path(path: PathBytes): Pointer {
    if (path.length > pathMax) throw new RangeError('path is too long');
    this.#first.set(path);
    this.#first[path.length] = 0;
    return this.#firstAt;
  }

  /** The same for a second path. */
  path2(path: PathBytes): Pointer {
    if (path.length > pathMax) throw new RangeError('path is too long');
    this.#second.set(path);
    this.#second[path.length] = 0;
    return this.#secondAt;
  }

  open(path: PathBytes, flags: number, mode = 0): number {
    return this.result(this.symbols.open(this.path(path), flags | openFlags.closeOnExec, mode));
  }

  close(fd: number): void {
    this.symbols.close(fd);
  }

  /** Reads up to `length` bytes into `into` at `at`. */
  read(fd: number, into: Uint8Array, at: number, length: number): number {
    if (length === 0) return 0;
    return this.result(this.symbols.read(fd, ptr(into, at), length));
  }

  /** Writes all of `bytes` at the file's position; 0 or minus errno. */
  write(fd: number, bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length) {
      const written = this.result(this.symbols.write(fd, ptr(bytes, at), bytes.length - at));
      if (written < 0 && written !== -errno.EINTR) return written;
      at += Math.max(written, 0);
    }
    return 0;
  }

  seek(fd: number, offset: number, whence: number): number {
    return this.result(Number(this.symbols.lseek64(fd, BigInt(offset), whence)));
  }

  truncate(fd: number, size: number): number {
    return this.result(this.symbols.ftruncate64(fd, BigInt(size)));
  }

  mkdir(path: PathBytes, mode: number): number {
    return this.result(this.symbols.mkdir(this.path(path), mode));
  }

  rmdir(path: PathBytes): number {
    return this.result(this.symbols.rmdir(this.path(path)));
  }

  unlink(path: PathBytes): number {
    return this.result(this.symbols.unlink(this.path(path)));
  }

  rename(from: PathBytes, to: PathBytes): number {
    return this.result(this.symbols.rename(this.path(from), this.path2(to)));
  }

  symlink(target: PathBytes, path: PathBytes): number {
    return this.result(this.symbols.symlink(this.path2(target), this.path(path)));
  }

  /** Hard links `name` of directory `fromFd` as `path`; a symlink is linked, not followed. */
  link(fromFd: number, name: PathBytes, path: PathBytes): number {
    return this.result(this.symbols.linkat(fromFd, this.path2(name), atCwd, this.path(path), 0));
  }

  /** `mode` with its file type bits. */
  mknod(path: PathBytes, mode: number, major: number, minor: number): number {
    return this.result(this.symbols.mknod(this.path(path), mode, deviceNumber(major, minor)));
  }

  readlink(path: PathBytes): Uint8Array | null {
    const target = new Uint8Array(pathMax);
    const length = this.symbols.readlink(this.path(path), ptr(target), pathMax);
    return length < 0 ? null : target.subarray(0, length);
  }

  fchown(fd: number, uid: number, gid: number): number {
    return this.result(this.symbols.fchown(fd, uid, gid));
  }

  lchown(path: PathBytes, uid: number, gid: number): number {
    return this.result(this.symbols.lchown(this.path(path), uid, gid));
  }

  fchmod(fd: number, mode: number): number {
    return this.result(this.symbols.fchmod(fd, mode));
  }

  /** Follows a symlink: only for names known to be none. */
  chmod(path: PathBytes, mode: number): number {
    return this.result(this.symbols.chmod(this.path(path), mode));
  }

  futimes(fd: number, seconds: number, nanos: number): number {
    this.#setTimes(seconds, nanos);
    return this.result(this.symbols.futimens(fd, this.#timesAt));
  }

  lutimes(path: PathBytes, seconds: number, nanos: number): number {
    this.#setTimes(seconds, nanos);
    return this.result(this.symbols.utimensat(atCwd, this.path(path), this.#timesAt, symlinkNoFollow));
  }

  /** Null when there is nothing at `path`. */
  lstat(path: PathBytes): FileStat | null {
    return this.symbols.statx(atCwd, this.path(path), symlinkNoFollow, 0x7ff, this.#statAt) < 0 ? null : this.#statOf();
  }

  fstat(fd: number): FileStat {
    this.#first[0] = 0;
    if (this.symbols.statx(fd, this.#firstAt, atEmptyPath | symlinkNoFollow, 0x7ff, this.#statAt) < 0) throw new Error('fstat failed');
    return this.#statOf();
  }

  fchdir(fd: number): number {
    return this.result(this.symbols.fchdir(fd));
  }

  chdir(path: PathBytes): number {
    return this.result(this.symbols.chdir(this.path(path)));
  }

  /** mount(2) without flags. Relative names in `options` start at the thread's working directory. */
  mount(source: PathBytes, target: PathBytes, type: PathBytes, options: PathBytes): number {
    const [typeText, optionText] = [terminated(type), terminated(options)];
    return this.result(this.symbols.mount(this.path(source), this.path2(target), ptr(typeText), 0, ptr(optionText)));
  }

  unmount(target: PathBytes, flags: number): number {
    return this.result(this.symbols.umount2(this.path(target), flags));
  }

  #setTimes(seconds: number, nanos: number): void {
    const whole = BigInt(seconds);
    const part = BigInt(nanos);
    this.#times[0] = whole;
    this.#times[1] = part;
    this.#times[2] = whole;
    this.#times[3] = part;
  }

  // struct statx of linux/stat.h: the same layout on every architecture.
  #statOf(): FileStat {
    const view = this.#stat;
    return {
      mountRoot: (view.getUint32(8, true) & mountRootAttribute) !== 0,
      nlink: view.getUint32(16, true),
      uid: view.getUint32(20, true),
      gid: view.getUint32(24, true),
      mode: view.getUint16(28, true),
      ino: view.getBigUint64(32, true),
      size: Number(view.getBigUint64(40, true)),
      blocks: Number(view.getBigUint64(48, true)),
      mtimeSeconds: Number(view.getBigInt64(112, true)),
      mtimeNanos: view.getUint32(120, true),
      rdevMajor: view.getUint32(128, true),
      rdevMinor: view.getUint32(132, true),
      deviceMajor: view.getUint32(136, true),
      deviceMinor: view.getUint32(140, true),
    };
  }
}

/** The kind bits of st_mode. */
export const fileTypes = {
  mask: 0o170000,
  socket: 0o140000,
  symlink: 0o120000,
  file: 0o100000,
  block: 0o060000,
  directory: 0o040000,
  char: 0o020000,
  fifo: 0o010000,
} as const;

function terminated(text: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(text.length + 1);
  bytes.set(text);
  return bytes;
}

// makedev(3) of glibc.
function deviceNumber(major: number, minor: number): bigint {
  const high = BigInt(major >>> 0);
  const low = BigInt(minor >>> 0);
  return ((high & 0xfffff000n) << 32n) | ((high & 0xfffn) << 8n) | ((low & 0xffffff00n) << 12n) | (low & 0xffn);
}
