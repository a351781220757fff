/** How an archive is packed, told by its first bytes. */
export type Compression = 'none' | 'gzip' | 'zstd' | 'bzip2' | 'xz';

/** Looks at the first 6 or more bytes. */
export function detectCompression(_prefix: Uint8Array): Compression {
  throw new Error('not written yet');
}

/**
 * The unpacked bytes of `source`, whatever it is packed with; plain bytes pass through untouched. Takes the stream over.
 * Errors the stream with EngineError InvalidArgument when the data is broken (`unexpected EOF`, `gzip: invalid header`), packed with bzip2 or xz,
 * or unpacks to more than `limitBytes` (default: no limit).
 */
export function decompress(
  _source: ReadableStream<Uint8Array>,
  _options: { readonly signal: AbortSignal; readonly limitBytes?: number },
): ReadableStream<Uint8Array> {
  throw new Error('not written yet');
}

/** `source`, packed. Takes the stream over. The same bytes in give the same bytes out. */
export function compress(
  _source: ReadableStream<Uint8Array>,
  _compression: 'gzip' | 'zstd',
  _options: { readonly signal: AbortSignal; readonly level?: number },
): ReadableStream<Uint8Array> {
  throw new Error('not written yet');
}
