import { ptr } from 'bun:ffi';
import type { Libc } from './libc.ts';

const closeOnExec = 0o2000000;
const inet = 2;
const inet6 = 10;
const kinds = { tcp: [1, 6], udp: [2, 17], sctp: [1, 132] } as const;
const solSocket = 1;
const reuseAddress = 2;
const ipv6Protocol = 41;
const ipv6Only = 26;
const addressInUse = 98;

export interface PortAddress {
  readonly protocol: keyof typeof kinds;
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  readonly port: number;
}

/**
 * Takes a port of the host, so that no program can bind it, without serving it: the socket's descriptor, or minus errno (EADDRINUSE 98,
 * EADDRNOTAVAIL 99, EACCES 13). What an earlier server's closed connections still hold (TIME_WAIT) does not count. bind(2), ip(7).
 */
export function reservePort(libc: Libc, wanted: PortAddress): number {
  const plain = bindPort(libc, wanted, false);
  return plain === -addressInUse && wanted.protocol === 'tcp' ? bindPort(libc, wanted, true) : plain;
}

// With SO_REUSEADDR two sockets may be bound as long as neither listens: so this one does, and its backlog is never emptied.
function bindPort(libc: Libc, { protocol, address, port }: PortAddress, reuse: boolean): number {
  const [type, number] = kinds[protocol];
  const six = address.length === 16;
  const socket = libc.result(libc.symbols.socket(six ? inet6 : inet, type | closeOnExec, number));
  if (socket < 0) return socket;
  const one = new Int32Array([1]);
  if (six) libc.symbols.setsockopt(socket, ipv6Protocol, ipv6Only, ptr(one), 4);
  if (reuse) libc.symbols.setsockopt(socket, solSocket, reuseAddress, ptr(one), 4);
  const name = new Uint8Array(six ? 28 : 16);
  const view = new DataView(name.buffer);
  view.setUint16(0, six ? inet6 : inet, true);
  view.setUint16(2, port, false);
  name.set(address, six ? 8 : 4);
  let result = libc.result(libc.symbols.bind(socket, ptr(name), name.length));
  if (result >= 0 && reuse) result = libc.result(libc.symbols.listen(socket, 0));
  if (result < 0) libc.close(socket);
  return result < 0 ? result : socket;
}
