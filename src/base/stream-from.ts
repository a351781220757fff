/**
 * A stream of what a generator yields; a chunk is made when there is room for it. Cancelling the stream returns the generator, so its
 * `finally` runs; `wake` is called first, to end whatever the generator may be waiting for.
 */
export function streamFrom<T>(chunks: AsyncGenerator<T, void, void>, wake: () => void = () => undefined): ReadableStream<T> {
  return new ReadableStream<T>(
    {
      async pull(controller) {
        const next = await chunks.next();
        if (next.done === true) controller.close();
        else controller.enqueue(next.value);
      },
      async cancel() {
        wake();
        await chunks.return();
      },
    },
    { highWaterMark: 1 },
  );
}
