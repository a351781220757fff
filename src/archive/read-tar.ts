import type { TarHeader } from './tar-header.ts';
import type { TarLimits } from './tar-parser.ts';

/** One entry while the archive passes. */
export interface TarEntry {
  readonly header: TarHeader;
  /** The file's bytes (holes filled with zeros). Can be read until the next entry is asked for; what is not read is skipped. */
  readonly body: ReadableStream<Uint8Array>;
  /** The whole body. @throws {EngineError} InvalidArgument, when it is over `limitBytes`. */
  bytes(limitBytes: number): Promise<Uint8Array>;
}

/**
 * The entries of an unpacked tar in order. Takes the stream over: leaving the loop cancels it.
 * @throws {EngineError} InvalidArgument, when the tar is broken or over a limit.
 */
export async function* readTar(
  _source: ReadableStream<Uint8Array>,
  _options: { readonly signal: AbortSignal; readonly limits?: TarLimits },
): AsyncGenerator<TarEntry, void, void> {
  throw new Error('not written yet');
}
