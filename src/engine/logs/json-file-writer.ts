import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf, type Log } from '../../base/index.ts';
import type { OutputChunk } from '../../runtime/index.ts';
import { compressRotated } from './compress.ts';
import { JsonLineEncoder } from './json-encode.ts';
import { LiveLog } from './live-log.ts';
import type { LogPolicy } from './log-options.ts';
import { PendingLines } from './pending-lines.ts';
import type { WallClock } from './stamps.ts';
import type { LogWriter } from './writer.ts';

export interface JsonFileRequest {
  readonly path: string;
  /** Where the unfinished line is kept, so that an engine that is killed does not lose it; '' not to. */
  readonly pendingPath: string;
  readonly policy: LogPolicy;
  readonly clock: WallClock;
  /** Shared by all writers. */
  readonly scratch?: Uint8Array;
  readonly log: Log;
}

const newline = 10;

/**
 * Writes `<id>-json.log` as Docker does, rotated to `.1`, `.2` … (`.gz` with compress). Bytes are in the file, not fsynced, when `write` returns.
 * A disk that is full costs lines, not the container: the file keeps whole lines only, and writing goes on when there is room.
 */
export class JsonFileWriter implements LogWriter {
  readonly live = new LiveLog();
  readonly #request: JsonFileRequest;
  readonly #encoder: JsonLineEncoder;
  readonly #pending: PendingLines;
  #fd: number;
  #inode: number;
  #failing = false;
  /** The last rotation failed: the file grows until one succeeds. */
  #stuck = false;

  /** Opens or makes the file and mends what a crash left: a torn last line is cut off, an unfinished one continues. */
  constructor(request: JsonFileRequest) {
    this.#request = request;
    this.#encoder = new JsonLineEncoder(
      (entries) => this.#writeEntries(entries),
      request.policy.attributes,
      request.clock,
      request.scratch,
    );
    mkdirSync(dirname(request.path), { recursive: true, mode: 0o710 });
    this.#fd = openSync(request.path, 'a+', 0o640);
    this.#inode = fstatSync(this.#fd).ino;
    this.live.size = mend(this.#fd);
    this.#pending = new PendingLines(request.pendingPath);
    for (const { stream, bytes } of this.#pending.restore(this.#position())) this.#encoder.append(stream, bytes);
  }

  write(stream: OutputChunk['stream'], bytes: Uint8Array): void {
    this.#encoder.append(stream, bytes);
    this.#pending.keep(this.#position(), this.#encoder.pending('stdout'), this.#encoder.pending('stderr'));
    this.live.changed();
  }

  unfinished(): readonly OutputChunk[] {
    return (['stdout', 'stderr'] as const).flatMap((stream) => {
      const bytes = this.#encoder.pending(stream).slice();
      return bytes.length === 0 ? [] : [{ stream, bytes }];
    });
  }

  finish(): void {
    if (this.live.closed) return;
    this.#encoder.finish();
    this.close();
    this.#pending.forget();
  }

  close(): void {
    if (this.live.closed) return;
    this.live.closed = true;
    closeSync(this.#fd);
    this.#pending.close();
    this.live.changed();
  }

  #position() {
    return { inode: this.#inode, size: this.live.size };
  }

  #writeEntries(entries: Uint8Array): void {
    const { maxSizeBytes } = this.#request.policy;
    let start = 0;
    while (start < entries.length) {
      if (this.live.size >= maxSizeBytes) this.#rotate();
      const room = maxSizeBytes - this.live.size;
      // As Docker: the entry that reaches the limit still goes in whole.
      const end = entries.length - start <= room ? entries.length : entries.indexOf(newline, Math.max(start, start + room - 1)) + 1;
      this.#writeAll(entries.subarray(start, end));
      start = end;
    }
  }

  #writeAll(bytes: Uint8Array): void {
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(this.#fd, bytes, written, bytes.length - written);
      this.live.size += bytes.length;
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) this.#request.log.error('Cannot write container log', { path: this.#request.path, error: messageOf(error) });
      this.#failing = true;
      if (written > 0) ftruncateSync(this.#fd, this.live.size);
    }
  }

  #rotate(): void {
    const { path, policy, log } = this.#request;
    try {
      if (policy.maxFiles === 1) {
        ftruncateSync(this.#fd, 0);
      } else {
        shift(path, policy.maxFiles);
        const fd = openSync(path, 'ax+', 0o640);
        closeSync(this.#fd);
        this.#fd = fd;
        this.#inode = fstatSync(fd).ino;
        if (policy.compress) void compressRotated(path, log);
      }
      this.live.generation += 1;
      this.live.size = 0;
      this.#stuck = false;
    } catch (error) {
      if (!this.#stuck) log.error('Cannot rotate container log', { path, error: messageOf(error) });
      this.#stuck = true;
    }
  }
}

/** Cuts a torn last line off; returns the size that is left. */
function mend(fd: number): number {
  const { size } = fstatSync(fd);
  const block = new Uint8Array(64 * 1024);
  for (let end = size; end > 0; end -= block.length) {
    const start = Math.max(0, end - block.length);
    const length = readSync(fd, block, 0, end - start, start);
    const last = block.subarray(0, length).lastIndexOf(newline);
    if (last === -1) continue;
    if (start + last + 1 < size) ftruncateSync(fd, start + last + 1);
    return start + last + 1;
  }
  if (size > 0) ftruncateSync(fd, 0);
  return 0;
}

/** `path` → `.1` → `.2` …, with or without `.gz`; the oldest goes. */
function shift(path: string, maxFiles: number): void {
  // An earlier rotation that failed half-way has moved it already.
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return;
  rmSync(`${path}.${maxFiles - 1}`, { force: true });
  rmSync(`${path}.${maxFiles - 1}.gz`, { force: true });
  for (let index = maxFiles - 2; index > 0; index--) {
    for (const suffix of ['', '.gz']) {
      if (statSync(`${path}.${index}${suffix}`, { throwIfNoEntry: false }) === undefined) continue;
      renameSync(`${path}.${index}${suffix}`, `${path}.${index + 1}${suffix}`);
    }
  }
  renameSync(path, `${path}.1`);
}
