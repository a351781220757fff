/** The same stream; `held` is disposed of when it ends, fails, is cancelled, or on abort: also when nobody ever reads it. */
export function whileStreaming(
  stream: ReadableStream<Uint8Array>,
  held: AsyncDisposable,
  options: { readonly signal: AbortSignal },
): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  let disposal: Promise<void> | undefined;
  const dispose = () => {
    options.signal.removeEventListener('abort', dispose);
    return (disposal ??= Promise.resolve(held[Symbol.asyncDispose]()));
  };
  options.signal.addEventListener('abort', dispose, { once: true });
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        await dispose();
        controller.close();
      } catch (error) {
        await dispose();
        controller.error(error);
      }
    },
    async cancel(reason) {
      try {
        await reader.cancel(reason);
      } finally {
        await dispose();
      }
    },
  });
}
