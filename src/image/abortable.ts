/**
 * The same bytes, but an abort errors the stream at once, even while the source sends nothing, and cancels the source. Takes it over.
 */
export function abortable(source: ReadableStream<Uint8Array>, signal: AbortSignal): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  let onAbort: () => void = () => undefined;
  const settle = (): void => signal.removeEventListener('abort', onAbort);
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        onAbort = (): void => {
          settle();
          controller.error(signal.reason);
          reader.cancel(signal.reason).catch(() => undefined);
        };
        if (signal.aborted) onAbort();
        else signal.addEventListener('abort', onAbort, { once: true });
      },
      async pull(controller) {
        const { done, value } = await reader.read();
        // Errored meanwhile: there is nobody to tell.
        if (signal.aborted) return;
        if (!done) return controller.enqueue(value);
        settle();
        controller.close();
      },
      cancel(reason) {
        settle();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
