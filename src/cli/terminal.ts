import type * as Ffi from 'bun:ffi';

// Node's terminal calls leave output processing on (every line feed of the container would get a second carriage return) and take
// 7 to 12 ms to load. Binding the C library's own takes 10, so it is done only for commands that need it.

/** The C library's view of a terminal. */
export interface Terminal {
  /** undefined when the descriptor is no terminal. */
  size(fd: number): { readonly columns: number; readonly rows: number } | undefined;
  /** Raw mode as cfmakeraw(3) has it; gives the way back, undefined when the descriptor is no terminal. */
  makeRaw(fd: number): (() => void) | undefined;
}

/** `struct termios` is 60 bytes on Linux with glibc and musl; a few more do no harm. */
const termiosBytes = 128;
/** asm-generic/ioctls.h; the same on x86 and ARM. */
const TIOCGWINSZ = 0x5413;
/** Change when all output has been sent. termios(3). */
const TCSADRAIN = 1;

/** Loads the C library's terminal calls. @throws when there is no C library to load. */
export function openTerminal(): Terminal {
  const { dlopen, ptr } = require('bun:ffi') as typeof Ffi;
  const { symbols: libc } = dlopen('libc.so.6', {
    ioctl: { args: ['i32', 'u64', 'ptr'], returns: 'i32' },
    tcgetattr: { args: ['i32', 'ptr'], returns: 'i32' },
    tcsetattr: { args: ['i32', 'i32', 'ptr'], returns: 'i32' },
    cfmakeraw: { args: ['ptr'], returns: 'void' },
  });
  const address = (bytes: Uint8Array | Uint16Array): Ffi.Pointer => ptr(bytes);
  return {
    size(fd) {
      const size = new Uint16Array(4);
      return libc.ioctl(fd, TIOCGWINSZ, address(size)) === 0 ? { rows: size[0]!, columns: size[1]! } : undefined;
    },
    makeRaw(fd) {
      const before = new Uint8Array(termiosBytes);
      if (libc.tcgetattr(fd, address(before)) !== 0) return undefined;
      const raw = before.slice();
      libc.cfmakeraw(address(raw));
      libc.tcsetattr(fd, TCSADRAIN, address(raw));
      return () => void libc.tcsetattr(fd, TCSADRAIN, address(before));
    },
  };
}
