import { readFileSync, statSync } from 'node:fs';

const timeoutMs = 4000;
const atMost = 1024;

interface Pending {
  readonly id: number;
  readonly server: string;
  readonly done: (answer: Uint8Array | undefined) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** Asks the name servers of the host's resolv.conf, as it is at the time. One socket for all; at most 1,024 questions are under way. */
export class Upstream {
  readonly #pending = new Map<number, Pending>();
  #socket: Promise<Bun.udp.Socket<'buffer'>> | undefined;
  #next = Math.floor(Math.random() * 0x10000);
  #read = { changed: -1, servers: [] as readonly string[] };

  /** The first answer, its id that of the query; undefined when no server answers in time. `servers` in place of the host's. */
  async ask(query: Uint8Array, servers: readonly string[]): Promise<Uint8Array | undefined> {
    for (const server of (servers.length > 0 ? servers : this.#servers()).slice(0, 3)) {
      const answer = await this.#askOne(query, server);
      if (answer !== undefined) return answer;
    }
    return undefined;
  }

  close(): void {
    for (const { timer, done } of this.#pending.values()) {
      clearTimeout(timer);
      done(undefined);
    }
    this.#pending.clear();
    void this.#socket?.then((socket) => socket.close());
    this.#socket = undefined;
  }

  async #askOne(query: Uint8Array, server: string): Promise<Uint8Array | undefined> {
    if (this.#pending.size >= atMost) return undefined;
    this.#socket ??= Bun.udpSocket({
      hostname: '0.0.0.0',
      port: 0,
      socket: { data: (_, bytes, port, address) => this.#receive(bytes, port, address), error: () => {} },
    });
    const socket = await this.#socket;
    do this.#next = (this.#next + 1 + Math.floor(Math.random() * 64)) & 0xffff;
    while (this.#pending.has(this.#next));
    const key = this.#next;
    const sent = Uint8Array.from(query);
    new DataView(sent.buffer).setUint16(0, key);
    const id = new DataView(query.buffer, query.byteOffset).getUint16(0);
    return await new Promise((resolve) => {
      const done = (answer: Uint8Array | undefined) => {
        this.#pending.delete(key);
        resolve(answer);
      };
      const timer = setTimeout(() => done(undefined), timeoutMs);
      timer.unref();
      this.#pending.set(key, { id, server, done, timer });
      socket.send(sent, 53, server);
    });
  }

  #receive(bytes: Uint8Array, port: number, address: string): void {
    if (bytes.length < 12) return;
    const pending = this.#pending.get(new DataView(bytes.buffer, bytes.byteOffset).getUint16(0));
    if (pending === undefined || port !== 53 || address !== pending.server) return;
    clearTimeout(pending.timer);
    const answer = Uint8Array.from(bytes);
    new DataView(answer.buffer).setUint16(0, pending.id);
    pending.done(answer);
  }

  #servers(): readonly string[] {
    try {
      const changed = statSync('/etc/resolv.conf').mtimeMs;
      if (changed !== this.#read.changed) {
        const text = readFileSync('/etc/resolv.conf', 'utf8');
        const servers = [...text.matchAll(/^\s*nameserver\s+(\d+\.\d+\.\d+\.\d+)/gm)].map((match) => match[1]!);
        this.#read = { changed, servers };
      }
    } catch {
      this.#read = { changed: -1, servers: [] }; // A host without name servers: only our own names are known.
    }
    return this.#read.servers;
  }
}
