import type { TarHeaderToWrite } from './tar-header.ts';
import { blockBytes } from './tar-block.ts';
import { textToBytes } from './text.ts';

const typeFlags = { file: '0', hardlink: '1', symlink: '2', char: '3', block: '4', directory: '5', fifo: '6' } as const;
const defaultModes = { file: 0o644, hardlink: 0o644, symlink: 0o777, char: 0o600, block: 0o600, directory: 0o755, fifo: 0o600 } as const;
const maxOctal7 = 0o7777777;
const maxOctal11 = 0o77777777777;

/**
 * The header blocks of one entry: ustar where it fits, a pax header before it where it does not. The body and `tarPadding` follow.
 * A directory's name gets its trailing slash. The same header gives the same bytes.
 */
export function encodeTarHeader(header: TarHeaderToWrite): Uint8Array<ArrayBuffer> {
  const name = directoryName(textToBytes(header.name), header.type === 'directory');
  const linkName = textToBytes(header.linkName ?? '');
  const split = splitName(name);
  const pax = paxRecords(header, name, linkName, split === null);
  const short = split ?? { name: cut(name, 100), prefix: new Uint8Array(0) };
  const own = block(header, typeFlags[header.type], short, cut(linkName, 100));
  if (pax.length === 0) return own;
  const size = pax.reduce((sum, record) => sum + record.length, 0);
  const whole = new Uint8Array(blockBytes + size + paddingBytes(size) + blockBytes);
  const paxName = { name: cut(join(textToBytes('PaxHeaders.0/'), lastName(name)), 100), prefix: new Uint8Array(0) };
  whole.set(block({ type: 'file', name: '', size, mode: 0o644 }, 'x', paxName, new Uint8Array(0)));
  let at = blockBytes;
  for (const record of pax) {
    whole.set(record, at);
    at += record.length;
  }
  whole.set(own, whole.length - blockBytes);
  return whole;
}

/** The zeros after a body of `size` bytes. */
export function tarPadding(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(paddingBytes(size));
}

/** The two zero blocks at the end. */
export function tarTrailer(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(2 * blockBytes);
}

/** How many zeros follow a body of `size` bytes. */
export function paddingBytes(size: number): number {
  return (blockBytes - (size % blockBytes)) % blockBytes;
}

interface SplitName {
  readonly name: Uint8Array;
  readonly prefix: Uint8Array;
}

// Sorted by key, as Go writes them.
function paxRecords(header: TarHeaderToWrite, name: Uint8Array, linkName: Uint8Array, longName: boolean): Uint8Array[] {
  const records: Array<readonly [string, Uint8Array]> = [];
  for (const [key, value] of header.xattrs ?? []) records.push([`SCHILY.xattr.${key}`, value]);
  if ((header.gid ?? 0) > maxOctal7) records.push(['gid', textToBytes(String(header.gid))]);
  if (linkName.length > 100 || !isAscii(linkName)) records.push(['linkpath', linkName]);
  const seconds = header.mtimeSeconds ?? 0;
  const nanos = header.mtimeNanos ?? 0;
  if (nanos !== 0 || seconds < 0 || seconds > maxOctal11) records.push(['mtime', textToBytes(timeText(seconds, nanos))]);
  if (longName || !isAscii(name)) records.push(['path', name]);
  if ((header.size ?? 0) > maxOctal11) records.push(['size', textToBytes(String(header.size))]);
  if ((header.uid ?? 0) > maxOctal7) records.push(['uid', textToBytes(String(header.uid))]);
  for (const key of ['userName', 'groupName'] as const) {
    const value = textToBytes(header[key] ?? '');
    if (value.length > 32 || !isAscii(value)) records.push([key === 'userName' ? 'uname' : 'gname', value]);
  }
  records.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  return records.map(([key, value]) => paxRecord(key, value));
}

// The length counts itself, so it is found by trying.
function paxRecord(key: string, value: Uint8Array): Uint8Array {
  const rest = join(textToBytes(` ${key}=`), join(value, textToBytes('\n')));
  let digits = String(rest.length).length;
  if (String(rest.length + digits).length > digits) digits++;
  return join(textToBytes(String(rest.length + digits)), rest);
}

function timeText(seconds: number, nanos: number): string {
  if (nanos === 0) return String(seconds);
  const [whole, fraction] = seconds < 0 ? [seconds + 1, 1_000_000_000 - nanos] : [seconds, nanos];
  const sign = seconds < 0 && whole === 0 ? '-' : '';
  return `${sign}${whole}.${String(fraction).padStart(9, '0').replace(/0+$/, '')}`;
}

function block(header: TarHeaderToWrite, flag: string, split: SplitName, linkName: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(blockBytes);
  out.set(split.name, 0);
  octal(out, 100, 8, header.mode ?? defaultModes[header.type]);
  octal(out, 108, 8, header.uid ?? 0);
  octal(out, 116, 8, header.gid ?? 0);
  octal(out, 124, 12, header.size ?? 0);
  octal(out, 136, 12, header.mtimeSeconds ?? 0);
  out[156] = flag.charCodeAt(0);
  out.set(linkName, 157);
  out.set(textToBytes('ustar\x0000'), 257);
  out.set(cut(textToBytes(header.userName ?? ''), 32), 265);
  out.set(cut(textToBytes(header.groupName ?? ''), 32), 297);
  octal(out, 329, 8, header.deviceMajor ?? 0);
  octal(out, 337, 8, header.deviceMinor ?? 0);
  out.set(split.prefix, 345);
  out.fill(0x20, 148, 156);
  let sum = 0;
  for (const byte of out) sum += byte;
  out.set(textToBytes(`${sum.toString(8).padStart(6, '0')}\0 `), 148);
  return out;
}

// What does not fit stands in a pax record, which wins; the field is then 0.
function octal(out: Uint8Array, at: number, length: number, value: number): void {
  const fits = value >= 0 && value < 8 ** (length - 1);
  out.set(textToBytes((fits ? value : 0).toString(8).padStart(length - 1, '0')), at);
}

// ustar keeps up to 155 bytes before a slash and up to 100 after it.
function splitName(name: Uint8Array): SplitName | null {
  if (name.length <= 100) return { name, prefix: new Uint8Array(0) };
  for (let at = Math.min(155, name.length - 2); at > 0 && name.length - at - 1 <= 100; at--) {
    if (name[at] === 0x2f) return { name: name.subarray(at + 1), prefix: name.subarray(0, at) };
  }
  return null;
}

function directoryName(name: Uint8Array, directory: boolean): Uint8Array {
  return directory && name[name.length - 1] !== 0x2f ? join(name, new Uint8Array([0x2f])) : name;
}

function lastName(name: Uint8Array): Uint8Array {
  const end = name[name.length - 1] === 0x2f ? name.length - 1 : name.length;
  return name.subarray(name.lastIndexOf(0x2f, end - 1) + 1, end);
}

function cut(bytes: Uint8Array, length: number): Uint8Array {
  return bytes.length <= length ? bytes : bytes.subarray(0, length);
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

function isAscii(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte >= 0x80) return false;
  return true;
}
