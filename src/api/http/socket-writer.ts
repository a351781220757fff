import type { Socket } from 'bun';

/** Sends bytes in order over a socket that takes only part of them. Never throws: once the client is gone, bytes are dropped. */
export class SocketWriter {
  readonly #socket: Socket<unknown>;
  readonly #queue: Uint8Array[] = [];
  #waiting: PromiseWithResolvers<void> | undefined;
  #closed = false;

  constructor(socket: Socket<unknown>) {
    this.#socket = socket;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Takes over `bytes`. @returns undefined when the kernel took them all, else a promise of that. */
  write(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#closed) return undefined;
    if (this.#queue.length > 0) this.#queue.push(bytes);
    else this.#send(bytes);
    return this.drained();
  }

  /** Undefined when nothing is queued, else resolves when all is sent or the client is gone. */
  drained(): Promise<void> | undefined {
    if (this.#queue.length === 0) return undefined;
    this.#waiting ??= Promise.withResolvers<void>();
    return this.#waiting.promise;
  }

  /** The socket can take more. */
  flush(): void {
    while (this.#queue.length > 0 && !this.#closed) {
      const before = this.#queue.length;
      this.#send(this.#queue.shift()!);
      if (this.#queue.length === before) return; // The rest was put back: the socket is full.
    }
    this.#release();
  }

  /** The client is gone. */
  close(): void {
    this.#closed = true;
    this.#queue.length = 0;
    this.#release();
  }

  #send(bytes: Uint8Array): void {
    const written = this.#socket.write(bytes);
    if (written < 0) this.close();
    else if (written < bytes.length) this.#queue.unshift(bytes.subarray(written));
  }

  #release(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }
}
