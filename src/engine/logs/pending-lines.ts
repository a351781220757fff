import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import type { OutputChunk } from '../../runtime/index.ts';

interface LogPosition {
  readonly inode: number;
  readonly size: number;
}

const headLength = 64;

/**
 * Keeps the start of a line whose end has not come yet in a small file beside the log, over a crash of the engine.
 * The file names the log's inode and size it belongs to; when the log has moved on since, it is out of date and ignored.
 */
export class PendingLines {
  readonly #path: string;
  #fd: number | undefined;
  #empty = true;

  constructor(path: string) {
    this.#path = path;
  }

  keep(position: LogPosition, stdout: Uint8Array, stderr: Uint8Array): void {
    if (this.#path === '') return;
    const length = stdout.length + stderr.length;
    if (length === 0 && this.#empty) return;
    this.#empty = length === 0;
    this.#fd ??= openSync(this.#path, 'w', 0o600);
    const bytes = new Uint8Array(headLength + length);
    new TextEncoder().encodeInto(`${position.inode} ${position.size} ${stdout.length} ${stderr.length}`.padEnd(headLength - 1), bytes);
    bytes[headLength - 1] = 10;
    bytes.set(stdout, headLength);
    bytes.set(stderr, headLength + stdout.length);
    try {
      writeSync(this.#fd, bytes, 0, bytes.length, 0);
    } catch {
      // A full disk: the unfinished line is then as safe as it would be without this file.
      this.#empty = false;
    }
  }

  /** What an earlier engine left unfinished at exactly this end of the log. */
  restore(position: LogPosition): readonly OutputChunk[] {
    if (this.#path === '') return [];
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(this.#path);
    } catch {
      return [];
    }
    const [inode, size, stdout, stderr] = new TextDecoder().decode(bytes.subarray(0, headLength)).trim().split(' ').map(Number);
    if (inode !== position.inode || size !== position.size || stdout === undefined || stderr === undefined) return [];
    if (bytes.length < headLength + stdout + stderr) return [];
    const found: OutputChunk[] = [];
    if (stdout > 0) found.push({ stream: 'stdout', bytes: bytes.subarray(headLength, headLength + stdout) });
    if (stderr > 0) found.push({ stream: 'stderr', bytes: bytes.subarray(headLength + stdout, headLength + stdout + stderr) });
    return found;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  forget(): void {
    this.close();
    if (this.#path !== '') rmSync(this.#path, { force: true });
  }
}
