import type { Transform } from 'node:stream';
import type { ReadableStreamDefaultReader } from 'node:stream/web';

// The packers work on the thread pool, one job a write: small writes would be all overhead.
const inputBytes = 1024 * 1024;

export interface ThroughOptions {
  readonly signal: AbortSignal;
  /** Turns the transform's own errors into what the reader sees; errors of the source pass as they are. */
  readonly toError: (error: unknown) => unknown;
  /** Sees what goes in. */
  readonly tap?: (bytes: Uint8Array) => void;
  /** Called before the result ends; what it throws fails it. */
  readonly finish?: () => void;
}

/**
 * What `transform` makes of `first` and then of everything `reader` yields. Takes both over: an error, an abort or a cancelled result ends
 * them. Never keeps more than a few chunks: reading waits for writing, writing waits for whoever reads the result.
 */
export function through(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  first: readonly Uint8Array[],
  transform: Transform,
  options: ThroughOptions,
): ReadableStream<Uint8Array> {
  let failed = false;
  const stop = (error: unknown): void => {
    failed = true;
    options.signal.removeEventListener('abort', onAbort);
    transform.destroy();
    reader.cancel(error).catch(() => undefined);
  };
  let fail: (error: unknown) => void = () => undefined;
  const onAbort = (): void => fail(options.signal.reason);
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        fail = (error) => {
          if (failed) return;
          controller.error(error);
          stop(error);
        };
        if (options.signal.aborted) return onAbort();
        options.signal.addEventListener('abort', onAbort, { once: true });
        transform.on('data', (chunk: Uint8Array) => {
          if (failed) return;
          controller.enqueue(chunk);
          if ((controller.desiredSize ?? 0) <= 0) transform.pause();
        });
        transform.on('end', () => {
          if (failed) return;
          try {
            options.finish?.();
          } catch (error) {
            return fail(error);
          }
          options.signal.removeEventListener('abort', onAbort);
          controller.close();
          failed = true;
        });
        transform.on('error', (error) => fail(options.toError(error)));
        transform.pause();
        feed(reader, first, transform, options.tap).catch((error: unknown) => fail(error));
      },
      pull() {
        transform.resume();
      },
      cancel(reason) {
        if (!failed) stop(reason);
      },
    },
    { highWaterMark: 2 },
  );
}

/** One array of all bytes. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

async function feed(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  first: readonly Uint8Array[],
  transform: Transform,
  tap: (bytes: Uint8Array) => void = () => undefined,
): Promise<void> {
  let parts = [...first];
  let size = parts.reduce((sum, part) => sum + part.length, 0);
  for (;;) {
    const { done, value } = await reader.read();
    if (transform.destroyed) return;
    if (!done) {
      parts.push(value);
      size += value.length;
    }
    if (size >= inputBytes || (done && size > 0)) {
      const bytes = parts.length === 1 && parts[0] !== undefined ? parts[0] : joinBytes(parts);
      tap(bytes);
      await write(transform, bytes);
      parts = [];
      size = 0;
    }
    if (done) break;
  }
  if (!transform.destroyed) transform.end();
}

// Resolves when the transform wants more; a destroyed one resolves too, its error goes its own way.
function write(transform: Transform, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      transform.off('drain', settle);
      transform.off('close', settle);
      resolve();
    };
    if (transform.destroyed || transform.write(bytes)) return resolve();
    transform.once('drain', settle);
    transform.once('close', settle);
  });
}
