import { EngineError } from '../base/index.ts';
import type { ContainerRecord } from './contract.ts';
import type { House } from './house.ts';
import { launch } from './launch.ts';
import { removeNow } from './remove-now.ts';
import type { Options } from './requests.ts';

/**
 * Starts a container: it runs when this resolves.
 * @throws {EngineError} NotModified, when it runs already; Conflict, when it is paused; InvalidArgument or Internal with Docker's words and
 * `detail.exitCode` 126, 127 or 128, when its process cannot be started: the container then keeps that exit code and the error.
 */
export async function startContainer(house: House, words: string, { signal }: Options): Promise<void> {
  signal.throwIfAborted();
  const { id } = house.records.resolve(words);
  await house.locks.run(id, async () => {
    const record = house.records.find(id);
    if (record === undefined) throw new EngineError('NotFound', `No such container: ${words}`);
    if (record.state.status === 'paused') throw new EngineError('Conflict', 'cannot start a paused container, try unpause instead');
    if (record.state.status === 'running' || record.state.status === 'restarting') {
      throw new EngineError('NotModified', 'Container is already started');
    }
    await startOrRemove(house, record);
  });
}

/**
 * Under the lock. A start that has begun is finished, whether or not its client still listens. A container of `--rm` that cannot be started is
 * removed, as Docker does.
 */
export async function startOrRemove(house: House, record: ContainerRecord): Promise<void> {
  try {
    await launch(house, record, { restartDelayMs: 0 }, { signal: house.closing });
  } catch (error) {
    const failed = house.records.find(record.id);
    if (failed?.hostConfig.AutoRemove === true) await removeNow(house, failed, { volumes: true });
    throw error;
  }
}
