import { containerFilter } from './container-filter.ts';
import type { House } from './house.ts';
import { sizeOf } from './inspect-container.ts';
import { isRunning } from './records.ts';
import type { ContainerSummary, ListContainersRequest, Options } from './requests.ts';

/**
 * The containers that match, newest first; those that run unless `all`, a `limit` or a status filter asks for others. Nothing is read from disk
 * but with `size`.
 * @throws {EngineError} InvalidArgument `invalid filter 'x'`; NotFound, for a `before` or `since` that is not there.
 */
export async function listContainers(
  house: House,
  request: ListContainersRequest,
  { signal }: Options,
): Promise<readonly ContainerSummary[]> {
  const { accepts, anyStatus } = containerFilter(house, request.filters);
  const limit = request.limit ?? 0;
  const all = request.all || anyStatus || limit > 0;
  const summaries: ContainerSummary[] = [];
  for (const record of house.records.list()) {
    if (limit > 0 && summaries.length >= limit) break;
    if (!all && !isRunning(record.state) && record.state.status !== 'restarting') continue;
    if (!accepts(record)) continue;
    signal.throwIfAborted();
    summaries.push(request.size ? { record, size: await sizeOf(house, record) } : { record });
  }
  return summaries;
}
