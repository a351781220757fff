/** Values posted by work that goes on, for one reader. Ends, or fails, with the work. */
export class Mailbox<T> implements AsyncIterable<T> {
  readonly #values: T[] = [];
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #wake = () => {};

  post(value: T): void {
    this.#values.push(value);
    this.#wake();
  }

  closeAfter(work: Promise<void>): void {
    const end = (failure?: { readonly error: unknown }) => {
      this.#ended = true;
      this.#failure = failure;
      this.#wake();
    };
    work.then(
      () => end(),
      (error: unknown) => end({ error }),
    );
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      yield* this.#values.splice(0);
      if (this.#values.length > 0) continue;
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
