import { EngineError } from '../base/index.ts';
import type { ContainerRecord } from './contract.ts';
import { killAndWait } from './ending.ts';
import type { House } from './house.ts';
import { removeNow } from './remove-now.ts';
import type { Options, RemoveContainerRequest } from './requests.ts';

/**
 * Removes a container with its own layer, files and log; with `force` also one that runs, after SIGKILL.
 * @throws {EngineError} Conflict `cannot remove container "/x": container is running: …`; InvalidArgument, for `link`.
 */
export async function removeContainer(house: House, words: string, request: RemoveContainerRequest, { signal }: Options): Promise<void> {
  const { id, name } = house.records.resolve(words);
  if (request.link)
    throw new EngineError(
      'InvalidArgument',
      `Cannot get parent link /${words}: links are made by networks, use "docker network disconnect"`,
    );
  for (;;) {
    const done = await house.locks.run(id, async () => {
      const record = house.records.find(id);
      // Somebody else, or --rm, was first: it is gone, as was asked for.
      if (record === undefined) return true;
      const refusal = whyNot(record);
      if (refusal === undefined) {
        await removeNow(house, record, request);
        return true;
      }
      if (!request.force) throw new EngineError('Conflict', `cannot remove container "/${name}": ${refusal}`);
      return false;
    });
    if (done) return;
    await killAndWait(house, id, signal);
  }
}

function whyNot({ state }: ContainerRecord): string | undefined {
  switch (state.status) {
    case 'paused':
      return 'container is paused and must be unpaused first';
    case 'running':
    case 'restarting':
      return `container is ${state.status}: stop the container before removing or force remove`;
    default:
      return undefined;
  }
}
