import { dirname } from 'node:path';
import { publishContainerEvent } from './events/index.ts';
import type { ContainerRecord } from './contract.ts';
import type { House } from './house.ts';
import { volumeUsers } from './volumes.ts';

/**
 * Removes a container that does not run. Under its lock. The row goes first: from then on it does not exist, and what an engine that is killed
 * here leaves behind is swept by the next one.
 */
export async function removeNow(house: House, record: ContainerRecord, options: { readonly volumes: boolean }): Promise<void> {
  const { id } = record;
  house.records.delete(id);
  house.execs.forget(id);
  house.streams.end(id);
  await house.snapshots.remove(id);
  house.trash.take(dirname(record.paths.log), id);
  if (options.volumes) await removeAnonymousVolumes(house, record);
  publishContainerEvent(house.events, record, 'destroy');
  const { state } = record;
  house.waiters.removed(id, { exitCode: state.status === 'exited' || state.status === 'created' ? (state.exitCode ?? 0) : 0 });
}

async function removeAnonymousVolumes(house: House, record: ContainerRecord): Promise<void> {
  for (const { name, anonymous } of record.mounts) {
    if (anonymous !== true || name === undefined) continue;
    const volume = house.volumes.find(name);
    // --volumes-from: another container may still use it.
    if (volume === undefined || volumeUsers(house, name).length > 0) continue;
    await house.volumes.remove(name);
    house.events.publish({ type: 'volume', action: 'destroy', actor: { id: name, attributes: { driver: volume.driver } } });
  }
}
