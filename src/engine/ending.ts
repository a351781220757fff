import { constants } from 'node:os';
import { EngineError } from '../base/index.ts';
import type { ContainerRecord } from './contract.ts';
import { publishContainerEvent } from './events/index.ts';
import type { House } from './house.ts';
import type { LiveContainer } from './live.ts';
import { parseSignal } from './signals.ts';
import { next } from './state.ts';

const sigkill = constants.signals.SIGKILL;
const sigterm = constants.signals.SIGTERM;

type Running = LiveContainer & { readonly kind: 'running' };

/** The signal that ends a container when nobody names one. */
export function stopSignalOf(record: ContainerRecord): number {
  const own = record.config.StopSignal;
  return own === undefined || own === '' ? sigterm : parseSignal(own);
}

/** The container's process, or Docker's refusal. @throws {EngineError} Conflict. */
export function runningOf(house: House, record: ContainerRecord): Running {
  const live = house.live.get(record.id);
  if (live?.kind === 'running') return live;
  if (live?.kind === 'restarting') {
    throw new EngineError('Conflict', `Container ${record.id} is restarting, wait until the container is running`);
  }
  throw new EngineError('Conflict', `container ${record.id} is not running`);
}

/** Sends a signal that is meant to end the container, and thaws it so that the signal is seen. Under the lock. */
export async function signalToEnd(house: House, record: ContainerRecord, live: Running, signal: number): Promise<void> {
  live.stopRequested = true;
  // On disk before the signal: an engine that is killed now must not bring back what a user has stopped.
  if (hasRestartPolicy(record)) house.records.update(record.id, { stoppedByUser: true });
  live.process.signal(signal);
  publishContainerEvent(house.events, record, 'kill', { signal: String(signal) });
  if (record.state.status !== 'paused') return;
  await live.process.cgroup.thaw();
  const thawed = house.records.update(record.id, { state: next(record.state, { kind: 'unpaused' }) });
  publishContainerEvent(house.events, thawed, 'unpause');
}

function hasRestartPolicy({ hostConfig }: ContainerRecord): boolean {
  return hostConfig.RestartPolicy.Name !== 'no' && hostConfig.RestartPolicy.Name !== '';
}

/** Cancels the restart a policy has planned: the container is `exited` now. Under the lock. */
export function cancelRestart(house: House, record: ContainerRecord): ContainerRecord {
  const live = house.live.get(record.id);
  if (live?.kind === 'restarting') live.cancel();
  house.live.delete(record.id);
  const stopped = house.records.update(record.id, { state: next(record.state, { kind: 'restartCancelled' }), stoppedByUser: true });
  const exitCode = stopped.state.status === 'exited' ? stopped.state.exitCode : 0;
  house.waiters.ended(record.id, { exitCode }, false);
  return stopped;
}

/** Whether `ended` resolved within `milliseconds` (undefined: waits for ever). @throws the signal's reason. */
export async function endedWithin(ended: Promise<void>, milliseconds: number | undefined, signal: AbortSignal): Promise<boolean> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const timer = milliseconds === undefined ? undefined : setTimeout(() => resolve(false), milliseconds);
  const onAbort = () => reject(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([ended.then(() => true), promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

/** SIGKILL, and until it is over. Under no lock. */
export async function killAndWait(house: House, id: string, signal: AbortSignal): Promise<void> {
  const live = await house.locks.run(id, async () => {
    const record = house.records.find(id);
    if (record === undefined) return undefined;
    if (record.state.status === 'restarting') {
      cancelRestart(house, record);
      return undefined;
    }
    const running = house.live.get(id);
    if (running?.kind !== 'running') return undefined;
    await signalToEnd(house, record, running, sigkill);
    return running;
  });
  if (live !== undefined) await endedWithin(live.ended, undefined, signal);
}
