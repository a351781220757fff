import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

const blockBytes = 64 * 1024;
const newline = 10;

/** One file of a log, held open: rotation and removal do not touch what is being read. */
export class LogFile implements Disposable {
  readonly #fd: number;
  readonly compressed: boolean;

  private constructor(fd: number, compressed: boolean) {
    this.#fd = fd;
    this.compressed = compressed;
  }

  /** The file with rotation number `index` (0: the one being written), plain or compressed; undefined when there is none. */
  static open(path: string, index: number): LogFile | undefined {
    const name = index === 0 ? path : `${path}.${index}`;
    for (const suffix of index === 0 ? [''] : ['', '.gz']) {
      try {
        return new LogFile(openSync(`${name}${suffix}`, 'r'), suffix !== '');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
    return undefined;
  }

  get size(): number {
    return fstatSync(this.#fd).size;
  }

  read(target: Uint8Array, targetOffset: number, length: number, position: number): number {
    return readSync(this.#fd, target, targetOffset, length, position);
  }

  /** Uncompressed bytes of a `.gz`. Ends early where the file is broken. */
  async *inflate(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const source = Readable.from(this.#blocks());
    const gunzip = createGunzip();
    source.on('error', (error) => gunzip.destroy(error));
    source.pipe(gunzip);
    try {
      for await (const block of gunzip) {
        signal.throwIfAborted();
        yield block as Uint8Array;
      }
    } catch (error) {
      if (signal.aborted) throw error;
    } finally {
      source.destroy();
      gunzip.destroy();
    }
  }

  *#blocks(): Generator<Uint8Array> {
    for (let offset = 0; ;) {
      const block = new Uint8Array(blockBytes);
      const length = this.read(block, 0, blockBytes, offset);
      if (length === 0) return;
      offset += length;
      yield block.subarray(0, length);
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

/** All files of a log, oldest first. The caller disposes of them. */
export function openLogFiles(path: string, limit = 1000): LogFile[] {
  const files: LogFile[] = [];
  for (let index = 0; index < limit; index++) {
    const file = LogFile.open(path, index);
    if (file === undefined) {
      if (index === 0) continue;
      break;
    }
    files.unshift(file);
  }
  return files;
}

/** Reads backwards from `end` until `lines` more lines were seen: where they start, and how many there were. */
export function findTail(file: LogFile, end: number, lines: number): { readonly offset: number; readonly lines: number } {
  if (lines === 0) return { offset: end, lines: 0 };
  const block = new Uint8Array(blockBytes);
  let seen = 0;
  for (let stop = end; stop > 0; stop -= blockBytes) {
    const start = Math.max(0, stop - blockBytes);
    const length = file.read(block, 0, stop - start, start);
    // The newline that ends the file's last line starts no line.
    const limit = stop === end && block[length - 1] === newline ? length - 1 : length;
    for (let index = limit - 1; index >= 0; index--) {
      if (block[index] !== newline) continue;
      seen += 1;
      if (seen === lines) return { offset: start + index + 1, lines };
    }
  }
  return { offset: 0, lines: end === 0 ? 0 : seen + 1 };
}
