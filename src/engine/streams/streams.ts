import { messageOf, type Log } from '../../base/index.ts';
import type { ContainerProcess, OutputChunk } from '../../runtime/index.ts';
import type { AttachRequest, AttachSession, ContainerRecord } from '../contract.ts';
import {
  logPathOf,
  newScratch,
  noLog,
  openLog,
  readJsonFile,
  validateLogConfig,
  WallClock,
  type LiveLog,
  type LogWriter,
} from '../logs/index.ts';
import type { ContainerStreams } from '../ports.ts';
import type { Options } from '../requests.ts';
import { parseDetachKeys } from './detach-keys.ts';
import { pump } from './pump.ts';
import { Session } from './session.ts';

export interface StreamsParts {
  readonly log: Log;
  /** Fires when the engine lets go of containers that run on: their logs are closed, not finished. */
  readonly closing: AbortSignal;
  /** A client has typed the detach keys. */
  readonly onDetach: (containerId: string) => void;
}

/** Makes the engine's one fan-out of container output. */
export function createStreams(parts: StreamsParts): ContainerStreams {
  return new Streams(parts);
}

/** One run of a container, from the first who waits for it to the last byte. */
interface Run {
  readonly sessions: Set<Session>;
  readonly process: PromiseWithResolvers<ContainerProcess | undefined>;
  writer?: LogWriter;
}

class Streams implements ContainerStreams {
  readonly #parts: StreamsParts;
  readonly #clock = new WallClock();
  readonly #scratch = newScratch();
  readonly #runs = new Map<string, Run>();

  constructor(parts: StreamsParts) {
    this.#parts = parts;
  }

  connect(record: ContainerRecord, process: ContainerProcess): { readonly drained: Promise<void> } {
    const writer = this.#openLog(record);
    // An earlier run whose last output still comes goes on by itself.
    if (this.#runs.get(record.id)?.writer !== undefined) this.#runs.delete(record.id);
    const run = this.#runOf(record.id);
    run.writer = writer;
    run.process.resolve(process);
    return { drained: this.#drain(record.id, run, process, writer) };
  }

  async attach(record: ContainerRecord, request: AttachRequest, options: Options): Promise<AttachSession> {
    const detachKeys = parseDetachKeys(request.detachKeys);
    const run = request.stream ? this.#runOf(record.id) : this.#runs.get(record.id);
    const replay = request.logs ? this.#replay(record, run?.writer, request, options.signal) : undefined;
    const { Tty: terminal, OpenStdin: openStdin, StdinOnce: stdinOnce } = record.config;
    const session: Session = new Session({
      terminal,
      stdin: request.stdin && request.stream && openStdin,
      stdout: request.stdout,
      stderr: request.stderr,
      detachKeys,
      closesStdin: stdinOnce && !terminal,
      process: run?.process.promise ?? Promise.resolve(undefined),
      ...(replay === undefined ? {} : { replay }),
      onDetach: () => this.#parts.onDetach(record.id),
      onEnd: () => this.#leave(record.id, run, session),
    });
    if (request.stream) run?.sessions.add(session);
    else session.end();
    return session;
  }

  validateLogConfig(config: ContainerRecord['hostConfig']['LogConfig']): void {
    validateLogConfig(config);
  }

  end(id: string): void {
    const run = this.#runs.get(id);
    if (run === undefined || run.writer !== undefined) return;
    this.#runs.delete(id);
    run.process.resolve(undefined);
    for (const session of run.sessions) session.end();
  }

  liveLog(id: string): LiveLog | undefined {
    return this.#runs.get(id)?.writer?.live;
  }

  // The process runs already: without a log it is better off than without a life.
  #openLog(record: ContainerRecord): LogWriter {
    try {
      return openLog(record, { clock: this.#clock, log: this.#parts.log, scratch: this.#scratch });
    } catch (error) {
      this.#parts.log.error('Cannot open container log', { container: record.id, error: messageOf(error) });
      return noLog;
    }
  }

  async #drain(id: string, run: Run, process: ContainerProcess, writer: LogWriter): Promise<void> {
    await pump({ process, writer, sessions: run.sessions, log: this.#parts.log });
    if (this.#parts.closing.aborted) writer.close();
    else writer.finish();
    if (this.#runs.get(id) === run) this.#runs.delete(id);
    for (const session of run.sessions) session.end();
  }

  /** The log up to now, without what the new session will see live; and the line that is unfinished. */
  #replay(record: ContainerRecord, writer: LogWriter | undefined, request: AttachRequest, signal: AbortSignal): AsyncIterable<OutputChunk> {
    const path = logPathOf(record);
    const { stdout, stderr } = request;
    const selection = { stdout, stderr, timestamps: false, details: false, follow: false };
    const unfinished = (writer?.unfinished() ?? []).filter(({ stream }) => request[stream]);
    if (path === '') return replayOf(undefined, unfinished);
    const entries = readJsonFile(path, writer?.live, selection, { signal });
    // Asked at once: the reader notes the end of the file when it is first asked.
    return replayOf({ entries, first: entries.next() }, unfinished);
  }

  #runOf(id: string): Run {
    const run = this.#runs.get(id) ?? { sessions: new Set(), process: Promise.withResolvers() };
    this.#runs.set(id, run);
    return run;
  }

  #leave(id: string, run: Run | undefined, session: Session): void {
    run?.sessions.delete(session);
    const forgotten = run !== undefined && run.sessions.size === 0 && run.writer === undefined;
    if (forgotten && this.#runs.get(id) === run) this.#runs.delete(id);
  }
}

interface OpenedLog {
  readonly entries: AsyncGenerator<OutputChunk>;
  readonly first: Promise<IteratorResult<OutputChunk>>;
}

async function* replayOf(log: OpenedLog | undefined, unfinished: readonly OutputChunk[]): AsyncGenerator<OutputChunk> {
  if (log !== undefined) {
    const first = await log.first;
    if (first.done !== true) {
      yield first.value;
      yield* log.entries;
    }
  }
  yield* unfinished;
}
