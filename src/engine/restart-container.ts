import { EngineError, isEngineError } from '../base/index.ts';
import { publishContainerEvent } from './events/index.ts';
import type { House } from './house.ts';
import { startOrRemove } from './start-container.ts';
import type { Options, StopRequest } from './requests.ts';
import { stopIfRunning } from './stop-container.ts';

/** Stops a container, if it runs, and starts it. A container of `--rm` is not removed in between. @throws as stop and start. */
export async function restartContainer(house: House, words: string, request: StopRequest, options: Options): Promise<void> {
  const record = house.records.resolve(words);
  const { id } = record;
  house.keep.add(id);
  try {
    await stopIfRunning(house, record, request, options);
    await house.locks.run(id, async () => {
      const stopped = house.records.find(id);
      if (stopped === undefined) throw new EngineError('NotFound', `No such container: ${words}`);
      // Somebody else started it meanwhile: it was restarted, then.
      if (stopped.state.status === 'created' || stopped.state.status === 'exited') await startOrRemove(house, stopped);
      publishContainerEvent(house.events, house.records.find(id) ?? stopped, 'restart');
    });
  } catch (error) {
    if (isEngineError(error, 'InvalidArgument') || isEngineError(error, 'Internal')) {
      throw new EngineError(error.code, `Cannot restart container ${words}: ${error.message}`, { cause: error, detail: error.detail });
    }
    throw error;
  } finally {
    house.keep.delete(id);
  }
}
