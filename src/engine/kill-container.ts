import { constants } from 'node:os';
import { EngineError } from '../base/index.ts';
import { endedWithin, runningOf, signalToEnd, stopSignalOf } from './ending.ts';
import { publishContainerEvent } from './events/index.ts';
import type { House } from './house.ts';
import type { Options } from './requests.ts';
import { parseSignal } from './signals.ts';

const sigkill = constants.signals.SIGKILL;
/** moby waits as long for a killed container before it answers. */
const killLimitMs = 10_000;

/**
 * Sends a signal to a container's process; '' is SIGKILL, after which this waits for its end. SIGKILL and the container's own stop signal count
 * as stopped by the user: no restart policy applies.
 * @throws {EngineError} Conflict `… is not running`; InvalidArgument `invalid signal: x`.
 */
export async function killContainer(house: House, words: string, killSignal: string, { signal }: Options): Promise<void> {
  const number = killSignal === '' ? sigkill : parseSignal(killSignal);
  const { id } = house.records.resolve(words);
  const live = await house.locks.run(id, async () => {
    const record = house.records.find(id);
    if (record === undefined) throw new EngineError('NotFound', `No such container: ${words}`);
    const running = runningOrRefuse(() => runningOf(house, record), words);
    if (number === sigkill || number === stopSignalOf(record)) {
      await signalToEnd(house, record, running, number);
    } else {
      running.process.signal(number);
      publishContainerEvent(house.events, record, 'kill', { signal: String(number) });
    }
    return running;
  });
  if (number === sigkill) await endedWithin(live.ended, killLimitMs, signal);
}

function runningOrRefuse<T>(find: () => T, words: string): T {
  try {
    return find();
  } catch (error) {
    if (error instanceof EngineError) {
      throw new EngineError(error.code, `cannot kill container: ${words}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}
