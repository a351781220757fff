import { invalidHeader, type TarBlock } from './tar-block.ts';
import type { SparseExtent, TarEntryType, TarHeader } from './tar-header.ts';
import { decimal, mergePax, noPax, paxTime, type PaxRecords } from './tar-pax.ts';
import { bytesToText } from './text.ts';

/** What stood before an entry's own block: GNU long names and a pax header. */
export interface PendingNames {
  readonly name?: Uint8Array;
  readonly linkName?: Uint8Array;
  readonly pax?: PaxRecords;
}

export interface SparseShape {
  readonly extents: readonly SparseExtent[] | null;
  readonly realSize: number;
}

const types: Readonly<Record<string, TarEntryType>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
};

/**
 * Joins block, long names and pax records: pax over GNU over block. `storedBytes` is how many bytes follow in the archive.
 * @throws {EngineError} InvalidArgument, when a name is empty or over the limit or a record makes no sense.
 */
export function toHeader(
  block: TarBlock,
  pending: PendingNames,
  globals: PaxRecords,
  maxPathBytes: number,
  shape?: SparseShape,
): { readonly header: TarHeader; readonly storedBytes: number; readonly hasBody: boolean } {
  const own = pending.pax ?? noPax;
  const pax = globals === noPax ? own : mergePax(withoutNames(globals), own);
  const nameBytes = value(own, 'GNU.sparse.name') ?? value(own, 'path') ?? pending.name ?? block.name;
  const linkNameBytes = value(own, 'linkpath') ?? pending.linkName ?? block.linkName;
  if (nameBytes.length === 0) throw invalidHeader('empty name');
  if (nameBytes.length > maxPathBytes || linkNameBytes.length > maxPathBytes) throw invalidHeader('name over the limit');
  const type = typeOf(block, nameBytes);
  const said = value(own, 'size');
  // As Go and GNU tar: entries that can hold no data have none, whatever their size field says.
  const hasBody = type === 'file' || type === 'other';
  const storedBytes = hasBody ? (said === undefined ? block.size : decimal(said, 'size')) : 0;
  const time = value(pax, 'mtime');
  const mtime = time === undefined ? { seconds: block.mtime, nanos: 0 } : paxTime(time);
  const header: TarHeader = {
    type,
    typeFlag: block.typeFlag,
    name: bytesToText(nameBytes),
    nameBytes,
    linkName: bytesToText(linkNameBytes),
    linkNameBytes,
    mode: block.mode,
    uid: id(pax, 'uid', block.uid),
    gid: id(pax, 'gid', block.gid),
    userName: textOf(pax, 'uname', block.userName),
    groupName: textOf(pax, 'gname', block.groupName),
    size: hasBody ? (shape?.realSize ?? storedBytes) : 0,
    mtimeSeconds: mtime.seconds,
    mtimeNanos: mtime.nanos,
    deviceMajor: block.deviceMajor,
    deviceMinor: block.deviceMinor,
    xattrs: pax.xattrs,
    sparse: shape?.extents ?? null,
  };
  return { header, storedBytes, hasBody };
}

// Before ustar a directory was a file whose name ends in a slash.
function typeOf(block: TarBlock, name: Uint8Array): TarEntryType {
  const type = types[block.typeFlag] ?? 'other';
  const old = block.typeFlag === '\0' || (block.typeFlag === '0' && block.dialect === 'v7');
  return old && name[name.length - 1] === 0x2f ? 'directory' : type;
}

// A name, link or size for every entry of an archive is nonsense; no reader we know takes it from a global header.
function withoutNames(globals: PaxRecords): PaxRecords {
  const kept = [...globals.values].filter(([key]) => ['uid', 'gid', 'uname', 'gname', 'mtime'].includes(key));
  return { values: new Map(kept), xattrs: globals.xattrs, sparseRuns: [] };
}

function value(pax: PaxRecords, key: string): Uint8Array | undefined {
  const bytes = pax.values.get(key);
  return bytes === undefined || bytes.length === 0 ? undefined : bytes;
}

function id(pax: PaxRecords, key: string, fallback: number): number {
  const bytes = value(pax, key);
  const parsed = bytes === undefined ? fallback : decimal(bytes, key);
  if (parsed < 0 || parsed > 0xffff_fffe) throw invalidHeader(`${key} is out of range`);
  return parsed;
}

function textOf(pax: PaxRecords, key: string, fallback: string): string {
  const bytes = value(pax, key);
  return bytes === undefined ? fallback : bytesToText(bytes);
}
