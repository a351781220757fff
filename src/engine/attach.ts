import { EngineError } from '../base/index.ts';
import type { AttachRequest, AttachSession } from './contract.ts';
import type { House } from './house.ts';
import { publishContainerEvent } from './events/index.ts';
import type { Options } from './requests.ts';

/**
 * Joins a client to a container that runs or is about to; see `ContainerStreams.attach`. Output of a start that follows is not lost.
 * @throws {EngineError} NotFound; Conflict, when it is paused; InvalidArgument, for bad detach keys.
 */
export async function attachContainer(house: House, words: string, request: AttachRequest, options: Options): Promise<AttachSession> {
  const record = house.records.resolve(words);
  if (record.state.status === 'paused') {
    throw new EngineError('Conflict', `container ${words} is paused, unpause the container before attach`);
  }
  if (record.state.status === 'restarting') {
    throw new EngineError('Conflict', `container ${words} is restarting, wait until the container is running`);
  }
  const session = await house.streams.attach(record, request, options);
  publishContainerEvent(house.events, record, 'attach');
  return session;
}
