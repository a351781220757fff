import { EngineError } from '../base/index.ts';
import { blockBytes, decodeBlock, invalidHeader, isZeroBlock, type TarBlock } from './tar-block.ts';
import { toHeader, type PendingNames } from './tar-entry-header.ts';
import type { SparseExtent, TarHeader } from './tar-header.ts';
import { decodePax, mergePax, noPax, type PaxRecords } from './tar-pax.ts';
import { oldGnuExtension, oldGnuSparseForm, paxSparseForm, SparseMapReader, toExtents } from './tar-sparse.ts';

/** Caps on what an archive can make the reader keep. */
export interface TarLimits {
  readonly maxEntries: number;
  /** Bytes of one pax header or GNU long name. */
  readonly maxMetadataBytes: number;
  /** Bytes of a path. */
  readonly maxPathBytes: number;
  readonly maxSparseExtents: number;
  /** Bytes of all files once unpacked, holes and all. */
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

type State =
  | { readonly at: 'header'; readonly zeroBlocks: 0 | 1 }
  | { readonly at: 'metadata'; readonly flag: string; readonly bytes: Uint8Array; filled: number; padding: number }
  | { readonly at: 'oldSparse'; readonly block: TarBlock; readonly runs: number[]; readonly realSize: number }
  | { readonly at: 'sparseMap'; readonly block: TarBlock; readonly map: SparseMapReader; readonly realSize: number; left: number }
  | { readonly at: 'body'; readonly extents: readonly SparseExtent[]; extent: number; offset: number; left: number; padding: number }
  | { readonly at: 'padding'; left: number }
  | { readonly at: 'end' };

/** Reads a tar from chunks of any size as they come; keeps at most one header's worth of bytes. What follows the end mark is ignored. */
export class TarParser {
  readonly #sink: TarSink;
  readonly #limits: TarLimits;
  readonly #carry = new Uint8Array(blockBytes);
  #carried = 0;
  #state: State = { at: 'header', zeroBlocks: 0 };
  #globals: PaxRecords = noPax;
  #pending: PendingNames = {};
  #entries = 0;
  #totalBytes = 0;

  constructor(sink: TarSink, limits: TarLimits = defaultTarLimits) {
    this.#sink = sink;
    this.#limits = limits;
  }

  /** @throws {EngineError} InvalidArgument, when the bytes are no tar or over a limit. */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      const state = this.#state;
      if (state.at === 'end') return;
      if (state.at === 'body') at += this.#body(state, chunk, at);
      else if (state.at === 'padding') at += this.#padding(state, chunk.length - at);
      else if (state.at === 'metadata') at += this.#metadata(state, chunk, at);
      else at += this.#block(chunk, at);
    }
  }

  /** No more bytes. @throws {EngineError} InvalidArgument `unexpected EOF`, when an entry is cut short. */
  end(): void {
    const state = this.#state;
    if (state.at === 'end') return;
    const between = state.at === 'header' && this.#carried === 0 && Object.keys(this.#pending).length === 0;
    if (!between) throw new EngineError('InvalidArgument', 'unexpected EOF');
    this.#state = { at: 'end' };
  }

  // States that read whole blocks: straight from the chunk where one is there in one piece.
  #block(chunk: Uint8Array, at: number): number {
    if (this.#carried === 0 && chunk.length - at >= blockBytes) {
      this.#take(chunk.subarray(at, at + blockBytes));
      return blockBytes;
    }
    const taken = Math.min(blockBytes - this.#carried, chunk.length - at);
    this.#carry.set(chunk.subarray(at, at + taken), this.#carried);
    this.#carried += taken;
    if (this.#carried === blockBytes) {
      this.#carried = 0;
      this.#take(this.#carry);
    }
    return taken;
  }

  #take(block: Uint8Array): void {
    const state = this.#state;
    if (state.at === 'header') return this.#header(block, state.zeroBlocks);
    if (state.at === 'oldSparse') {
      const more = oldGnuExtension(block, state.runs);
      if (state.runs.length > 2 * this.#limits.maxSparseExtents) throw invalidHeader('sparse map over the limit');
      if (!more) this.#begin(state.block, toExtents(state.runs, state.realSize, state.block.size), state.realSize, state.block.size);
      return;
    }
    if (state.at === 'sparseMap') {
      state.left -= blockBytes;
      if (state.left < 0) throw invalidHeader('sparse map longer than its entry');
      if (!state.map.push(block)) return;
      this.#begin(state.block, toExtents(state.map.runs, state.realSize, state.left), state.realSize, state.left);
    }
  }

  #header(raw: Uint8Array, zeroBlocks: 0 | 1): void {
    if (isZeroBlock(raw)) {
      if (Object.keys(this.#pending).length > 0) throw new EngineError('InvalidArgument', 'unexpected EOF');
      this.#state = zeroBlocks === 1 ? { at: 'end' } : { at: 'header', zeroBlocks: 1 };
      return;
    }
    if (zeroBlocks === 1) throw invalidHeader('a lone zero block');
    const block = decodeBlock(raw);
    if (block.size < 0) throw invalidHeader('negative size');
    if ('xgLKX'.includes(block.typeFlag)) {
      if (block.size > this.#limits.maxMetadataBytes) throw invalidHeader('extended header over the limit');
      const padding = paddingOf(block.size);
      this.#state = { at: 'metadata', flag: block.typeFlag, bytes: new Uint8Array(block.size), filled: 0, padding };
      if (block.size === 0) this.#metadataWhole(block.typeFlag, new Uint8Array(0), 0);
      return;
    }
    if (block.typeFlag === 'S' && block.dialect === 'gnu') return this.#oldSparse(raw, block);
    this.#plainOrPax(block);
  }

  #oldSparse(raw: Uint8Array, block: TarBlock): void {
    const form = oldGnuSparseForm(raw);
    if (form.kind !== 'oldGnu') return;
    if (form.more) this.#state = { at: 'oldSparse', block, runs: [...form.runs], realSize: form.realSize };
    else this.#begin(block, toExtents(form.runs, form.realSize, block.size), form.realSize, block.size);
  }

  #plainOrPax(block: TarBlock): void {
    const pax = this.#pending.pax;
    if (pax === undefined) return this.#begin(block, null, block.size, block.size);
    const stored = toHeader(block, this.#pending, this.#globals, this.#limits.maxPathBytes).storedBytes;
    const form = paxSparseForm(pax, this.#limits.maxSparseExtents);
    const file = block.typeFlag === '0' || block.typeFlag === '\0' || block.typeFlag === '7';
    if (form.kind === 'none' || !file) return this.#begin(block, null, stored, stored);
    if (form.kind === 'known') return this.#begin(block, toExtents(form.runs, form.realSize, stored), form.realSize, stored);
    const map = new SparseMapReader(this.#limits.maxSparseExtents);
    this.#state = { at: 'sparseMap', block, map, realSize: form.realSize, left: stored };
  }

  #begin(block: TarBlock, extents: readonly SparseExtent[] | null, realSize: number, storedBytes: number): void {
    const { header, hasBody } = toHeader(block, this.#pending, this.#globals, this.#limits.maxPathBytes, { extents, realSize });
    this.#pending = {};
    if (++this.#entries > this.#limits.maxEntries) throw new EngineError('InvalidArgument', 'archive holds too many entries');
    this.#totalBytes += header.size;
    if (this.#totalBytes > this.#limits.maxTotalBytes) throw new EngineError('InvalidArgument', 'archive unpacks to more than the limit');
    this.#sink.entry(header);
    if (!hasBody || storedBytes === 0) {
      this.#sink.entryEnd();
      this.#state = { at: 'header', zeroBlocks: 0 };
      return;
    }
    const runs = extents ?? [{ offset: 0, length: storedBytes }];
    const first = runs[0] ?? { offset: 0, length: 0 };
    this.#state = { at: 'body', extents: runs, extent: 0, offset: first.offset, left: first.length, padding: paddingOf(storedBytes) };
  }

  #body(state: Extract<State, { at: 'body' }>, chunk: Uint8Array, at: number): number {
    const taken = Math.min(state.left, chunk.length - at);
    this.#sink.body(chunk.subarray(at, at + taken), state.offset);
    state.offset += taken;
    state.left -= taken;
    if (state.left > 0) return taken;
    const next = state.extents[++state.extent];
    if (next !== undefined) {
      state.offset = next.offset;
      state.left = next.length;
      return taken;
    }
    this.#state = state.padding === 0 ? { at: 'header', zeroBlocks: 0 } : { at: 'padding', left: state.padding };
    this.#sink.entryEnd();
    return taken;
  }

  #padding(state: Extract<State, { at: 'padding' }>, there: number): number {
    const taken = Math.min(state.left, there);
    state.left -= taken;
    if (state.left === 0) this.#state = { at: 'header', zeroBlocks: 0 };
    return taken;
  }

  #metadata(state: Extract<State, { at: 'metadata' }>, chunk: Uint8Array, at: number): number {
    const taken = Math.min(state.bytes.length - state.filled, chunk.length - at);
    state.bytes.set(chunk.subarray(at, at + taken), state.filled);
    state.filled += taken;
    if (state.filled === state.bytes.length) this.#metadataWhole(state.flag, state.bytes, state.padding);
    return taken;
  }

  #metadataWhole(flag: string, bytes: Uint8Array, padding: number): void {
    if (flag === 'g') this.#globals = mergePax(this.#globals, decodePax(bytes, 0));
    else if (flag === 'L') this.#pending = { ...this.#pending, name: untilNul(bytes) };
    else if (flag === 'K') this.#pending = { ...this.#pending, linkName: untilNul(bytes) };
    else this.#pending = { ...this.#pending, pax: decodePax(bytes, this.#limits.maxSparseExtents) };
    this.#state = padding === 0 ? { at: 'header', zeroBlocks: 0 } : { at: 'padding', left: padding };
  }
}

function paddingOf(size: number): number {
  return (blockBytes - (size % blockBytes)) % blockBytes;
}

function untilNul(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.slice(0, end);
}
