import { open, type FileHandle } from 'node:fs/promises';
import type { ReadableStreamDefaultReader, ReadableStreamReadResult } from 'node:stream/web';

// Fewer, larger writes: an awaited call costs 160 µs however few its bytes.
const batchBytes = 1024 * 1024;

/**
 * Writes the stream into the new file `path`, telling `see` of each chunk first. Takes the stream over; an error or an abort cancels it.
 * Two batches are in memory at most. The file is closed, not synced; a failed one stays for the caller to delete. Returns its bytes.
 */
export async function writeStream(
  path: string,
  bytes: ReadableStream<Uint8Array>,
  see: (chunk: Uint8Array) => void,
  options: { readonly signal: AbortSignal },
): Promise<number> {
  const reader = bytes.getReader();
  try {
    options.signal.throwIfAborted();
    const handle = await open(path, 'wx', 0o600);
    try {
      return await pump(handle, reader, see, options.signal);
    } finally {
      await handle.close();
    }
  } catch (error) {
    await reader.cancel(error).catch(() => undefined);
    throw error;
  }
}

/** As `writeStream`, at the end of an open file; `wrote` is told of each batch that is in it. */
export async function appendStream(
  handle: FileHandle,
  bytes: ReadableStream<Uint8Array>,
  see: (chunk: Uint8Array) => void,
  wrote: (count: number) => void,
  options: { readonly signal: AbortSignal },
): Promise<void> {
  const reader = bytes.getReader();
  try {
    await pump(handle, reader, see, options.signal, wrote);
  } catch (error) {
    await reader.cancel(error).catch(() => undefined);
    throw error;
  }
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

async function pump(
  handle: FileHandle,
  reader: Reader,
  see: (chunk: Uint8Array) => void,
  signal: AbortSignal,
  wrote: ((count: number) => void) | null = null,
): Promise<number> {
  let batch: Uint8Array[] = [];
  let batched = 0;
  let total = 0;
  let failure: unknown;
  let writing: Promise<void> = Promise.resolve();
  const write = async (): Promise<void> => {
    await writing;
    if (failure !== undefined) throw failure;
    const chunks = batch;
    const count = batched;
    writing = writeAll(handle, chunks, count).then(
      () => wrote?.(count),
      (error: unknown) => void (failure = error),
    );
    batch = [];
    batched = 0;
  };
  try {
    for (let next = await read(reader, signal); !next.done; next = await read(reader, signal)) {
      see(next.value);
      if (next.value.length > 0) batch.push(next.value);
      batched += next.value.length;
      total += next.value.length;
      if (batched >= batchBytes) await write();
    }
    if (batched > 0) await write();
  } catch (error) {
    // An arrival that breaks off keeps all that came.
    if (wrote !== null && batched > 0 && failure === undefined) await write();
    throw error;
  } finally {
    await writing;
  }
  if (failure !== undefined) throw failure;
  return total;
}

// An abort ends the wait for a source that never sends anything.
async function read(reader: Reader, signal: AbortSignal): Promise<ReadableStreamReadResult<Uint8Array>> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([reader.read(), aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function writeAll(handle: FileHandle, chunks: readonly Uint8Array[], size: number): Promise<void> {
  const only = chunks.length === 1 ? chunks[0] : undefined;
  const whole = only ?? Buffer.concat(chunks, size);
  for (let at = 0; at < whole.length;) at += (await handle.write(whole, at)).bytesWritten;
}
