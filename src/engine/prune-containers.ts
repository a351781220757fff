import { isEngineError } from '../base/index.ts';
import { publishPruneEvent } from './events/index.ts';
import { checkFilters } from './filters.ts';
import type { House } from './house.ts';
import { sizeOf } from './inspect-container.ts';
import { labelAndTimeFilter } from './prune-filters.ts';
import { isRunning } from './records.ts';
import { removeContainer } from './remove-container.ts';
import type { Filters, Options } from './requests.ts';

/** Removes all containers that do not run and that `label`, `label!` and `until` choose. One that starts meanwhile stays. */
export async function pruneContainers(
  house: House,
  filters: Filters,
  options: Options,
): Promise<{ readonly deleted: readonly string[]; readonly reclaimed: number }> {
  checkFilters(filters, ['label', 'label!', 'until']);
  const fits = labelAndTimeFilter(filters, house.clock.now());
  const deleted: string[] = [];
  let reclaimed = 0;
  for (const record of house.records.list()) {
    options.signal.throwIfAborted();
    const { state, createdAt, config } = record;
    if (isRunning(state) || state.status === 'restarting' || !fits({ labels: config.Labels, createdAt })) continue;
    try {
      const { rw } = await sizeOf(house, record);
      await removeContainer(house, record.id, { force: false, volumes: false, link: false }, options);
      deleted.push(record.id);
      reclaimed += rw;
    } catch (error) {
      if (!isEngineError(error, 'NotFound') && !isEngineError(error, 'Conflict')) throw error;
    }
  }
  publishPruneEvent(house.events, 'container', reclaimed);
  return { deleted, reclaimed };
}
