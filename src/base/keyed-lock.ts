/** Serialises work per key, first come first served; different keys run side by side. */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<void>>();

  /** Runs `work` once all earlier work for `key` has ended, and returns its result. A failure does not stop later work. */
  async run<T>(key: string, work: () => Promise<T> | T): Promise<T> {
    const before = this.#tails.get(key);
    const gate = Promise.withResolvers<void>();
    this.#tails.set(key, gate.promise);
    try {
      if (before !== undefined) await before;
      return await work();
    } finally {
      if (this.#tails.get(key) === gate.promise) this.#tails.delete(key);
      gate.resolve();
    }
  }

  /** Whether work for `key` is running or waiting. */
  busy(key: string): boolean {
    return this.#tails.has(key);
  }
}
