import type { Socket } from 'bun';
import { ConnectError } from './client-error.ts';
import type { Host } from './host.ts';

/** Past this many unread bytes the socket is paused, so a slow reader costs bounded memory. */
const highWaterBytes = 1 << 20;

/** One connection to an engine: bytes in order both ways, each half closed on its own. */
export class Connection {
  #socket!: Socket<undefined>;
  #chunks: Uint8Array[] = [];
  #bufferedBytes = 0;
  #paused = false;
  #ended = false;
  #failure: unknown;
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;

  /** Connects. @throws {ConnectError} when nobody listens there. */
  static async open(host: Host): Promise<Connection> {
    const connection = new Connection();
    const handlers = connection.#handlers();
    try {
      connection.#socket =
        host.kind === 'unix'
          ? await Bun.connect({ unix: host.path, socket: handlers, allowHalfOpen: true } as Parameters<typeof Bun.connect>[0] as never)
          : await Bun.connect({ hostname: host.hostname, port: host.port, socket: handlers, allowHalfOpen: true });
    } catch (error) {
      throw new ConnectError(host.url, error);
    }
    return connection;
  }

  /** The next bytes, or undefined once the engine has closed its half. @throws the socket's error. */
  async read(): Promise<Uint8Array | undefined> {
    while (this.#chunks.length === 0) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
    }
    const chunk = this.#chunks.shift()!;
    this.#bufferedBytes -= chunk.length;
    if (this.#paused && this.#bufferedBytes < highWaterBytes / 2) {
      this.#paused = false;
      this.#socket.resume();
    }
    return chunk;
  }

  /** Puts bytes back in front of what `read` gives next. */
  unread(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#chunks.unshift(bytes);
    this.#bufferedBytes += bytes.length;
  }

  /** Sends all of `bytes`; resolves when the kernel has taken them. @throws when the connection is gone. */
  async write(bytes: Uint8Array | string): Promise<void> {
    let rest = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    while (rest.length > 0) {
      if (this.#failure !== undefined) throw this.#failure;
      const written = this.#socket.write(rest);
      if (written < 0) throw new Error('write: broken pipe');
      rest = rest.subarray(written);
      if (rest.length === 0) return;
      await new Promise<void>((resolve) => {
        this.#wakeWriter = resolve;
      });
    }
  }

  /** Says that nothing more will be sent; the other half stays open. */
  closeWrite(): void {
    this.#socket.shutdown();
  }

  /** Closes both halves at once. A `read` under way ends. */
  destroy(): void {
    this.#ended = true;
    this.#socket.terminate();
    this.#wake();
  }

  #wake(): void {
    this.#wakeReader?.();
    this.#wakeWriter?.();
    this.#wakeReader = undefined;
    this.#wakeWriter = undefined;
  }

  #handlers() {
    return {
      data: (socket: Socket<undefined>, bytes: Buffer) => {
        // The socket's buffer is reused for the next chunk.
        this.#chunks.push(new Uint8Array(bytes));
        this.#bufferedBytes += bytes.length;
        if (this.#bufferedBytes > highWaterBytes && !this.#paused) {
          this.#paused = true;
          socket.pause();
        }
        this.#wake();
      },
      drain: () => this.#wake(),
      end: () => {
        this.#ended = true;
        this.#wake();
      },
      close: () => {
        this.#ended = true;
        this.#failWriters();
        this.#wake();
      },
      error: (_socket: Socket<undefined>, error: Error) => {
        this.#failure = error;
        this.#wake();
      },
    };
  }

  #failWriters(): void {
    if (this.#wakeWriter !== undefined) this.#failure ??= new Error('write: connection closed');
  }
}
