import { ptr } from 'bun:ffi';
import type { Libc } from './libc.ts';

const solSocket = 1;
const scmRights = 1;
const messageNoSignal = 0x4000;
const messageDontWait = 0x40;
const messageCloseOnExec = 0x40000000;
const closeOnExec = 0o2000000;
const nonBlock = 0o4000;
const headerBytes = 16;
const pathMax = 108;

/**
 * Sends `bytes` with copies of `descriptors` (unix(7), SCM_RIGHTS; at most 253) as one message, without waiting. The caller keeps its own.
 * Returns the bytes sent, or minus errno (-EAGAIN: the socket is full).
 */
export function sendWithDescriptors(libc: Libc, socket: number, bytes: Uint8Array, descriptors: readonly number[]): number {
  const control = new Uint8Array(descriptors.length === 0 ? 0 : headerBytes + align(descriptors.length * 4));
  if (descriptors.length > 0) {
    const view = new DataView(control.buffer);
    view.setBigUint64(0, BigInt(headerBytes + descriptors.length * 4), true);
    view.setInt32(8, solSocket, true);
    view.setInt32(12, scmRights, true);
    descriptors.forEach((descriptor, index) => view.setInt32(headerBytes + index * 4, descriptor, true));
  }
  const message = messageHeader(bytes, control);
  return libc.result(libc.symbols.sendmsg(socket, ptr(message.header), messageNoSignal | messageDontWait));
}

/** One message and the descriptors that came with it (close-on-exec, the caller's now), or minus errno (-EAGAIN: nothing is there yet). */
export function receiveWithDescriptors(
  libc: Libc,
  socket: number,
  maxBytes: number,
  maxDescriptors: number,
): { readonly bytes: Uint8Array; readonly descriptors: readonly number[] } | number {
  const bytes = new Uint8Array(maxBytes);
  const control = new Uint8Array(headerBytes + align(maxDescriptors * 4));
  const message = messageHeader(bytes, control);
  const got = libc.result(libc.symbols.recvmsg(socket, ptr(message.header), messageDontWait | messageCloseOnExec));
  if (got < 0) return got;
  const view = new DataView(control.buffer);
  const descriptors: number[] = [];
  const length = Number(view.getBigUint64(0, true));
  if (message.header[5]! > 0n && view.getInt32(8, true) === solSocket && view.getInt32(12, true) === scmRights) {
    for (let at = headerBytes; at + 4 <= length; at += 4) descriptors.push(view.getInt32(at, true));
  }
  return { bytes: bytes.subarray(0, got), descriptors };
}

/**
 * A non-blocking stream socket connected to the unix socket at `path`, or minus errno (-ENOENT, -ECONNREFUSED: nobody listens there).
 * A path of over 107 bytes gives -ENAMETOOLONG: go through /proc/self/fd/N of its directory.
 */
export function connectUnix(libc: Libc, path: string): number {
  const encoded = new TextEncoder().encode(path);
  if (encoded.length >= pathMax) return -36;
  const address = new Uint8Array(2 + pathMax);
  address[0] = 1;
  address.set(encoded, 2);
  const socket = libc.result(libc.symbols.socket(1, 1 | closeOnExec | nonBlock, 0));
  if (socket < 0) return socket;
  const result = libc.result(libc.symbols.connect(socket, ptr(address), 2 + encoded.length + 1));
  if (result < 0) libc.close(socket);
  return result < 0 ? result : socket;
}

// struct msghdr (64-bit): name, namelen, iov, iovlen, control, controllen, flags; then its one struct iovec.
function messageHeader(bytes: Uint8Array, control: Uint8Array): { readonly header: BigUint64Array } {
  const header = new BigUint64Array(9);
  header[2] = BigInt(ptr(header)) + 56n;
  header[3] = 1n;
  header[4] = control.length === 0 ? 0n : BigInt(ptr(control));
  header[5] = BigInt(control.length);
  header[7] = BigInt(ptr(bytes));
  header[8] = BigInt(bytes.length);
  return { header };
}

function align(bytes: number): number {
  return (bytes + 7) & ~7;
}
