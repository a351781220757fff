import { dlopen, ptr, read, type Pointer } from 'bun:ffi';
import { EngineError } from '../base/index.ts';

// What the engine's main thread calls itself: descriptors, sockets that pass them, pipes, pidfds. All of it is non-blocking.
function openSymbols() {
  return dlopen('libc.so.6', {
    socketpair: { args: ['i32', 'i32', 'i32', 'ptr'], returns: 'i32' },
    socket: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
    connect: { args: ['i32', 'ptr', 'u32'], returns: 'i32' },
    bind: { args: ['i32', 'ptr', 'u32'], returns: 'i32' },
    listen: { args: ['i32', 'i32'], returns: 'i32' },
    setsockopt: { args: ['i32', 'i32', 'i32', 'ptr', 'u32'], returns: 'i32' },
    send: { args: ['i32', 'ptr', 'u64', 'i32'], returns: 'i32' },
    recv: { args: ['i32', 'ptr', 'u64', 'i32'], returns: 'i32' },
    setns: { args: ['i32', 'i32'], returns: 'i32' },
    sendmsg: { args: ['i32', 'ptr', 'i32'], returns: 'i32' },
    recvmsg: { args: ['i32', 'ptr', 'i32'], returns: 'i32' },
    pipe2: { args: ['ptr', 'i32'], returns: 'i32' },
    ioctl: { args: ['i32', 'u64', 'ptr'], returns: 'i32' },
    fcntl: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
    memfd_create: { args: ['ptr', 'u32'], returns: 'i32' },
    read: { args: ['i32', 'ptr', 'u32'], returns: 'i32' },
    write: { args: ['i32', 'ptr', 'u32'], returns: 'i32' },
    close: { args: ['i32'], returns: 'i32' },
    syscall: { args: ['i64', 'i64', 'i64', 'ptr', 'i64'], returns: 'i32' },
    __errno_location: { args: [], returns: 'ptr' },
    strerror: { args: ['i32'], returns: 'cstring' },
  });
}

export type LibcSymbols = ReturnType<typeof openSymbols>['symbols'];

const closeOnExec = 0o2000000;
const pidfdOpen = 434n;
const pidfdSendSignal = 424n;

/** System calls of one thread; calls give what the kernel gives, or minus errno. Opening costs some milliseconds: make one and pass it on. */
export class Libc {
  readonly symbols: LibcSymbols = openSymbols().symbols;
  readonly #errno: Pointer;

  constructor() {
    const location = this.symbols.__errno_location();
    if (location === null) throw new TypeError('libc has no errno');
    this.#errno = location as Pointer;
  }

  /** `value`, or minus errno when it is -1. To be called right after the call. */
  result(value: number): number {
    return value === -1 ? -read.i32(this.#errno, 0) : value;
  }

  /** The descriptor or count in `value`. @throws {EngineError} Internal, when it is minus an errno. */
  check(value: number, what: string): number {
    if (value >= 0) return value;
    throw new EngineError('Internal', `Cannot ${what}: ${this.describe(-value)}`, { detail: { errno: -value } });
  }

  /** The C library's words for an errno, in lower case at the start as Go writes them. */
  describe(errno: number): string {
    const text = String(this.symbols.strerror(errno));
    return text.charAt(0).toLowerCase() + text.slice(1);
  }

  /** Closes each descriptor; negative ones are passed over. */
  close(...descriptors: readonly number[]): void {
    for (const descriptor of descriptors) if (descriptor >= 0) this.symbols.close(descriptor);
  }

  /** An anonymous file that holds `bytes`, close-on-exec. @throws {EngineError} Internal. */
  memoryFile(name: string, bytes: Uint8Array): number {
    const label = Buffer.from(`${name}\0`);
    const descriptor = this.check(this.result(this.symbols.memfd_create(ptr(label), 1)), 'create a memory file');
    for (let at = 0; at < bytes.length;) {
      const wrote = this.result(this.symbols.write(descriptor, ptr(bytes, at), bytes.length - at));
      if (wrote < 0) this.close(descriptor);
      at += this.check(wrote, 'write a memory file');
    }
    return descriptor;
  }

  /** A pidfd of process `pid` (close-on-exec), or minus errno. */
  openProcess(pid: number): number {
    return this.result(this.symbols.syscall(pidfdOpen, BigInt(pid), 0n, null, 0n));
  }

  /** Sends a signal by pidfd: 0, or minus errno (-ESRCH when the process has ended and been reaped). */
  signalProcess(pidfd: number, signal: number): number {
    return this.result(this.symbols.syscall(pidfdSendSignal, BigInt(pidfd), BigInt(signal), null, 0n));
  }

  /** Two connected unix sockets, close-on-exec. @throws {EngineError} Internal. */
  socketPair(kind: 'stream' | 'packets'): [number, number] {
    const pair = new Int32Array(2);
    this.check(this.result(this.symbols.socketpair(1, (kind === 'stream' ? 1 : 5) | closeOnExec, 0, ptr(pair))), 'create a socket pair');
    return [pair[0]!, pair[1]!];
  }
}
