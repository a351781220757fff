import { BadRequest } from './bad-request.ts';
import { limits } from './limits.ts';
import type { BodyFraming } from './request-head.ts';

/** Takes a body out of a connection's bytes, wherever they are cut. Feed it until `done`; what it did not take belongs to the next request. */
export class BodyDecoder {
  done: boolean;
  readonly #chunked: boolean;
  #state: 'size' | 'bytes' | 'bytes-end' | 'trailer' = 'size';
  #left: number;
  #line = '';
  #trailerBytes = 0;

  constructor(framing: BodyFraming) {
    this.#chunked = framing.kind === 'chunked';
    this.#left = framing.kind === 'length' ? framing.bytes : 0;
    this.done = framing.kind === 'length' && framing.bytes === 0;
    if (framing.kind === 'length') this.#state = 'bytes';
  }

  /** Hands body bytes to `emit` (views of `bytes`) and returns how many bytes of `bytes` were taken. @throws {BadRequest} */
  feed(bytes: Uint8Array, emit: (part: Uint8Array) => void): number {
    let at = 0;
    while (at < bytes.length && !this.done) {
      if (this.#state !== 'bytes') {
        at = this.#feedLine(bytes, at);
        continue;
      }
      const end = Math.min(bytes.length, at + this.#left);
      if (end > at) emit(bytes.subarray(at, end));
      this.#left -= end - at;
      at = end;
      if (this.#left > 0) continue;
      if (this.#chunked) this.#state = 'bytes-end';
      else this.done = true;
    }
    return at;
  }

  // Chunk sizes and trailers come in lines, a few bytes each.
  #feedLine(bytes: Uint8Array, start: number): number {
    const feed = bytes.indexOf(10, start);
    const end = feed === -1 ? bytes.length : feed + 1;
    if (this.#line.length + end - start > limits.chunkLineBytes) throw new BadRequest('chunk line too long');
    this.#line += Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
    if (feed === -1) return end;
    if (!this.#line.endsWith('\r\n')) throw new BadRequest('malformed chunked encoding');
    const line = this.#line.slice(0, -2);
    this.#line = '';
    this.#endLine(line);
    return end;
  }

  #endLine(line: string): void {
    if (this.#state === 'bytes-end') {
      if (line !== '') throw new BadRequest('malformed chunked encoding');
      this.#state = 'size';
    } else if (this.#state === 'size') {
      const size = /^([0-9a-fA-F]{1,12})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/.exec(line);
      if (size === null) throw new BadRequest('malformed chunk size');
      this.#left = Number.parseInt(size[1]!, 16);
      this.#state = this.#left === 0 ? 'trailer' : 'bytes';
    } else {
      this.#trailerBytes += line.length;
      if (this.#trailerBytes > limits.trailerBytes) throw new BadRequest('trailers too long', 431);
      if (line === '') this.done = true;
    }
  }
}
