import { ptr } from 'bun:ffi';
import type { Libc } from './libc.ts';

const closeOnExec = 0o2000000;
const nonBlock = 0o4000;
const setFlags = 4;
const getFlags = 3;
const setPipeSize = 1031;
const setWindowSize = 0x5414n;
const eintr = 4;
const eio = 5;
const eagain = 11;

export interface Pipe {
  readonly read: number;
  readonly write: number;
}

/**
 * A pipe, close-on-exec. `ours` is the end that never blocks; the other one, for a program, does. `bytes` asks for a buffer size: where the
 * kernel refuses (fs.pipe-max-size, pipe-user-pages-hard) it stays at 64 KiB. @throws {EngineError} Internal, when out of descriptors.
 */
export function makePipe(libc: Libc, options: { readonly ours: 'read' | 'write'; readonly bytes?: number }): Pipe {
  const pair = new Int32Array(2);
  libc.check(libc.result(libc.symbols.pipe2(ptr(pair), closeOnExec)), 'create a pipe');
  const pipe = { read: pair[0]!, write: pair[1]! };
  setNonBlocking(libc, pipe[options.ours]);
  if (options.bytes !== undefined) libc.symbols.fcntl(pipe.read, setPipeSize, options.bytes);
  return pipe;
}

/** Makes reads and writes through `descriptor` (and all its duplicates) return at once. */
export function setNonBlocking(libc: Libc, descriptor: number): void {
  const flags = libc.symbols.fcntl(descriptor, getFlags, 0);
  libc.symbols.fcntl(descriptor, setFlags, flags | nonBlock);
}

/** Reads into `buffer`: how many bytes, 'later' when nothing is there yet, or 'end'. A terminal whose last user is gone has ended (EIO). */
export function readSome(libc: Libc, descriptor: number, buffer: Uint8Array): number | 'later' | 'end' {
  for (;;) {
    const got = libc.result(libc.symbols.read(descriptor, ptr(buffer), buffer.length));
    if (got > 0) return got;
    if (got === 0 || got === -eio) return 'end';
    if (got === -eagain) return 'later';
    if (got !== -eintr) libc.check(got, 'read from a container');
  }
}

/** Writes what fits of `bytes`: how many, 'later' when nothing does, or 'gone' when nobody will read it. */
export function writeSome(libc: Libc, descriptor: number, bytes: Uint8Array): number | 'later' | 'gone' {
  if (bytes.length === 0) return 0;
  for (;;) {
    const wrote = libc.result(libc.symbols.write(descriptor, ptr(bytes), bytes.length));
    if (wrote >= 0) return wrote;
    if (wrote === -eagain) return 'later';
    if (wrote !== -eintr) return 'gone';
  }
}

/** Gives the terminal of `descriptor` a size; its foreground processes get SIGWINCH when it is another one. Returns 0, or minus errno. */
export function setTerminalSize(libc: Libc, descriptor: number, rows: number, columns: number): number {
  const size = new Uint16Array([rows, columns, 0, 0]);
  return libc.result(libc.symbols.ioctl(descriptor, setWindowSize, ptr(size)));
}
