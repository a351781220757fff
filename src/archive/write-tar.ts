import type { TarHeaderToWrite } from './tar-header.ts';

export interface TarEntryToWrite {
  readonly header: TarHeaderToWrite;
  /** As many bytes as `header.size` says (bytes at hand set it themselves). A stream is taken over. */
  readonly body?: Uint8Array | ReadableStream<Uint8Array>;
}

/** A tar of `entries` in their order; GNU tar, Go and Docker read it. The same entries give the same bytes. Errors when a body has another size. */
export function writeTar(
  _entries: AsyncIterable<TarEntryToWrite> | Iterable<TarEntryToWrite>,
  _options: { readonly signal: AbortSignal },
): ReadableStream<Uint8Array> {
  throw new Error('not written yet');
}
