import { EngineError } from '../base/index.ts';
import type { OutputChunk } from '../runtime/index.ts';
import type { LogsRequest } from './contract.ts';
import type { House } from './house.ts';
import { instantOf, logPathOf, readJsonFile } from './logs/index.ts';
import type { Options } from './requests.ts';
import type { ContainerLogs } from './use-cases.ts';

/**
 * A container's log. Following ends when the container does; a follower that does not read holds nobody up.
 * @throws {EngineError} NotFound; InvalidArgument, without any stream; NotImplemented, for a log driver that cannot be read.
 */
export async function containerLogs(house: House, words: string, request: LogsRequest, options: Options): Promise<ContainerLogs> {
  const record = house.records.resolve(words);
  if (!request.stdout && !request.stderr) throw new EngineError('InvalidArgument', 'You must choose at least one stream');
  const path = logPathOf(record);
  if (path === '') throw new EngineError('NotImplemented', 'configured logging driver does not support reading');
  const { since, until, tail } = request;
  const entries = readJsonFile(
    path,
    house.streams.liveLog(record.id),
    {
      stdout: request.stdout,
      stderr: request.stderr,
      timestamps: request.timestamps,
      details: request.details,
      follow: request.follow,
      ...(since === undefined ? {} : { since: instantOf(since) }),
      ...(until === undefined ? {} : { until: instantOf(until) }),
      ...(tail === undefined ? {} : { tail }),
    },
    options,
  );
  // Asked at once, so that what is written from here on is followed, whenever the caller starts to read.
  const first = entries.next();
  first.catch(() => {});
  // Files are open from here on, also when nobody ever reads.
  options.signal.addEventListener('abort', () => void entries.return(undefined).catch(() => {}), { once: true });
  const live = request.follow ? house.live.get(record.id) : undefined;
  const over = live?.kind === 'running' ? live.recorded : Promise.resolve();
  return { terminal: record.config.Tty, output: startedWith(entries, first, () => settled(over, options.signal)) };
}

async function* startedWith(
  entries: AsyncGenerator<OutputChunk>,
  first: Promise<IteratorResult<OutputChunk>>,
  over: () => Promise<void>,
): AsyncGenerator<OutputChunk> {
  try {
    const started = await first;
    if (started.done !== true) {
      yield started.value;
      yield* entries;
    }
    // Who followed a log to its end may remove the container: its row must say that it has ended.
    await over();
  } finally {
    await entries.return(undefined);
  }
}

/** Resolves with `promise`, or when the signal aborts. */
async function settled(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) return;
  const onAbort = () => resolve();
  signal.addEventListener('abort', onAbort, { once: true });
  await Promise.race([promise, aborted]);
  signal.removeEventListener('abort', onAbort);
}
