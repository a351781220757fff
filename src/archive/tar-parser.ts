import type { TarHeader } from './tar-header.ts';

/** Caps on what an archive can make the reader keep. */
export interface TarLimits {
  readonly maxEntries: number;
  /** Bytes of one pax header or GNU long name. */
  readonly maxMetadataBytes: number;
  /** Bytes of a path. */
  readonly maxPathBytes: number;
  readonly maxSparseExtents: number;
  /** Bytes of all files once unpacked. */
  readonly maxTotalBytes: number;
}

export const defaultTarLimits: TarLimits = {
  maxEntries: 20_000_000,
  maxMetadataBytes: 4 * 1024 * 1024,
  maxPathBytes: 4096,
  maxSparseExtents: 500_000,
  maxTotalBytes: 16 * 2 ** 40,
};

/** Who is told what a tar holds, in order: `entry`, then `body` for each stored run, then `entryEnd`. */
export interface TarSink {
  entry(header: TarHeader): void;
  /** Stored bytes that belong at `offset` of the file. A view into the chunk that was pushed: valid during the call only. */
  body(bytes: Uint8Array, offset: number): void;
  entryEnd(): void;
}

/** Reads a tar from chunks of any size as they come; keeps at most one header's worth of bytes. */
export class TarParser {
  constructor(_sink: TarSink, _limits: TarLimits = defaultTarLimits) {}

  /** @throws {EngineError} InvalidArgument, when the bytes are no tar or over a limit. */
  push(_chunk: Uint8Array): void {
    throw new Error('not written yet');
  }

  /** No more bytes. @throws {EngineError} InvalidArgument `unexpected EOF`, when an entry is cut short. */
  end(): void {
    throw new Error('not written yet');
  }
}
