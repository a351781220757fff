import type { ReadableStreamDefaultReader } from 'node:stream/web';
import { constants, createGunzip, createGzip, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { EngineError, messageOf, streamFrom } from '../base/index.ts';
import { joinBytes, through, type ThroughOptions } from './through.ts';
import { ZstdFrames } from './zstd-frames.ts';

/** How an archive is packed, told by its first bytes. */
export type Compression = 'none' | 'gzip' | 'zstd' | 'bzip2' | 'xz';

const magics: ReadonlyArray<readonly [Exclude<Compression, 'none'>, readonly number[]]> = [
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];
type Reader = ReadableStreamDefaultReader<Uint8Array>;

const longestMagic = 6;
const outputBytes = 256 * 1024;

/** Looks at the first 6 or more bytes. */
export function detectCompression(prefix: Uint8Array): Compression {
  for (const [name, magic] of magics) {
    if (prefix.length >= magic.length && magic.every((byte, at) => prefix[at] === byte)) return name;
  }
  return 'none';
}

/**
 * The unpacked bytes of `source`, whatever it is packed with; plain bytes pass through untouched. Takes the stream over. Unpacking runs on
 * the runtime's thread pool. Errors the stream with EngineError InvalidArgument when the data is broken (`unexpected EOF`,
 * `gzip: invalid header`), packed with bzip2 or xz, or unpacks to more than `limitBytes` (default: no limit).
 */
export function decompress(
  source: ReadableStream<Uint8Array>,
  options: { readonly signal: AbortSignal; readonly limitBytes?: number },
): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  const wake = (): void => void reader.cancel().catch(() => undefined);
  return streamFrom(unpacked(reader, wake, options), wake);
}

/** `source`, packed. Takes the stream over. The same bytes in give the same bytes out. */
export function compress(
  source: ReadableStream<Uint8Array>,
  compression: 'gzip' | 'zstd',
  options: { readonly signal: AbortSignal; readonly level?: number },
): ReadableStream<Uint8Array> {
  const { level } = options;
  const transform =
    compression === 'gzip'
      ? createGzip({ chunkSize: outputBytes, ...(level === undefined ? {} : { level }) })
      : createZstdCompress({ chunkSize: outputBytes, params: { [constants.ZSTD_c_compressionLevel]: level ?? 3 } });
  return through(source.getReader(), [], transform, { signal: options.signal, toError: (error) => error });
}

async function* unpacked(
  reader: Reader,
  wake: () => void,
  options: { readonly signal: AbortSignal; readonly limitBytes?: number },
): AsyncGenerator<Uint8Array, void, void> {
  let taken = false;
  options.signal.addEventListener('abort', wake, { once: true });
  try {
    const first = await firstBytes(reader, options.signal);
    const compression = detectCompression(first);
    if (compression === 'bzip2' || compression === 'xz')
      throw new EngineError('InvalidArgument', `Cannot unpack the archive: ${compression} compression is not supported, use gzip or zstd`);
    const limit = options.limitBytes ?? Number.POSITIVE_INFINITY;
    let total = 0;
    const count = (chunk: Uint8Array): Uint8Array => {
      total += chunk.length;
      if (total > limit) throw new EngineError('InvalidArgument', `archive unpacks to more than the limit of ${limit} bytes`);
      return chunk;
    };
    if (compression === 'none') {
      if (first.length > 0) yield count(first);
      for (let next = await reader.read(); !next.done; next = await reader.read()) yield count(next.value);
      options.signal.throwIfAborted();
      return;
    }
    const transform = compression === 'gzip' ? createGunzip({ chunkSize: outputBytes }) : createZstdDecompress({ chunkSize: outputBytes });
    taken = true;
    const toError = (error: unknown): EngineError => unpackError(compression, error);
    const watch = compression === 'zstd' ? watchFrames() : {};
    for await (const chunk of through(reader, [first], transform, { signal: options.signal, toError, ...watch })) yield count(chunk);
  } finally {
    options.signal.removeEventListener('abort', wake);
    if (!taken) await reader.cancel().catch(() => undefined);
  }
}

function watchFrames(): Pick<ThroughOptions, 'tap' | 'finish'> {
  const frames = new ZstdFrames();
  return {
    tap: (bytes) => frames.push(bytes),
    finish: () => {
      if (frames.garbage) throw new EngineError('InvalidArgument', 'zstd: invalid header');
      if (!frames.whole) throw new EngineError('InvalidArgument', 'unexpected EOF');
    },
  };
}

async function firstBytes(reader: Reader, signal: AbortSignal): Promise<Uint8Array> {
  let bytes: Uint8Array = new Uint8Array(0);
  while (bytes.length < longestMagic) {
    const { done, value } = await reader.read();
    signal.throwIfAborted();
    if (done) break;
    bytes = bytes.length === 0 ? value : joinBytes([bytes, value]);
  }
  return bytes;
}

// In Go's words, which Docker's users know.
function unpackError(compression: 'gzip' | 'zstd', error: unknown): EngineError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'Z_BUF_ERROR' || code === 'ZSTD_error_srcSize_wrong')
    return new EngineError('InvalidArgument', 'unexpected EOF', { cause: error });
  const text = /header|method/.test(messageOf(error))
    ? 'invalid header'
    : /check/.test(messageOf(error))
      ? 'invalid checksum'
      : 'corrupt data';
  return new EngineError('InvalidArgument', `${compression}: ${text}`, { cause: error });
}
