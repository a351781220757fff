import type { Socket, SocketHandler } from 'bun';
import { Connection, type ConnectionParts } from './connection.ts';

/** Where a server listens. */
export type Address =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly hostname: string; readonly port: number };

interface Held {
  connection: Connection | undefined;
}

/** An HTTP/1.1 server of ours on Bun's sockets (docs/decisions/003). `close` lets go of idle connections and aborts the rest. */
export class HttpServer {
  readonly #parts: Omit<ConnectionParts, 'halfCloseIsGone'>;
  readonly #connections = new Set<Connection>();
  readonly #listeners: Array<{ stop(closeActive?: boolean): void }> = [];

  constructor(parts: Omit<ConnectionParts, 'halfCloseIsGone'>) {
    this.#parts = parts;
  }

  /** Number of open connections. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Begins to accept at once. @returns the bound port, 0 for a unix socket. @throws when the address is taken. */
  listen(address: Address): number {
    const socket = this.#handlers(address.kind === 'tcp');
    if (address.kind === 'unix') {
      // bun-types leave `allowHalfOpen` out for unix sockets; the runtime takes it.
      const options = { unix: address.path, socket, allowHalfOpen: true };
      this.#listeners.push(Bun.listen<Held>(options as Parameters<typeof Bun.listen<Held>>[0]));
      return 0;
    }
    const listener = Bun.listen<Held>({ hostname: address.hostname, port: address.port, socket, allowHalfOpen: true });
    this.#listeners.push(listener);
    return listener.port;
  }

  /** Accepts no more, ends idle connections, aborts the requests under way. Idempotent. */
  close(): void {
    for (const listener of this.#listeners.splice(0)) listener.stop(false);
    for (const connection of this.#connections) connection.close();
  }

  #handlers(halfCloseIsGone: boolean): SocketHandler<Held> {
    const parts = { ...this.#parts, halfCloseIsGone };
    const connectionOf = (socket: Socket<Held>) => socket.data?.connection;
    return {
      open: (socket) => {
        const connection = new Connection(socket, parts);
        socket.data = { connection };
        this.#connections.add(connection);
      },
      data: (socket, bytes) => connectionOf(socket)?.onData(bytes),
      drain: (socket) => connectionOf(socket)?.onDrain(),
      end: (socket) => connectionOf(socket)?.onEnd(),
      timeout: (socket) => connectionOf(socket)?.onTimeout(),
      close: (socket) => {
        const connection = connectionOf(socket);
        if (connection === undefined) return;
        this.#connections.delete(connection);
        connection.onClose();
      },
      error: (socket, error) => {
        this.#parts.onFault(error);
        socket.terminate();
      },
    };
  }
}
