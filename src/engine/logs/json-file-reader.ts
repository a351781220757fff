import type { OutputChunk } from '../../runtime/index.ts';
import { EntryReader, type EntrySelection } from './entry-reader.ts';
import type { LiveLog } from './live-log.ts';
import { findTail, LogFile, openLogFiles } from './log-files.ts';

export interface ReadRequest extends EntrySelection {
  /** Lines from the end, over all files; undefined: all. */
  readonly tail?: number;
  /** Goes on with what is written, until the log is closed or `until` has passed. */
  readonly follow: boolean;
}

const blockBytes = 256 * 1024;
const breathBytes = 1024 * 1024;
const newline = 10;

/**
 * Reads a json-file log from its oldest file on. Memory is one block, however slow the reader: followers are woken by the writer and read the file.
 * The files are opened when this is first asked, so rotation meanwhile loses nothing.
 */
export async function* readJsonFile(
  path: string,
  live: LiveLog | undefined,
  request: ReadRequest,
  options: { readonly signal: AbortSignal },
): AsyncGenerator<OutputChunk> {
  const reader = new EntryReader(request);
  const files = openLogFiles(path);
  const position = { generation: live?.generation ?? 0, offset: 0, file: files.at(-1) };
  try {
    const current = files.pop();
    if (current === undefined) return;
    // Taken before the first wait: what is written from here on is for `follow`.
    const end = live?.size ?? current.size;
    const tail = request.tail === undefined ? { offset: 0, lines: 0 } : findTail(current, end, request.tail);
    const wanted = request.tail === undefined ? Number.POSITIVE_INFINITY : request.tail - tail.lines;
    yield* readOlder(files, wanted, reader, options.signal);
    yield* readPlain(current, tail.offset, end, reader, options.signal);
    position.offset = end;
    if (!request.follow || live === undefined || reader.ended) return;
    yield* follow(path, live, position, reader, request, options.signal);
  } finally {
    for (const file of files) file[Symbol.dispose]();
    position.file?.[Symbol.dispose]();
  }
}

/** The rotated files, or the last `lines` lines of them. */
async function* readOlder(files: readonly LogFile[], lines: number, reader: EntryReader, signal: AbortSignal): AsyncGenerator<OutputChunk> {
  const plans: Array<{ file: LogFile; offset: number; skipLines: number }> = [];
  let wanted = lines;
  for (const file of files.toReversed()) {
    if (wanted <= 0) break;
    if (!Number.isFinite(wanted)) plans.unshift({ file, offset: 0, skipLines: 0 });
    else if (file.compressed) {
      const held = await countLines(file, signal);
      plans.unshift({ file, offset: 0, skipLines: Math.max(0, held - wanted) });
      wanted -= held;
    } else {
      const tail = findTail(file, file.size, wanted);
      plans.unshift({ file, offset: tail.offset, skipLines: 0 });
      wanted -= tail.lines;
    }
  }
  for (const { file, offset, skipLines } of plans) {
    if (reader.ended) return;
    if (file.compressed) yield* readCompressed(file, skipLines, reader, signal);
    else yield* readPlain(file, offset, file.size, reader, signal);
    reader.endFile();
  }
}

async function* readPlain(file: LogFile, from: number, to: number, reader: EntryReader, signal: AbortSignal): AsyncGenerator<OutputChunk> {
  if (from >= to) return;
  const block = new Uint8Array(Math.min(blockBytes, to - from));
  let sinceBreath = 0;
  for (let offset = from; offset < to && !reader.ended;) {
    signal.throwIfAborted();
    const length = file.read(block, 0, Math.min(block.length, to - offset), offset);
    if (length === 0) return;
    offset += length;
    yield* reader.take(block.subarray(0, length));
    sinceBreath += length;
    if (sinceBreath < breathBytes) continue;
    // A receiver that never waits must not keep the event loop from others.
    await new Promise((resolve) => setImmediate(resolve));
    sinceBreath = 0;
  }
}

async function* readCompressed(file: LogFile, skipLines: number, reader: EntryReader, signal: AbortSignal): AsyncGenerator<OutputChunk> {
  let toSkip = skipLines;
  for await (const block of file.inflate(signal)) {
    let start = 0;
    while (toSkip > 0) {
      const end = block.indexOf(newline, start);
      if (end === -1) break;
      start = end + 1;
      toSkip -= 1;
    }
    if (toSkip === 0) yield* reader.take(block.subarray(start));
    if (reader.ended) return;
  }
}

async function countLines(file: LogFile, signal: AbortSignal): Promise<number> {
  let lines = 0;
  for await (const block of file.inflate(signal)) {
    for (let index = block.indexOf(newline); index !== -1; index = block.indexOf(newline, index + 1)) lines += 1;
  }
  return lines;
}

interface FollowPosition {
  generation: number;
  offset: number;
  file: LogFile | undefined;
}

async function* follow(
  path: string,
  live: LiveLog,
  position: FollowPosition,
  reader: EntryReader,
  request: ReadRequest,
  signal: AbortSignal,
): AsyncGenerator<OutputChunk> {
  const ending = endOf(request, signal);
  try {
    for (;;) {
      const { closed, generation } = live;
      const rotated = generation !== position.generation;
      const end = rotated ? position.file!.size : live.size;
      yield* readPlain(position.file!, position.offset, end, reader, signal);
      position.offset = end;
      if (reader.ended) return;
      if (rotated) {
        if (!advance(path, live, position)) return;
      } else if (closed) return;
      else if (live.size === end && live.generation === generation) {
        await live.next(ending.signal);
        if (ending.signal.aborted) return;
      }
    }
  } finally {
    ending.dispose();
  }
}

/** Opens the file after the one that is read up; when it is gone already, the oldest there is. */
function advance(path: string, live: LiveLog, position: FollowPosition): boolean {
  for (let generation = position.generation + 1; generation <= live.generation; generation++) {
    const file = LogFile.open(path, live.generation - generation);
    if (file === undefined || file.compressed) {
      file?.[Symbol.dispose]();
      continue;
    }
    position.file?.[Symbol.dispose]();
    position.file = file;
    position.generation = generation;
    position.offset = 0;
    return true;
  }
  return false;
}

/** Aborts with `signal`, or when `until` has come. */
function endOf(request: ReadRequest, signal: AbortSignal): { readonly signal: AbortSignal; dispose(): void } {
  if (request.until === undefined) return { signal, dispose() {} };
  const own = new AbortController();
  const abort = () => own.abort();
  const wait = request.until.seconds * 1000 + request.until.nanos / 1e6 - Date.now();
  const timer = setTimeout(abort, Math.max(0, Math.min(wait, 2 ** 31 - 1)));
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  return {
    signal: own.signal,
    dispose() {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    },
  };
}
