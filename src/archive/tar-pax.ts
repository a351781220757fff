import { EngineError } from '../base/index.ts';
import { invalidHeader } from './tar-block.ts';
import { bytesToText } from './text.ts';

/** What a pax extended header says, as far as a reader of file trees needs it. Absent: the header block holds. */
export interface PaxRecords {
  readonly values: ReadonlyMap<string, Uint8Array>;
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
  /** GNU sparse 0.0 repeats two keys, so its map is kept apart: offset, length, offset, length … */
  readonly sparseRuns: readonly number[];
}

const known = new Set(['path', 'linkpath', 'size', 'uid', 'gid', 'uname', 'gname', 'mtime']);
const schily = 'SCHILY.xattr.';
const libarchive = 'LIBARCHIVE.xattr.';

/** Reads `length key=value\n` records. @throws {EngineError} InvalidArgument. pax(1), "pax Extended Header". */
export function decodePax(bytes: Uint8Array, maxSparseExtents: number): PaxRecords {
  const values = new Map<string, Uint8Array>();
  const xattrs = new Map<string, Uint8Array>();
  const sparseRuns: number[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = at + recordLength(bytes, at);
    const start = bytes.indexOf(0x20, at) + 1;
    if (start > end || end > bytes.length || bytes[end - 1] !== 0x0a) throw invalidHeader('broken pax record');
    const equals = bytes.indexOf(0x3d, start);
    if (equals <= start || equals >= end) throw invalidHeader('broken pax record');
    const key = bytesToText(bytes.subarray(start, equals));
    const value = bytes.slice(equals + 1, end - 1);
    if (key.startsWith(schily)) setXattr(xattrs, key.slice(schily.length), value);
    else if (key.startsWith(libarchive)) setXattr(xattrs, unescapeUrl(key.slice(libarchive.length)), fromBase64(value));
    else if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') {
      if ((key === 'GNU.sparse.offset') !== (sparseRuns.length % 2 === 0)) throw invalidHeader('broken sparse map');
      if (sparseRuns.length >= 2 * maxSparseExtents) throw invalidHeader('sparse map over the limit');
      sparseRuns.push(decimal(value, key));
    } else if (known.has(key) || key.startsWith('GNU.sparse.')) {
      if (value.includes(0) && key !== 'GNU.sparse.map') throw invalidHeader(`NUL in pax ${key}`);
      values.set(key, value);
    }
    at = end;
  }
  return { values, xattrs, sparseRuns };
}

/** Later records win; an empty value takes the earlier one back. */
export function mergePax(base: PaxRecords, over: PaxRecords): PaxRecords {
  return {
    values: new Map([...base.values, ...over.values]),
    xattrs: new Map([...base.xattrs, ...over.xattrs]),
    sparseRuns: over.sparseRuns,
  };
}

export const noPax: PaxRecords = { values: new Map(), xattrs: new Map(), sparseRuns: [] };

/** A value that must be a whole number that is not negative. @throws {EngineError} InvalidArgument. */
export function decimal(value: Uint8Array, key: string): number {
  const text = bytesToText(value);
  const parsed = Number(text);
  if (!/^[0-9]{1,20}$/.test(text) || !Number.isSafeInteger(parsed)) throw invalidHeader(`pax ${key} is not a number`);
  return parsed;
}

/** `-12.034` as whole seconds, rounded down, and nanoseconds. @throws {EngineError} InvalidArgument. */
export function paxTime(value: Uint8Array): { readonly seconds: number; readonly nanos: number } {
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(bytesToText(value));
  if (match === null) throw invalidHeader('pax mtime is not a time');
  const whole = Number(match[2]);
  const nanos = Number((match[3] ?? '').slice(0, 9).padEnd(9, '0'));
  if (match[1] !== '-') return { seconds: whole, nanos };
  return nanos === 0 ? { seconds: -whole, nanos: 0 } : { seconds: -whole - 1, nanos: 1_000_000_000 - nanos };
}

function recordLength(bytes: Uint8Array, at: number): number {
  let length = 0;
  let index = at;
  for (; index < bytes.length && index < at + 12; index++) {
    const byte = bytes[index] ?? 0;
    if (byte === 0x20) break;
    if (byte < 0x30 || byte > 0x39) throw invalidHeader('broken pax record');
    length = length * 10 + (byte - 0x30);
  }
  if (bytes[index] !== 0x20 || length < 5) throw invalidHeader('broken pax record');
  return length;
}

function setXattr(xattrs: Map<string, Uint8Array>, name: string, value: Uint8Array): void {
  if (name.length === 0 || name.length > 255 || name.includes('\0')) throw invalidHeader('bad xattr name');
  if (value.length > 65_536) throw new EngineError('InvalidArgument', `xattr ${name} is over 64 KiB`);
  xattrs.set(name, value);
}

function unescapeUrl(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalidHeader('bad xattr name');
  }
}

function fromBase64(value: Uint8Array): Uint8Array {
  const text = bytesToText(value);
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw invalidHeader('bad xattr value');
  return new Uint8Array(Buffer.from(text, 'base64'));
}
