import type { OutputChunk } from '../../runtime/index.ts';
import { parseStamp, type Instant } from './stamps.ts';

/** One entry of a log file. `bytes` of the text are in the buffer that `decodeLine` was given. */
export interface DecodedLine {
  stream: OutputChunk['stream'];
  /** Where the text ends in the target. */
  end: number;
  /** Undefined until asked for: see `timeOf`. */
  timeFrom: number;
  timeTo: number;
  attributes: Readonly<Record<string, string>> | undefined;
  slowTime: Instant | undefined;
}

export function emptyLine(): DecodedLine {
  return { stream: 'stdout', end: 0, timeFrom: 0, timeTo: 0, attributes: undefined, slowTime: undefined };
}

const head = new TextEncoder().encode('{"log":"');
const beforeStream = new TextEncoder().encode('","stream":"std');
const beforeTime = new TextEncoder().encode('","time":"');
const quote = 34;
const backslash = 92;

/**
 * Reads the entry `source[start, end)` (without its newline) into `line` and its text into `target` from `at` on, which must have room for
 * `end - start` bytes. Returns false for what is no entry: a torn or foreign line, which readers skip. What `JsonLineEncoder` writes
 * takes the fast way; any other JSON with the same fields is understood too.
 */
export function decodeLine(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number, line: DecodedLine): boolean {
  if (!startsWith(source, start, end, head)) return decodeSlowly(source, start, end, target, at, line);
  let index = start + head.length;
  let out = at;
  while (index < end) {
    const byte = source[index]!;
    if (byte === quote) break;
    if (byte !== backslash) {
      target[out++] = byte;
      index++;
      continue;
    }
    const escape = source[index + 1]!;
    const single = singleEscapes[escape]!;
    if (single !== 0) {
      target[out++] = single;
      index += 2;
      continue;
    }
    const code = escape === 117 ? hexValue(source, index + 2, end) : -1;
    if (code < 0 || (code >= 0xd800 && code < 0xe000)) return decodeSlowly(source, start, end, target, at, line);
    out = writeCharacter(target, out, code);
    index += 6;
  }
  if (!startsWith(source, index, end, beforeStream)) return decodeSlowly(source, start, end, target, at, line);
  index += beforeStream.length;
  const name = source[index];
  if ((name !== 111 && name !== 101) || !startsWith(source, index + 3, end, beforeTime) || source[end - 1] !== 125) {
    return decodeSlowly(source, start, end, target, at, line);
  }
  line.stream = name === 111 ? 'stdout' : 'stderr';
  line.end = out;
  line.timeFrom = index + 3 + beforeTime.length;
  line.timeTo = end - 2;
  line.attributes = undefined;
  line.slowTime = undefined;
  return true;
}

/** When the entry was written; undefined, when its time is none. */
export function timeOf(source: Uint8Array, line: DecodedLine): Instant | undefined {
  if (line.slowTime !== undefined) return line.slowTime;
  let text = '';
  for (let index = line.timeFrom; index < line.timeTo; index++) text += String.fromCharCode(source[index]!);
  return parseStamp(text);
}

function decodeSlowly(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number, line: DecodedLine): boolean {
  let entry: unknown;
  try {
    entry = JSON.parse(new TextDecoder().decode(source.subarray(start, end)));
  } catch {
    return false;
  }
  if (typeof entry !== 'object' || entry === null) return false;
  const { log = '', stream = 'stdout', time, attrs } = entry as Record<string, unknown>;
  const slowTime = typeof time === 'string' ? parseStamp(time) : undefined;
  if (typeof log !== 'string' || (stream !== 'stdout' && stream !== 'stderr') || slowTime === undefined) return false;
  const text = new TextEncoder().encode(log);
  if (text.length > end - start) return false;
  target.set(text, at);
  line.stream = stream;
  line.end = at + text.length;
  line.slowTime = slowTime;
  line.attributes = typeof attrs === 'object' && attrs !== null ? (attrs as Readonly<Record<string, string>>) : undefined;
  return true;
}

const singleEscapes = new Uint8Array(256);
for (const [letter, value] of Object.entries({ n: 10, r: 13, t: 9, b: 8, f: 12, '"': quote, '\\': backslash, '/': 47 })) {
  singleEscapes[letter.charCodeAt(0)] = value;
}

function startsWith(bytes: Uint8Array, at: number, end: number, expected: Uint8Array): boolean {
  if (at + expected.length > end) return false;
  for (let index = 0; index < expected.length; index++) if (bytes[at + index] !== expected[index]) return false;
  return true;
}

function hexValue(bytes: Uint8Array, at: number, end: number): number {
  if (at + 4 > end) return -1;
  let value = 0;
  for (let index = at; index < at + 4; index++) {
    const byte = bytes[index]!;
    const digit = byte >= 48 && byte <= 57 ? byte - 48 : byte >= 97 && byte <= 102 ? byte - 87 : byte >= 65 && byte <= 70 ? byte - 55 : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

function writeCharacter(target: Uint8Array, at: number, code: number): number {
  if (code < 0x80) {
    target[at] = code;
    return at + 1;
  }
  if (code < 0x800) {
    target[at] = 0xc0 | (code >> 6);
    target[at + 1] = 0x80 | (code & 63);
    return at + 2;
  }
  target[at] = 0xe0 | (code >> 12);
  target[at + 1] = 0x80 | ((code >> 6) & 63);
  target[at + 2] = 0x80 | (code & 63);
  return at + 3;
}
