import { addressBytes, parseAddress } from '../address.ts';
import { encodeName, readQuestion, recordTypes, reverseAddress, writeAnswer } from './message.ts';
import type { Upstream } from './upstream.ts';

/** What a container's networks know. */
export interface Names {
  /** Addresses of the containers that have this name; undefined when none has. */
  addresses(name: string): readonly string[] | undefined;
  /** The name of the container with this address. */
  nameOf(address: string): string | undefined;
}

const hostname = '127.0.0.11';
const port = 53;
const largestQuery = 4096;

/** The name server of one container, at 127.0.0.11 in its network namespace: over UDP, and over TCP for what is too large for that. */
export class NameServer {
  readonly #names: Names;
  readonly #upstream: Upstream;
  readonly #servers: readonly string[];
  #udp: Promise<Bun.udp.Socket<'buffer'>> | undefined;
  #tcp: Bun.TCPSocketListener<{ rest: Uint8Array }> | undefined;

  constructor(names: Names, upstream: Upstream, servers: readonly string[]) {
    this.#names = names;
    this.#upstream = upstream;
    this.#servers = servers;
  }

  /** Binds its sockets. To be called in the container's namespace: sockets stay in the one they are made in, and both are made before this returns. */
  listen(): void {
    this.#udp = Bun.udpSocket({
      hostname,
      port,
      socket: {
        data: (socket, bytes, from, address) =>
          void this.#answer(bytes, 512).then((answer) => answer !== undefined && socket.send(answer, from, address)),
        error: () => {},
      },
    });
    this.#udp.catch(() => {});
    this.#tcp = Bun.listen<{ rest: Uint8Array }>({
      hostname,
      port,
      socket: {
        open: (socket) => {
          socket.data = { rest: new Uint8Array(0) };
          socket.timeout(10);
        },
        data: (socket, bytes) => this.#receive(socket, bytes),
        timeout: (socket) => void socket.end(),
        error: () => {},
      },
    });
    this.#tcp.unref();
    void this.#udp.then((socket) => socket.unref()).catch(() => {});
  }

  close(): void {
    void this.#udp?.then((socket) => socket.close()).catch(() => {});
    this.#tcp?.stop(true);
  }

  // Over TCP a length goes before each message.
  #receive(socket: Bun.Socket<{ rest: Uint8Array }>, bytes: Uint8Array): void {
    const all = Buffer.concat([socket.data.rest, bytes]);
    const length = all.length < 2 ? 0 : all.readUInt16BE(0);
    if (length > largestQuery || all.length > largestQuery + 2) return void socket.end();
    socket.data.rest = all;
    if (all.length < 2 || all.length < length + 2) return;
    socket.data.rest = all.subarray(length + 2);
    void this.#answer(all.subarray(2, length + 2), 65535).then((answer) => {
      if (answer === undefined) return void socket.end();
      const size = new Uint8Array(2);
      new DataView(size.buffer).setUint16(0, answer.length);
      socket.write(Buffer.concat([size, answer]));
    });
  }

  async #answer(bytes: Uint8Array, room: number): Promise<Uint8Array | undefined> {
    const query = Uint8Array.from(bytes);
    const question = readQuestion(query);
    if (question === undefined) return undefined;
    const { name, type } = question;
    const reverse = type === recordTypes.ptr ? reverseAddress(name) : undefined;
    const found = reverse === undefined ? undefined : this.#names.nameOf(reverse);
    if (found !== undefined) return writeAnswer(query, question, [encodeName(found)]);
    const addresses = this.#names.addresses(name);
    if (addresses !== undefined) {
      const family = type === recordTypes.a ? 4 : type === recordTypes.aaaa ? 6 : 0;
      const records = addresses.flatMap((text) => {
        const address = parseAddress(text);
        return address?.family === family ? [addressBytes(address)] : [];
      });
      const fitting = records.slice(0, Math.floor((room - question.end) / 28));
      return writeAnswer(query, question, fitting);
    }
    return (await this.#upstream.ask(query, this.#servers)) ?? writeAnswer(query, question, [], 2);
  }
}
