import { EngineError } from '../base/index.ts';
import type { ContainerRecord } from './contract.ts';
import { cancelRestart, endedWithin, killAndWait, signalToEnd, stopSignalOf } from './ending.ts';
import { publishContainerEvent } from './events/index.ts';
import type { House } from './house.ts';
import type { Options, StopRequest } from './requests.ts';
import { parseSignal } from './signals.ts';

/**
 * Ends a container: its stop signal, then SIGKILL when it has not ended in time. It has ended, and its row says so, when this resolves.
 * @throws {EngineError} NotModified, when it does not run; InvalidArgument, for a bad signal.
 */
export async function stopContainer(house: House, words: string, request: StopRequest, options: Options): Promise<void> {
  const record = house.records.resolve(words);
  if (!(await stopIfRunning(house, record, request, options))) throw new EngineError('NotModified', 'Container is already stopped');
}

/** Whether it ran. */
export async function stopIfRunning(house: House, { id }: ContainerRecord, request: StopRequest, { signal }: Options): Promise<boolean> {
  const wanted = request.stopSignal === undefined || request.stopSignal === '' ? undefined : parseSignal(request.stopSignal);
  const begun = await house.locks.run(id, async () => {
    const record = house.records.find(id);
    if (record === undefined) return undefined;
    if (record.state.status === 'restarting') return { record: cancelRestart(house, record) };
    const live = house.live.get(id);
    if (live?.kind !== 'running') return undefined;
    await signalToEnd(house, record, live, wanted ?? stopSignalOf(record));
    return { record, ended: live.ended };
  });
  if (begun === undefined) return false;
  if (begun.ended !== undefined) {
    const seconds = request.timeoutSeconds ?? begun.record.config.StopTimeout ?? house.defaults.stopTimeoutSeconds;
    const inTime = await endedWithin(begun.ended, seconds < 0 ? undefined : seconds * 1000, signal);
    if (!inTime) await killAndWait(house, id, signal);
  }
  publishContainerEvent(house.events, house.records.find(id) ?? begun.record, 'stop');
  return true;
}
