import { decompress, detectCompression } from '../archive/index.ts';
import { EngineError, shortId } from '../base/index.ts';
import type { ContentStore, Ingest } from '../content/index.ts';
import type { SnapshotStore } from '../snapshot/index.ts';
import { chainId, isDigest, mediaTypes, type Descriptor, type Digest } from '../spec/index.ts';
import type { ImageProgress } from './contract.ts';
import type { ImageRecords } from './records.ts';

export interface UnpackStores {
  readonly records: ImageRecords;
  readonly content: ContentStore;
  readonly snapshots: SnapshotStore;
}

export interface LayerToUnpack {
  readonly bytes: Ingest;
  readonly diffId: Digest;
  /** What a manifest says of the bytes. */
  readonly descriptor: Descriptor | null;
  readonly parent: Digest | null;
}

/**
 * Makes a layer's snapshot and keeps its bytes as a blob, verified: packed bytes by their digest, plain ones by the diffID. Does nothing
 * twice. @throws {EngineError} InvalidArgument, when the bytes are not the layer.
 */
export async function unpackLayer(
  { records, content, snapshots }: UnpackStores,
  { bytes, diffId, descriptor, parent }: LayerToUnpack,
  options: { readonly signal: AbortSignal; readonly progress?: (event: ImageProgress) => void },
): Promise<Descriptor> {
  const packed = detectCompression(bytes.start) !== 'none';
  const digest = packed ? await bytes.digest(options) : diffId;
  if (descriptor !== null && (descriptor.digest !== digest || descriptor.size !== bytes.size))
    throw wrongLayer(descriptor.digest, descriptor.digest === digest ? `${bytes.size} bytes` : digest);
  const open = async (): Promise<ReadableStream<Uint8Array>> => {
    const target = { id: shortId(diffId), status: 'Loading layer', total: bytes.size };
    const stream = counted(await bytes.open(options), target, options.progress);
    return packed ? decompress(stream, options) : stream;
  };
  if (!snapshots.has(chainId(parent, diffId))) await snapshots.apply({ diffId, parent, tar: await open() }, options);
  else if (!records.isLayerBlob(diffId, digest) || content.size(digest) === undefined) {
    const actual = packed ? await streamDigest(await open(), options.signal) : await bytes.digest(options);
    if (actual !== diffId) throw wrongLayer(diffId, actual);
  }
  if (content.size(digest) === undefined) await bytes.keep(digest);
  return { mediaType: descriptor?.mediaType ?? mediaTypeOf(bytes.start), digest, size: bytes.size };
}

function wrongLayer(expected: Digest, actual: string): EngineError {
  return new EngineError(
    'InvalidArgument',
    `invalid diffID for layer: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`,
  );
}

function mediaTypeOf(start: Uint8Array): string {
  const compression = detectCompression(start);
  return compression === 'gzip' ? mediaTypes.ociLayerGzip : compression === 'zstd' ? mediaTypes.ociLayerZstd : mediaTypes.ociLayer;
}

/** The digest of everything a stream yields. Takes it over. */
export async function streamDigest(stream: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<Digest> {
  const hash = new Bun.CryptoHasher('sha256');
  for await (const chunk of stream) {
    signal.throwIfAborted();
    hash.update(chunk);
  }
  const digest = `sha256:${hash.digest('hex')}`;
  if (!isDigest(digest)) throw new TypeError('sha256 made no digest');
  return digest;
}

/** The same bytes; tells how far they are, a hundred times at most. Takes the stream over. */
export function counted(
  stream: ReadableStream<Uint8Array>,
  { id, status, total }: { readonly id: string; readonly status: string; readonly total: number },
  progress: ((event: ImageProgress) => void) | undefined,
): ReadableStream<Uint8Array> {
  if (progress === undefined) return stream;
  const reader = stream.getReader();
  const step = Math.max(total / 100, 512 * 1024);
  let current = 0;
  let next = step;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        current += value?.length ?? 0;
        if (done || current >= next) {
          next = current + step;
          progress({ kind: 'layer', id, status, current, total });
        }
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
