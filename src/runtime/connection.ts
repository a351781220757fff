import type { Socket } from 'bun';
import { EngineError } from '../base/index.ts';
import { decodeEvent, encodeVerb, type MonitorEvent, type verbs } from './protocol.ts';

type EventOf<Name extends MonitorEvent['event']> = Extract<MonitorEvent, { event: Name }>;

/** A stream of events from one monitor and of verbs to it. Events nobody waits for are kept. Ends when either side closes. */
export class MonitorConnection {
  #socket: Socket<undefined> | undefined;
  #rest: Uint8Array = new Uint8Array(0);
  #unsent: Uint8Array[] = [];
  readonly #kept: MonitorEvent[] = [];
  readonly #waiting = new Set<{ readonly names: readonly string[]; readonly done: (event: MonitorEvent | undefined) => void }>();
  #closed = false;

  /** Over a connected socket's descriptor, which the connection takes over, or to the unix socket at a path. @throws when nobody listens. */
  static async open(target: { readonly fd: number } | { readonly unix: string }): Promise<MonitorConnection> {
    const connection = new MonitorConnection();
    const socket = {
      data: (_: unknown, bytes: Buffer) => connection.#receive(bytes),
      drain: () => connection.#flush(),
      close: () => connection.#end(),
      error: () => connection.#end(),
    };
    connection.#socket = 'fd' in target ? await connectDescriptor(target.fd, socket) : await Bun.connect({ unix: target.unix, socket });
    return connection;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Sends a verb; a monitor that is gone does not hear it. */
  send(verb: keyof typeof verbs, a = 0, b = 0): void {
    if (this.#closed) return;
    this.#unsent.push(encodeVerb(verb, a, b));
    this.#flush();
  }

  /** The next event of one of these names. @throws {EngineError} Unavailable, when the monitor is gone before. */
  async next<Name extends MonitorEvent['event']>(...names: readonly Name[]): Promise<EventOf<Name>> {
    const event = await this.#next(names);
    if (event === undefined) throw new EngineError('Unavailable', 'Cannot reach the container: its monitor is gone');
    return event as EventOf<Name>;
  }

  /** As `next`, but undefined when the monitor is gone before. */
  async nextOrEnd<Name extends MonitorEvent['event']>(...names: readonly Name[]): Promise<EventOf<Name> | undefined> {
    return (await this.#next(names)) as EventOf<Name> | undefined;
  }

  /** Lets go of the monitor, which goes on. Idempotent. */
  close(): void {
    this.#socket?.end();
    this.#end();
  }

  #next(names: readonly string[]): Promise<MonitorEvent | undefined> {
    const at = this.#kept.findIndex((event) => names.includes(event.event));
    if (at >= 0) return Promise.resolve(this.#kept.splice(at, 1)[0]);
    if (this.#closed) return Promise.resolve(undefined);
    return new Promise((done) => this.#waiting.add({ names, done }));
  }

  #receive(bytes: Uint8Array): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    for (;;) {
      const decoded = decodeEvent(this.#rest);
      if (decoded === undefined) break;
      this.#rest = this.#rest.subarray(decoded.size);
      this.#deliver(decoded.event);
    }
    // The socket's buffer is its own: what is kept over must be a copy.
    this.#rest = this.#rest.slice();
  }

  #deliver(event: MonitorEvent): void {
    for (const waiting of this.#waiting) {
      if (!waiting.names.includes(event.event)) continue;
      this.#waiting.delete(waiting);
      waiting.done(event);
      return;
    }
    this.#kept.push(event);
  }

  #flush(): void {
    while (this.#unsent.length > 0 && this.#socket !== undefined && !this.#closed) {
      const first = this.#unsent[0]!;
      const wrote = Math.max(0, this.#socket.write(first));
      if (wrote < first.length) {
        this.#unsent[0] = first.subarray(wrote);
        return;
      }
      this.#unsent.shift();
    }
  }

  #end(): void {
    this.#closed = true;
    for (const { done } of this.#waiting) done(undefined);
    this.#waiting.clear();
  }
}

// Bun takes `fd` here, its types do not say so.
function connectDescriptor(fd: number, socket: object): Promise<Socket<undefined>> {
  return (Bun.connect as (options: object) => Promise<Socket<undefined>>)({ fd, socket });
}
