import { EngineError } from '../base/index.ts';
import { bytesToText } from './text.ts';

export const blockBytes = 512;

/** The fields of one header block that every dialect shares, still raw where a pax header may replace them. */
export interface TarBlock {
  readonly typeFlag: string;
  readonly name: Uint8Array;
  readonly linkName: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly userName: string;
  readonly groupName: string;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  readonly dialect: 'v7' | 'ustar' | 'gnu';
}

/** The error for bytes that are no tar header; the text is the one Docker's users know. */
export function invalidHeader(why: string): EngineError {
  return new EngineError('InvalidArgument', `archive/tar: invalid tar header: ${why}`);
}

/** Whether a block holds nothing but zeros. */
export function isZeroBlock(block: Uint8Array): boolean {
  for (let at = 0; at < blockBytes; at++) if (block[at] !== 0) return false;
  return true;
}

/** @throws {EngineError} InvalidArgument, when checksum or numbers are wrong. pax(1) "ustar Interchange Format"; GNU tar manual, "Basic Tar Format". */
export function decodeBlock(block: Uint8Array): TarBlock {
  checkSum(block);
  const dialect = dialectOf(block);
  const fresh = dialect !== 'v7';
  let name = text(block, 0, 100);
  const prefix = dialect === 'ustar' ? text(block, 345, 155) : name.subarray(0, 0);
  if (prefix.length > 0) name = joinPath(prefix, name);
  return {
    typeFlag: String.fromCharCode(block[156] ?? 0),
    name,
    linkName: text(block, 157, 100),
    mode: number(block, 100, 8, 'mode') & 0o7777,
    uid: number(block, 108, 8, 'uid'),
    gid: number(block, 116, 8, 'gid'),
    size: number(block, 124, 12, 'size'),
    mtime: number(block, 136, 12, 'mtime'),
    userName: fresh ? bytesToText(text(block, 265, 32)) : '',
    groupName: fresh ? bytesToText(text(block, 297, 32)) : '',
    deviceMajor: fresh ? number(block, 329, 8, 'devmajor') : 0,
    deviceMinor: fresh ? number(block, 337, 8, 'devminor') : 0,
    dialect,
  };
}

/** A numeric field: octal digits, or base-256 when the first bit is set. @throws {EngineError} InvalidArgument. */
export function number(block: Uint8Array, at: number, length: number, field: string): number {
  const first = block[at] ?? 0;
  if ((first & 0x80) !== 0) return base256(block, at, length, field);
  let value = 0;
  let digits = 0;
  let index = at;
  const end = at + length;
  while (index < end && (block[index] === 0x20 || block[index] === 0)) index++;
  for (; index < end; index++) {
    const byte = block[index] ?? 0;
    if (byte === 0x20 || byte === 0) break;
    if (byte < 0x30 || byte > 0x37) throw invalidHeader(`${field} is not a number`);
    value = value * 8 + (byte - 0x30);
    digits++;
  }
  for (; index < end; index++) if (block[index] !== 0x20 && block[index] !== 0) throw invalidHeader(`${field} is not a number`);
  return digits === 0 ? 0 : value;
}

// Two's complement, big endian, the top bit of the first byte is the marker and the next one the sign.
function base256(block: Uint8Array, at: number, length: number, field: string): number {
  const negative = ((block[at] ?? 0) & 0x40) !== 0;
  let value = 0;
  for (let index = 0; index < length; index++) {
    let byte = block[at + index] ?? 0;
    if (index === 0) byte &= 0x7f;
    if (negative) byte = index === 0 ? ~byte & 0x7f : ~byte & 0xff;
    value = value * 256 + byte;
    if (value > Number.MAX_SAFE_INTEGER) throw invalidHeader(`${field} is out of range`);
  }
  return negative ? -value - 1 : value;
}

function text(block: Uint8Array, at: number, length: number): Uint8Array {
  let end = at;
  while (end < at + length && block[end] !== 0) end++;
  return block.slice(at, end);
}

function joinPath(prefix: Uint8Array, name: Uint8Array): Uint8Array {
  const joined = new Uint8Array(prefix.length + 1 + name.length);
  joined.set(prefix);
  joined[prefix.length] = 0x2f;
  joined.set(name, prefix.length + 1);
  return joined;
}

function dialectOf(block: Uint8Array): TarBlock['dialect'] {
  if (block[257] !== 0x75 || block[258] !== 0x73 || block[259] !== 0x74 || block[260] !== 0x61 || block[261] !== 0x72) return 'v7';
  if (block[262] === 0) return 'ustar';
  return block[262] === 0x20 && block[263] === 0x20 ? 'gnu' : 'v7';
}

// Old writers summed signed bytes, so both sums are right.
function checkSum(block: Uint8Array): void {
  let unsigned = 0;
  let signed = 0;
  for (let at = 0; at < blockBytes; at++) {
    const byte = at >= 148 && at < 156 ? 0x20 : (block[at] ?? 0);
    unsigned += byte;
    signed += byte < 128 ? byte : byte - 256;
  }
  const said = number(block, 148, 8, 'checksum');
  if (said !== unsigned && said !== signed) throw invalidHeader('wrong checksum');
}
