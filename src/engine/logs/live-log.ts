/** What followers of a log that is being written are woken by. The file is the buffer: a follower that rests costs nothing. */
export class LiveLog {
  /** Counts rotations. */
  generation = 0;
  /** Bytes of whole entries in the current file. */
  size = 0;
  closed = false;
  readonly #wakers = new Set<() => void>();

  /** Says that `generation`, `size` or `closed` changed: the bytes are in the file. */
  changed(): void {
    if (this.#wakers.size === 0) return;
    const wakers = [...this.#wakers];
    this.#wakers.clear();
    for (const wake of wakers) wake();
  }

  /** Resolves at the next change or abort, whichever is first. */
  next(signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.closed) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => {
      signal.removeEventListener('abort', wake);
      this.#wakers.delete(wake);
      resolve();
    };
    this.#wakers.add(wake);
    signal.addEventListener('abort', wake, { once: true });
    return promise;
  }
}
