import { invalidHeader, number } from './tar-block.ts';
import { decimal, type PaxRecords } from './tar-pax.ts';
import type { SparseExtent } from './tar-header.ts';
import { bytesToText } from './text.ts';

/** Where the map of a sparse entry stands. GNU tar manual, "Storing Sparse Files". */
export type SparseForm =
  | { readonly kind: 'none' }
  /** pax 0.0 and 0.1: the map came with the pax header. */
  | { readonly kind: 'known'; readonly runs: readonly number[]; readonly realSize: number }
  /** pax 1.0: the map stands before the data, in blocks of its own. */
  | { readonly kind: 'inBody'; readonly realSize: number }
  /** Old GNU: four runs in the header, more in blocks after it. */
  | { readonly kind: 'oldGnu'; readonly runs: readonly number[]; readonly more: boolean; readonly realSize: number };

/** The sparse form a pax header announces. @throws {EngineError} InvalidArgument. */
export function paxSparseForm(pax: PaxRecords, maxExtents: number): SparseForm {
  const major = pax.values.get('GNU.sparse.major');
  const map = pax.values.get('GNU.sparse.map');
  const size = pax.values.get('GNU.sparse.realsize') ?? pax.values.get('GNU.sparse.size');
  if (major !== undefined && bytesToText(major) === '1') {
    if (size === undefined) throw invalidHeader('sparse file without a size');
    return { kind: 'inBody', realSize: decimal(size, 'GNU.sparse.realsize') };
  }
  if (map === undefined && pax.sparseRuns.length === 0) return { kind: 'none' };
  if (size === undefined) throw invalidHeader('sparse file without a size');
  const runs = map === undefined ? pax.sparseRuns : mapRuns(bytesToText(map), maxExtents);
  return { kind: 'known', runs, realSize: decimal(size, 'GNU.sparse.size') };
}

/** The sparse form of an old GNU header of type `S`. */
export function oldGnuSparseForm(block: Uint8Array): SparseForm {
  const runs: number[] = [];
  readRuns(block, 386, 4, runs);
  return { kind: 'oldGnu', runs, more: block[482] !== 0, realSize: number(block, 483, 12, 'realsize') };
}

/** Adds the runs of an extension block; tells whether another one follows. */
export function oldGnuExtension(block: Uint8Array, runs: number[]): boolean {
  readRuns(block, 0, 21, runs);
  return block[504] !== 0;
}

/** Runs as extents. @throws {EngineError} InvalidArgument, when they overlap, go past the end or do not add up to `storedBytes`. */
export function toExtents(runs: readonly number[], realSize: number, storedBytes: number): SparseExtent[] {
  if (runs.length % 2 !== 0) throw invalidHeader('broken sparse map');
  if (realSize < 0) throw invalidHeader('negative size');
  const extents: SparseExtent[] = [];
  let end = 0;
  let stored = 0;
  for (let at = 0; at < runs.length; at += 2) {
    const offset = runs[at] ?? 0;
    const length = runs[at + 1] ?? 0;
    if (offset < end || length < 0 || offset + length > realSize) throw invalidHeader('broken sparse map');
    end = offset + length;
    stored += length;
    if (length > 0) extents.push({ offset, length });
  }
  if (stored !== storedBytes) throw invalidHeader('sparse map and size differ');
  return extents;
}

/** Reads the decimal lines of a pax 1.0 map as its blocks come: a count, then offset and length for each run. */
export class SparseMapReader {
  readonly runs: number[] = [];
  readonly #maxExtents: number;
  #wanted = -1;
  #value = 0;
  #digits = 0;

  constructor(maxExtents: number) {
    this.#maxExtents = maxExtents;
  }

  /** Takes one block; tells whether the map is whole now. @throws {EngineError} InvalidArgument. */
  push(block: Uint8Array): boolean {
    for (const byte of block) {
      if (byte === 0x0a) {
        this.#line();
        if (this.runs.length === this.#wanted) return true;
      } else {
        if (byte < 0x30 || byte > 0x39 || this.#digits >= 15) throw invalidHeader('broken sparse map');
        this.#value = this.#value * 10 + (byte - 0x30);
        this.#digits++;
      }
    }
    return false;
  }

  #line(): void {
    if (this.#digits === 0) throw invalidHeader('broken sparse map');
    if (this.#wanted >= 0) this.runs.push(this.#value);
    else if (this.#value > this.#maxExtents) throw invalidHeader('sparse map over the limit');
    else this.#wanted = 2 * this.#value;
    this.#value = 0;
    this.#digits = 0;
  }
}

function mapRuns(text: string, maxExtents: number): number[] {
  if (text === '') return [];
  const words = text.split(',', 2 * maxExtents + 1);
  if (words.length > 2 * maxExtents) throw invalidHeader('sparse map over the limit');
  return words.map((word) => {
    const value = Number(word);
    if (!/^[0-9]{1,16}$/.test(word) || !Number.isSafeInteger(value)) throw invalidHeader('broken sparse map');
    return value;
  });
}

function readRuns(block: Uint8Array, at: number, count: number, runs: number[]): void {
  for (let index = 0; index < count; index++) {
    const start = at + index * 24;
    if (block[start] === 0 && block[start + 12] === 0) return;
    runs.push(number(block, start, 12, 'sparse offset'), number(block, start + 12, 12, 'sparse length'));
  }
}
