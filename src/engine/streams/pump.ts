import { messageOf, type Log } from '../../base/index.ts';
import type { ContainerProcess } from '../../runtime/index.ts';
import type { LogWriter } from '../logs/index.ts';
import type { Session } from './session.ts';

/** How long output may stand still after the process has ended before it is cut: somebody outside holds the pipe. moby waits as long (monitor.go). */
const stillMs = 2000;

export interface PumpRequest {
  readonly process: ContainerProcess;
  readonly writer: LogWriter;
  /** Read at every chunk: sessions come and go. */
  readonly sessions: ReadonlySet<Session>;
  readonly log: Log;
}

/**
 * Moves all output of a process to its log and then to its sessions: what a session sees is in the log's file. A session that does not read makes
 * the process wait, as with Docker, until it reads or goes. Resolves when the output has ended, or with 'cut' when it stands still after the
 * process's end: its monitor then still waits to be dismissed.
 */
export async function pump(request: PumpRequest): Promise<'ended' | 'cut'> {
  const { process, sessions } = request;
  const source = process.output()[Symbol.asyncIterator]();
  const watch = { stopped: false, chunks: 0 };
  const cut = Promise.withResolvers<'cut'>();
  void process.exited.then(
    () => {
      for (const session of sessions) session.lift();
      watchStandstill(watch, () => cut.resolve('cut'));
    },
    () => cut.resolve('cut'),
  );
  const how = await Promise.race([move(request, source, watch), cut.promise]);
  watch.stopped = true;
  // Not awaited: a read that hangs would hang this too.
  void source.return?.();
  return how;
}

interface Watch {
  stopped: boolean;
  chunks: number;
}

async function move(
  request: PumpRequest,
  source: AsyncIterator<{ stream: 'stdout' | 'stderr'; bytes: Uint8Array }>,
  watch: Watch,
): Promise<'ended'> {
  const { process, writer, sessions, log } = request;
  try {
    for (let next = await source.next(); next.done !== true && !watch.stopped; next = await source.next()) {
      const chunk = next.value;
      watch.chunks += 1;
      writer.write(chunk.stream, chunk.bytes);
      for (const session of sessions) session.push(chunk);
      for (const session of sessions) {
        const room = session.room();
        if (room !== undefined) await room;
      }
    }
  } catch (error) {
    log.warn('Cannot read container output', { container: process.id, error: messageOf(error) });
  }
  return 'ended';
}

function watchStandstill(watch: Watch, stop: () => void): void {
  const seen = watch.chunks;
  const timer = setTimeout(() => {
    if (watch.stopped) return;
    if (watch.chunks === seen) stop();
    else watchStandstill(watch, stop);
  }, stillMs);
  timer.unref();
}
