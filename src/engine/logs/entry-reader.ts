import type { OutputChunk } from '../../runtime/index.ts';
import { decodeLine, emptyLine, timeOf, type DecodedLine } from './json-decode.ts';
import { formatStamp, isBefore, type Instant } from './stamps.ts';

/** What a reader of a log wants to see. */
export interface EntrySelection {
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly since?: Instant;
  /** Reading ends at the first entry after it. */
  readonly until?: Instant;
  readonly timestamps: boolean;
  readonly details: boolean;
}

// Entries longer than this are no entries: an encoded piece is 96 KiB at most, plus attributes.
const maximumEntry = 1024 * 1024;
const chunkBytes = 64 * 1024;
const newline = 10;
const stampLength = 30;

/**
 * Turns blocks of a log file, cut anywhere, into output: neighbouring entries of one stream are joined into chunks of about 64 KiB.
 * Lines that are no entries are skipped.
 */
export class EntryReader {
  /** An entry after `until` was seen. */
  ended = false;
  readonly #selection: EntrySelection;
  readonly #line = emptyLine();
  readonly #plain: boolean;
  #carry = new Uint8Array(0);
  #skipping = false;
  #out = new Uint8Array(0);
  #from = 0;
  #at = 0;
  #stream: OutputChunk['stream'] = 'stdout';
  #midLine = { stdout: false, stderr: false };
  #ready: OutputChunk[] = [];
  readonly #stamp = new Uint8Array(stampLength + 1).fill(32);

  constructor(selection: EntrySelection) {
    this.#selection = selection;
    const { since, until, timestamps, details, stdout, stderr } = selection;
    this.#plain = since === undefined && until === undefined && !timestamps && !details && stdout && stderr;
  }

  /** Output of the lines that `block` completes. The block is not kept. */
  take(block: Uint8Array): readonly OutputChunk[] {
    let start = 0;
    if (this.#carry.length > 0 || this.#skipping) {
      const end = block.indexOf(newline);
      if (end === -1) {
        this.#keep(block);
        return [];
      }
      if (!this.#skipping) {
        const joined = join(this.#carry, block.subarray(0, end));
        this.#decode(joined, 0, joined.length);
      }
      this.#carry = new Uint8Array(0);
      this.#skipping = false;
      start = end + 1;
    }
    while (start < block.length && !this.ended) {
      const end = block.indexOf(newline, start);
      if (end === -1) {
        this.#keep(block.subarray(start));
        break;
      }
      this.#decode(block, start, end);
      start = end + 1;
    }
    this.#cut();
    return this.#ready.splice(0);
  }

  /** The file has ended: a line without an end is dropped (it is torn, or its rest was rotated away). */
  endFile(): void {
    this.#carry = new Uint8Array(0);
    this.#skipping = false;
  }

  #keep(rest: Uint8Array): void {
    if (this.#skipping) return;
    if (this.#carry.length + rest.length > maximumEntry) {
      this.#skipping = true;
      this.#carry = new Uint8Array(0);
      return;
    }
    this.#carry = join(this.#carry, rest);
  }

  #decode(source: Uint8Array, start: number, end: number): void {
    if (end - start > maximumEntry) return;
    if (this.#out.length - this.#at < end - start) this.#renew(end - start);
    const line = this.#line;
    if (!decodeLine(source, start, end, this.#out, this.#at, line)) return;
    if (!this.#plain && !this.#select(source)) return;
    if (line.stream !== this.#stream) {
      // The text stands where the other stream's chunk ends: cut before it.
      this.#cut();
      this.#stream = line.stream;
    }
    this.#at = line.end;
    if (this.#at - this.#from >= chunkBytes) this.#cut();
  }

  /** Whether the entry just decoded is wanted; puts time and details before it. */
  #select(source: Uint8Array): boolean {
    const { stdout, stderr, since, until, timestamps, details } = this.#selection;
    const line = this.#line;
    const time =
      since !== undefined || until !== undefined || (timestamps && !isFullStamp(source, line)) ? timeOf(source, line) : undefined;
    if (since !== undefined && (time === undefined || isBefore(time, since))) return false;
    if (until !== undefined && time !== undefined && isBefore(until, time)) {
      this.ended = true;
      return false;
    }
    if (!(line.stream === 'stdout' ? stdout : stderr)) return false;
    const inside = this.#midLine[line.stream];
    this.#midLine[line.stream] = line.end > this.#at && this.#out[line.end - 1] !== newline;
    if (inside || (!timestamps && !details)) return true;
    if (!details && isFullStamp(source, line)) {
      const prefix = this.#stamp;
      for (let index = 0; index < stampLength; index++) prefix[index] = source[line.timeFrom + index]!;
      this.#insert(prefix);
      return true;
    }
    let prefix = timestamps && time !== undefined ? `${formatStamp(time)} ` : '';
    if (details) prefix += `${detailsOf(line.attributes ?? {})} `;
    this.#insert(new TextEncoder().encode(prefix));
    return true;
  }

  #insert(prefix: Uint8Array): void {
    const length = this.#line.end - this.#at;
    if (this.#out.length - this.#line.end < prefix.length) {
      const text = this.#out.slice(this.#at, this.#line.end);
      this.#renew(length + prefix.length);
      this.#out.set(text, this.#at + prefix.length);
    } else {
      this.#out.copyWithin(this.#at + prefix.length, this.#at, this.#line.end);
    }
    this.#out.set(prefix, this.#at);
    this.#line.end = this.#at + prefix.length + length;
  }

  /** Hands on what is in the buffer and takes a new one: the old one is the receiver's. */
  #renew(needed: number): void {
    this.#cut();
    this.#out = new Uint8Array(Math.max(2 * chunkBytes, needed));
    this.#from = 0;
    this.#at = 0;
  }

  #cut(): void {
    if (this.#at > this.#from) this.#ready.push({ stream: this.#stream, bytes: this.#out.subarray(this.#from, this.#at) });
    this.#from = this.#at;
  }
}

/** Whether the time is written just as it is printed: with nine digits, in UTC. */
function isFullStamp(source: Uint8Array, line: DecodedLine): boolean {
  return line.slowTime === undefined && line.timeTo - line.timeFrom === stampLength && source[line.timeTo - 1] === 90;
}

/** `key=value,…`, sorted and query-escaped, as `logs --details` prints. */
function detailsOf(attributes: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return pairs.map(([name, value]) => `${escapeQuery(name)}=${escapeQuery(String(value))}`).join(',');
}

function escapeQuery(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%20', '+')
    .replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
