import { EngineError, streamFrom } from '../base/index.ts';
import { encodeTarHeader, paddingBytes, tarPadding, tarTrailer } from './tar-encode.ts';
import type { TarHeaderToWrite } from './tar-header.ts';

export interface TarEntryToWrite {
  readonly header: TarHeaderToWrite;
  /** As many bytes as `header.size` says (bytes at hand set it themselves). A stream is taken over. */
  readonly body?: Uint8Array | ReadableStream<Uint8Array>;
}

/**
 * A tar of `entries` in their order; GNU tar, Go and Docker read it. The same entries give the same bytes. Errors when a body has another
 * size than its header; an abort errors it and returns the iterator.
 */
export function writeTar(
  entries: AsyncIterable<TarEntryToWrite> | Iterable<TarEntryToWrite>,
  options: { readonly signal: AbortSignal },
): ReadableStream<Uint8Array> {
  return streamFrom(tarChunks(entries, options.signal));
}

async function* tarChunks(
  entries: AsyncIterable<TarEntryToWrite> | Iterable<TarEntryToWrite>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  for await (const entry of entries) {
    signal.throwIfAborted();
    const { body } = entry;
    if (body instanceof Uint8Array) {
      yield encodeTarHeader({ ...entry.header, size: body.length });
      if (body.length > 0) yield body;
      if (paddingBytes(body.length) > 0) yield tarPadding(body.length);
      continue;
    }
    const size = entry.header.size ?? 0;
    yield encodeTarHeader(entry.header);
    let sent = 0;
    if (body !== undefined) {
      for await (const chunk of body) {
        signal.throwIfAborted();
        sent += chunk.length;
        if (sent > size) break;
        if (chunk.length > 0) yield chunk;
      }
    }
    if (sent !== size) throw new EngineError('Internal', `Cannot write tar entry ${String(entry.header.name)}: its size is not ${size}`);
    if (paddingBytes(size) > 0) yield tarPadding(size);
  }
  yield tarTrailer();
}
