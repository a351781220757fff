import type { OutputChunk } from '../../runtime/index.ts';
import { StampSequence, type WallClock } from './stamps.ts';

/** Longest piece of a line that becomes one entry; moby daemon/logger/copier.go, defaultBufSize. */
export const maximumPiece = 16 * 1024;

// A byte becomes six at most (\u0000).
const spareBytes = maximumPiece * 6 + 4096;
const stampLength = 30;
// From this length on a call that copies is cheaper than a loop.
const longRun = 48;
const hexDigits = new TextEncoder().encode('0123456789abcdef');
const newline = 10;
const quote = 34;
const backslash = 92;
const lower_u = 117;

/** 1 for the bytes that stand for themselves. Docker's encoder escapes what HTML would trip over, so logs can stand in a page. */
const plain = new Uint8Array(256);
for (let byte = 0x20; byte < 0x80; byte++) plain[byte] = 1;
for (const character of '"\\<>&') plain[character.charCodeAt(0)] = 0;

/** A buffer to encode in: 256 KiB, and room for the longest piece. */
export function newScratch(): Uint8Array {
  return new Uint8Array(256 * 1024 + spareBytes);
}

/** Where whole entries go; the bytes are only valid during the call. */
export type EncodedSink = (entries: Uint8Array) => void;

/**
 * Cuts a container's output into lines and writes each as Docker's json-file driver does, byte for byte:
 * `{"log":"text\n","stream":"stdout","time":"2026-11-27T16:16:11.123456789Z"}`. A line of 16 KiB and more becomes several entries, of which
 * only the last ends in `\n`; pieces do not cut a UTF-8 character. Bytes that are not UTF-8 become U+FFFD, one each, as Go's encoder writes them.
 */
export class JsonLineEncoder {
  readonly #sink: EncodedSink;
  readonly #clock: WallClock;
  readonly #stamps = new StampSequence();
  readonly #out: Uint8Array;
  #length = 0;
  readonly #streams: Readonly<Record<OutputChunk['stream'], StreamState>>;

  /** @param attributes the JSON object for `attrs`, or ''. @param scratch may be shared by all encoders: nothing stays in it between calls */
  constructor(sink: EncodedSink, attributes: string, clock: WallClock, scratch = newScratch()) {
    this.#sink = sink;
    this.#clock = clock;
    this.#out = scratch;
    this.#streams = { stdout: streamState('stdout', attributes), stderr: streamState('stderr', attributes) };
  }

  /** The start of a line whose end has not come yet. */
  pending(stream: OutputChunk['stream']): Uint8Array {
    const state = this.#streams[stream];
    return state.tail.subarray(0, state.tailLength);
  }

  /** Takes all of `chunk`; complete lines are in the sink when this returns. */
  append(stream: OutputChunk['stream'], chunk: Uint8Array): void {
    const state = this.#streams[stream];
    this.#stamps.advance(this.#clock.now());
    this.#stamps.write(state.suffix, state.stampAt);
    let position = 0;
    if (state.tailLength > 0) position = this.#completeTail(state, chunk);
    this.#encodeLines(state, chunk, position);
    this.flush();
  }

  /** Output has ended: what is pending becomes a last entry without `\n`. */
  finish(): void {
    for (const state of [this.#streams.stdout, this.#streams.stderr]) {
      if (state.tailLength === 0) continue;
      this.#stamps.advance(this.#clock.now());
      this.#stamps.write(state.suffix, state.stampAt);
      this.#encodePiece(state, state.tail, 0, state.tailLength, false);
      state.tailLength = 0;
    }
    this.flush();
  }

  flush(): void {
    if (this.#length === 0) return;
    const length = this.#length;
    this.#length = 0;
    this.#sink(this.#out.subarray(0, length));
  }

  /** Joins the pending start of a line with the chunk's first bytes; returns where in the chunk the next line starts. */
  #completeTail(state: StreamState, chunk: Uint8Array): number {
    const end = chunk.indexOf(newline);
    const available = end === -1 ? chunk.length : end;
    const taken = Math.min(available, maximumPiece - state.tailLength);
    addToTail(state, chunk.subarray(0, taken));
    if (state.tailLength === maximumPiece) {
      const kept = wholeCharacters(state.tail, 0, maximumPiece);
      this.#encodePiece(state, state.tail, 0, kept, false);
      state.tail.copyWithin(0, kept, maximumPiece);
      state.tailLength = maximumPiece - kept;
      return state.tailLength === 0 ? taken : taken + this.#completeTail(state, chunk.subarray(taken));
    }
    if (end === -1) return chunk.length;
    this.#encodePiece(state, state.tail, 0, state.tailLength, true);
    state.tailLength = 0;
    return end + 1;
  }

  #encodeLines(state: StreamState, chunk: Uint8Array, from: number): void {
    let start = from;
    while (start < chunk.length) {
      const limit = Math.min(chunk.length, start + maximumPiece);
      const end = this.#encodePiece(state, chunk, start, limit, false, true);
      if (end < limit) {
        start = end + 1;
        continue;
      }
      if (limit - start < maximumPiece) {
        addToTail(state, chunk.subarray(start, limit));
        return;
      }
      const kept = wholeCharacters(chunk, start, limit);
      this.#encodePiece(state, chunk, start, kept, false);
      start = kept;
    }
  }

  /**
   * One entry from `source[start, end)`; with `untilNewline` it ends at the first newline, and nothing is written when there is none.
   * Returns where it stopped.
   */
  #encodePiece(state: StreamState, source: Uint8Array, start: number, end: number, terminated: boolean, untilNewline = false): number {
    if (this.#length + spareBytes > this.#out.length) this.flush();
    const out = this.#out;
    let at = this.#length;
    out.set(state.prefix, at);
    at += state.prefix.length;
    let index = start;
    let ended = terminated;
    while (index < end) {
      let run = index;
      while (run < end && plain[source[run]!] === 1) run++;
      if (run - index > longRun) {
        out.set(source.subarray(index, run), at);
        at += run - index;
        index = run;
      } else {
        while (index < run) out[at++] = source[index++]!;
      }
      if (index === end) break;
      const byte = source[index]!;
      if (byte === newline && untilNewline) {
        ended = true;
        break;
      } else if (byte < 0x80) {
        at = escapeAscii(out, at, byte);
        index++;
      } else {
        const size = characterSize(source, index, end);
        at = size === 0 ? writeEscape(out, at, 'fffd') : copyCharacter(out, at, source, index, size);
        index += size === 0 ? 1 : size;
      }
    }
    if (untilNewline && !ended) return end;
    if (ended) {
      out[at++] = backslash;
      out[at++] = 110;
    }
    out.set(state.suffix, at);
    this.#length = at + state.suffix.length;
    this.#stamps.step(state.suffix, state.stampAt);
    return index;
  }
}

interface StreamState {
  readonly prefix: Uint8Array;
  /** Everything after the text, time included: it is kept up to date in place. */
  readonly suffix: Uint8Array;
  readonly stampAt: number;
  /** Grows to a piece; most containers never have much in it. */
  tail: Uint8Array;
  tailLength: number;
}

function streamState(stream: OutputChunk['stream'], attributes: string): StreamState {
  const before = `","stream":"${stream}",${attributes === '' ? '' : `"attrs":${attributes},`}"time":"`;
  const head = new TextEncoder().encode(before);
  const suffix = new Uint8Array(head.length + stampLength + 3);
  suffix.set(head);
  suffix.set(new TextEncoder().encode('"}\n'), head.length + stampLength);
  return {
    prefix: new TextEncoder().encode('{"log":"'),
    suffix,
    stampAt: head.length,
    tail: new Uint8Array(0),
    tailLength: 0,
  };
}

function addToTail(state: StreamState, bytes: Uint8Array): void {
  const length = state.tailLength + bytes.length;
  if (length > state.tail.length) {
    const grown = new Uint8Array(Math.min(maximumPiece, Math.max(256, 2 * length)));
    grown.set(state.tail.subarray(0, state.tailLength));
    state.tail = grown;
  }
  state.tail.set(bytes, state.tailLength);
  state.tailLength = length;
}

function escapeAscii(out: Uint8Array, at: number, byte: number): number {
  out[at] = backslash;
  if (byte === quote || byte === backslash) out[at + 1] = byte;
  else if (byte === newline) out[at + 1] = 110;
  else if (byte === 13) out[at + 1] = 114;
  else {
    out[at + 1] = lower_u;
    out[at + 2] = 48;
    out[at + 3] = 48;
    out[at + 4] = hexDigits[byte >> 4]!;
    out[at + 5] = hexDigits[byte & 15]!;
    return at + 6;
  }
  return at + 2;
}

function writeEscape(out: Uint8Array, at: number, digits: string): number {
  out[at] = backslash;
  out[at + 1] = lower_u;
  for (let index = 0; index < 4; index++) out[at + 2 + index] = digits.charCodeAt(index);
  return at + 6;
}

function copyCharacter(out: Uint8Array, at: number, source: Uint8Array, index: number, size: number): number {
  // U+2028 and U+2029 end a line in JavaScript: Go escapes them.
  if (size === 3 && source[index] === 0xe2 && source[index + 1] === 0x80 && (source[index + 2]! & 0xfe) === 0xa8) {
    return writeEscape(out, at, source[index + 2] === 0xa8 ? '2028' : '2029');
  }
  for (let offset = 0; offset < size; offset++) out[at + offset] = source[index + offset]!;
  return at + size;
}

/** Bytes of the UTF-8 character at `index`, 0 when there is none. Go's utf8.DecodeRune: no surrogates, no overlong forms. */
function characterSize(bytes: Uint8Array, index: number, end: number): number {
  const first = bytes[index]!;
  const size = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (size === 0 || index + size > end) return 0;
  const second = bytes[index + 1]!;
  const lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 0;
  for (let offset = 2; offset < size; offset++) if ((bytes[index + offset]! & 0xc0) !== 0x80) return 0;
  return size;
}

/** The end of the last whole character in `[start, end)`: at most three bytes are left for the next piece. */
function wholeCharacters(bytes: Uint8Array, start: number, end: number): number {
  for (let back = 1; back <= 3 && end - back > start; back++) {
    const byte = bytes[end - back]!;
    if (byte < 0x80) return end;
    if (byte >= 0xc0) {
      const size = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
      return size > back ? end - back : end;
    }
  }
  return end;
}
