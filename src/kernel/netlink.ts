import { ptr } from 'bun:ffi';
import { EngineError } from '../base/index.ts';
import type { Libc } from './libc.ts';
import { readAttributes, type NetlinkMessage } from './netlink-message.ts';

const addressFamily = 16;
const rawCloseOnExec = 3 | 0o2000000;
const solNetlink = 270;
const extendedAcknowledge = 11;
const capAcknowledge = 10;
const solSocket = 1;
const receiveBufferForce = 33;
const sendBufferForce = 32;
const dontWait = 0x40;
const protocols = { route: 0, netfilter: 12 } as const;
const errorType = 2;
const doneType = 3;
const multi = 2;

/** One message of an answer: `bytes` begin after the netlink header. */
export interface NetlinkReply {
  readonly type: number;
  readonly bytes: Uint8Array;
}

/**
 * A netlink socket of the network namespace its thread was in when it was made; it stays in that one. The kernel does the work of a request inside
 * `send` and has the answer ready when that returns, so all calls are synchronous and none waits. netlink(7), rtnetlink(7).
 */
export class NetlinkSocket implements Disposable {
  readonly #libc: Libc;
  readonly #socket: number;
  readonly #buffer = new Uint8Array(64 * 1024);
  #sequence = 0;

  /** @throws {EngineError} Unavailable, when the kernel has no such netlink; Internal. */
  constructor(libc: Libc, protocol: keyof typeof protocols) {
    this.#libc = libc;
    const socket = libc.result(libc.symbols.socket(addressFamily, rawCloseOnExec, protocols[protocol]));
    if (socket < 0) throw new EngineError('Unavailable', `Cannot open a netlink socket: ${libc.describe(-socket)}`);
    this.#socket = socket;
    const one = new Int32Array([1]);
    libc.symbols.setsockopt(socket, solNetlink, extendedAcknowledge, ptr(one), 4);
    libc.symbols.setsockopt(socket, solNetlink, capAcknowledge, ptr(one), 4);
    const large = new Int32Array([4 * 1024 * 1024]);
    libc.symbols.setsockopt(socket, solSocket, receiveBufferForce, ptr(large), 4);
    libc.symbols.setsockopt(socket, solSocket, sendBufferForce, ptr(large), 4);
  }

  /**
   * Sends messages that each ask for an acknowledgement (NLM_F_ACK) in one datagram, and waits for all of them. Later ones are tried when an
   * earlier one failed. @returns minus errno and the kernel's words for each; 0 is success.
   */
  exchange(messages: readonly NetlinkMessage[]): ReadonlyArray<{ readonly errno: number; readonly words: string }> {
    const first = this.#sequence + 1;
    const parts = messages.map((message) => message.finish(++this.#sequence));
    const results = messages.map(() => ({ errno: 0, words: '' }));
    this.#send(Buffer.concat(parts));
    let missing = messages.length;
    while (missing > 0) {
      for (const { type, sequence, bytes } of this.#receive()) {
        if (type !== errorType || sequence < first || sequence > this.#sequence) continue;
        results[sequence - first] = acknowledgement(bytes);
        missing -= 1;
      }
    }
    return results;
  }

  /** As `exchange`, all of which must succeed but for the errnos in `ignore`. @throws {EngineError} Internal with `detail.errno`: `Cannot <what>: …`. */
  request(what: string, messages: readonly NetlinkMessage[], ignore: readonly number[] = []): void {
    for (const { errno, words } of this.exchange(messages)) {
      if (errno !== 0 && !ignore.includes(errno)) throw this.#failure(what, errno, words);
    }
  }

  /** A dump (NLM_F_DUMP), or one question with its answer. @throws {EngineError} Internal with `detail.errno`. */
  ask(what: string, message: NetlinkMessage): readonly NetlinkReply[] {
    const sequence = ++this.#sequence;
    this.#send(message.finish(sequence));
    const replies: NetlinkReply[] = [];
    for (;;) {
      for (const reply of this.#receive()) {
        if (reply.sequence !== sequence) continue;
        if (reply.type === doneType) return replies;
        if (reply.type === errorType) {
          const { errno, words } = acknowledgement(reply.bytes);
          if (errno !== 0) throw this.#failure(what, errno, words);
          return replies;
        }
        replies.push({ type: reply.type, bytes: reply.bytes });
        if ((reply.flags & multi) === 0) return replies;
      }
    }
  }

  /**
   * Sends an nf_tables batch: all of it or nothing. `begin` and `end` are not acknowledged, each of `messages` is when it fails; the last one
   * of them asks for an acknowledgement. @throws {EngineError} Internal with `detail.errno` of the first failure.
   */
  batch(what: string, begin: NetlinkMessage, messages: readonly NetlinkMessage[], end: NetlinkMessage): void {
    const parts = [begin.finish(++this.#sequence)];
    const first = this.#sequence + 1;
    for (const message of messages) parts.push(message.finish(++this.#sequence));
    const last = this.#sequence;
    parts.push(end.finish(++this.#sequence));
    this.#send(Buffer.concat(parts));
    let failure: EngineError | undefined;
    for (;;) {
      const replies = this.#receive(true);
      for (const { type, sequence, bytes } of replies) {
        if (type !== errorType || sequence < first - 1) continue;
        const { errno, words } = acknowledgement(bytes);
        if (errno !== 0) failure ??= this.#failure(what, errno, words);
        else if (sequence === last && failure === undefined) return;
      }
      // Everything the kernel has to say was there when `send` returned.
      if (replies.length === 0) throw failure ?? this.#failure(what, 5, 'no answer');
    }
  }

  [Symbol.dispose](): void {
    this.#libc.close(this.#socket);
  }

  #send(bytes: Uint8Array): void {
    this.#libc.check(this.#libc.result(this.#libc.symbols.send(this.#socket, ptr(bytes), bytes.length, 0)), 'send to netlink');
  }

  #receive(mayBeEmpty = false): Array<NetlinkReply & { readonly sequence: number; readonly flags: number }> {
    const got = this.#libc.result(this.#libc.symbols.recv(this.#socket, ptr(this.#buffer), this.#buffer.length, mayBeEmpty ? dontWait : 0));
    if (got === -11 && mayBeEmpty) return [];
    this.#libc.check(got, 'receive from netlink');
    const view = new DataView(this.#buffer.buffer);
    const replies = [];
    for (let at = 0; at + 16 <= got;) {
      const length = view.getUint32(at, true);
      if (length < 16) break;
      const bytes = this.#buffer.slice(at + 16, at + length);
      const [type, flags, sequence] = [view.getUint16(at + 4, true), view.getUint16(at + 6, true), view.getUint32(at + 8, true)];
      replies.push({ type, flags, sequence, bytes });
      at += (length + 3) & ~3;
    }
    return replies;
  }

  #failure(what: string, errno: number, words: string): EngineError {
    const text = `${this.#libc.describe(errno)}${words === '' ? '' : ` (${words})`}`;
    return new EngineError('Internal', `Cannot ${what}: ${text}`, { detail: { errno } });
  }
}

// struct nlmsgerr: error, the request's header (capped), then attributes: 1 is the kernel's message.
function acknowledgement(bytes: Uint8Array): { readonly errno: number; readonly words: string } {
  const errno = -new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
  return { errno, words: errno === 0 ? '' : (readAttributes(bytes, 20).text(1) ?? '') };
}
