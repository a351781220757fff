import { messageOf } from '../base/index.ts';
import type { ExitRecord } from '../runtime/index.ts';
import { publishContainerEvent } from './events/index.ts';
import type { ContainerRecord } from './contract.ts';
import type { House } from './house.ts';
import type { LiveContainer } from './live.ts';
import { releaseNetworks } from './networking.ts';
import { removeNow } from './remove-now.ts';
import { restartDelay } from './restart-policy.ts';
import { runDirectoryOf } from './spec-inputs.ts';
import { next } from './state.ts';

type Running = LiveContainer & { readonly kind: 'running' };
/** Starts a container again; `launch` without the import cycle. */
export type Relaunch = (record: ContainerRecord, delayMs: number) => Promise<void>;

/** A grandchild outside the pid namespace may hold the pipes open: the exit is told without waiting for it longer than this. */
const drainLimitMs = 2000;

/** Resolves when the process has ended and everything that follows from it was done: row, events, waiters, restart or removal. */
export async function whenEnded(house: House, id: string, live: Running, relaunch: Relaunch): Promise<void> {
  const exit = await live.process.exited;
  await drained(live.drained);
  await house.locks.run(id, () => ended(house, id, exit, live, relaunch));
}

/** The run that ended. `lost`: found ended by an engine that has just started, which applies the restart policy itself. */
export type EndedRun = Pick<Running, 'stopRequested' | 'restartDelayMs'> & {
  readonly process?: { readonly startedAt: Date };
  readonly lost?: boolean;
  readonly markRecorded?: () => void;
};

/**
 * Writes down how a run ended and acts on it. Under the container's lock. The order is what clients rely on: the row, then `die`, then those
 * who wait, then the removal of what the run left behind.
 */
export async function ended(house: House, id: string, exit: ExitRecord, run: EndedRun, relaunch: Relaunch): Promise<void> {
  house.live.delete(id);
  house.health.stopped(id);
  house.execs.containerEnded(id);
  const record = house.records.find(id);
  if (record === undefined) {
    house.networks.release(id);
    await house.runtime.delete(id, runDirectoryOf(house, id));
    return;
  }
  releaseNetworks(house, record);
  const startedAt = run.process?.startedAt ?? ('startedAt' in record.state ? record.state.startedAt : exit.finishedAt);
  const ranForMs = Math.max(0, exit.finishedAt.getTime() - startedAt.getTime());
  const delayMs = restartDelay(record.hostConfig.RestartPolicy, {
    exitCode: exit.exitCode,
    ranForMs,
    stopRequested: run.stopRequested || run.lost === true,
    restartCount: record.restartCount,
    lastDelayMs: run.restartDelayMs,
  });
  const restarts = delayMs !== undefined;
  const change = {
    state: next(record.state, { kind: 'exited', exit, restarts }),
    stoppedByUser: record.stoppedByUser || run.stopRequested,
    restartCount: record.restartCount + (restarts ? 1 : 0),
  };
  const after = house.records.note(id, change, (error) =>
    house.log.error('container exit cannot be written', { container: id, error: messageOf(error) }),
  );
  run.markRecorded?.();
  if (exit.oomKilled) publishContainerEvent(house.events, after, 'oom');
  publishContainerEvent(house.events, after, 'die', { exitCode: String(exit.exitCode), execDuration: String(Math.floor(ranForMs / 1000)) });
  house.waiters.ended(id, { exitCode: exit.exitCode }, restarts);
  await house.runtime.delete(id, runDirectoryOf(house, id));
  if (restarts) scheduleRestart(house, id, delayMs, relaunch);
  else if (after.hostConfig.AutoRemove && run.lost !== true && !house.keep.has(id)) await removeNow(house, after, { volumes: true });
}

/** Starts a restarting container after `delayMs`, unless it is cancelled before. */
export function scheduleRestart(house: House, id: string, delayMs: number, relaunch: Relaunch): void {
  const timer = setTimeout(() => {
    void house.locks
      .run(id, async () => {
        const record = house.records.find(id);
        if (house.closing.aborted || house.live.get(id) !== restarting || record === undefined) return;
        house.live.delete(id);
        await relaunch(record, delayMs);
      })
      .catch((error: unknown) => house.log.warn('container could not be restarted', { container: id, error: messageOf(error) }));
  }, delayMs);
  const restarting: LiveContainer = { kind: 'restarting', cancel: () => clearTimeout(timer) };
  house.live.set(id, restarting);
}

async function drained(output: Promise<void>): Promise<void> {
  const limit = Promise.withResolvers<void>();
  const timer = setTimeout(limit.resolve, drainLimitMs);
  await Promise.race([output, limit.promise]);
  clearTimeout(timer);
}
