type Part = 'magic' | 'skipSize' | 'descriptor' | 'header' | 'block' | 'body' | 'checksum' | 'skip';

const frameMagic = 0xfd2fb528;
const firstSkippable = 0x184d2a50;
const sizeOfContentSize = [0, 2, 4, 8];
const sizeOfDictionaryId = [0, 1, 2, 4];

/**
 * Follows zstd frames without unpacking them, to know whether the last one is whole: the runtime's decompressor takes a stream that stops
 * anywhere for a finished one. RFC 8878, section 3.
 */
export class ZstdFrames {
  #part: Part = 'magic';
  // Bytes of a fixed part gathered so far, little endian, and how many are still to come.
  #value = 0;
  #shift = 0;
  #left = 4;
  #checksum = false;
  #last = false;
  #garbage = false;

  /** Whether the bytes so far end where a frame ends. */
  get whole(): boolean {
    return this.#part === 'magic' && this.#left === 4;
  }

  /** Whether something else than a frame stands where one should begin. */
  get garbage(): boolean {
    return this.#garbage;
  }

  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const gathers = this.#part === 'magic' || this.#part === 'skipSize' || this.#part === 'descriptor' || this.#part === 'block';
      const taken = gathers ? 1 : Math.min(this.#left, bytes.length - at);
      if (gathers) {
        this.#value += (bytes[at] ?? 0) * 2 ** this.#shift;
        this.#shift += 8;
      }
      at += taken;
      this.#left -= taken;
      while (this.#left === 0) this.#next();
    }
  }

  #next(): void {
    const value = this.#value;
    this.#value = 0;
    this.#shift = 0;
    switch (this.#part) {
      case 'magic':
        if (value === frameMagic) return this.#go('descriptor', 1);
        if (value >= firstSkippable && value < firstSkippable + 16) return this.#go('skipSize', 4);
        this.#garbage = true;
        return this.#go('skip', Number.POSITIVE_INFINITY);
      case 'skipSize':
        return value === 0 ? this.#go('magic', 4) : this.#go('skip', value);
      case 'descriptor':
        return this.#descriptor(value);
      case 'header':
        return this.#go('block', 3);
      case 'block':
        return this.#block(value);
      case 'body':
        if (!this.#last) return this.#go('block', 3);
        return this.#checksum ? this.#go('checksum', 4) : this.#go('magic', 4);
      default:
        return this.#go('magic', 4);
    }
  }

  #descriptor(value: number): void {
    const single = (value & 0x20) !== 0;
    this.#checksum = (value & 0x04) !== 0;
    const content = value >> 6 === 0 ? (single ? 1 : 0) : (sizeOfContentSize[value >> 6] ?? 0);
    this.#go('header', (single ? 0 : 1) + (sizeOfDictionaryId[value & 3] ?? 0) + content);
  }

  #block(value: number): void {
    this.#last = (value & 1) !== 0;
    // A run-length block of any size is one byte.
    this.#go('body', ((value >> 1) & 3) === 1 ? 1 : value >> 3);
  }

  #go(part: Part, bytes: number): void {
    this.#part = part;
    this.#left = bytes;
  }
}
