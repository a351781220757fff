import { EngineError } from '../base/index.ts';
import type { ContainerRecord } from './contract.ts';
import { runningOf } from './ending.ts';
import { publishContainerEvent } from './events/index.ts';
import type { House } from './house.ts';
import type { Options } from './requests.ts';
import { next } from './state.ts';

/** Freezes everything in a container. @throws {EngineError} Conflict, when it does not run or is frozen already. */
export async function pauseContainer(house: House, words: string, _options: Options): Promise<void> {
  await withRecord(house, words, async (record) => {
    const live = runningOf(house, record);
    if (record.state.status === 'paused') throw new EngineError('Conflict', `Container ${record.id} is already paused`);
    await live.process.cgroup.freeze();
    const paused = house.records.update(record.id, { state: next(record.state, { kind: 'paused' }) });
    publishContainerEvent(house.events, paused, 'pause');
  });
}

/** Thaws it. @throws {EngineError} Conflict, when it is not frozen. */
export async function unpauseContainer(house: House, words: string, _options: Options): Promise<void> {
  await withRecord(house, words, async (record) => {
    const live = house.live.get(record.id);
    if (live?.kind !== 'running' || record.state.status !== 'paused') {
      throw new EngineError('Conflict', `Container ${record.id} is not paused`);
    }
    await live.process.cgroup.thaw();
    const running = house.records.update(record.id, { state: next(record.state, { kind: 'unpaused' }) });
    publishContainerEvent(house.events, running, 'unpause');
  });
}

async function withRecord(house: House, words: string, work: (record: ContainerRecord) => Promise<void>): Promise<void> {
  const { id } = house.records.resolve(words);
  await house.locks.run(id, async () => {
    const record = house.records.find(id);
    if (record === undefined) throw new EngineError('NotFound', `No such container: ${words}`);
    await work(record);
  });
}
