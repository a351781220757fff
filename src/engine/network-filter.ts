import { EngineError } from '../base/index.ts';
import { builtInNames, type Network } from '../network/index.ts';
import { checkFilters } from './filters.ts';
import type { House } from './house.ts';
import { networkWords } from './networking.ts';
import { hasLabel, labelAndTimeFilter } from './prune-filters.ts';
import type { Filters } from './requests.ts';

const known = ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type'];

/** The networks that all filters accept; of several values of one filter one has to fit, labels must all. @throws {EngineError} InvalidArgument. */
export function listNetworks(house: House, filters: Filters): readonly Network[] {
  checkFilters(filters, known);
  for (const type of filters['type'] ?? []) {
    if (type !== 'builtin' && type !== 'custom') throw new EngineError('InvalidArgument', `invalid filter: 'type'='${type}'`);
  }
  const dangling = (filters['dangling'] ?? []).map((value) => value === 'true' || value === '1');
  const used = dangling.length === 0 ? undefined : usedNetworks(house);
  return house.networks.list().filter((network) => {
    const accepts = (key: string, test: (wanted: string) => boolean) => (filters[key] ?? []).length === 0 || filters[key]!.some(test);
    const builtIn = builtInNames.includes(network.name);
    return (
      accepts('name', (wanted) => network.name.includes(wanted)) &&
      accepts('id', (wanted) => network.id.includes(wanted)) &&
      accepts('driver', (wanted) => network.driver === wanted) &&
      accepts('scope', (wanted) => wanted === 'local') &&
      accepts('type', (wanted) => (wanted === 'builtin') === builtIn) &&
      (filters['label'] ?? []).every((wanted) => hasLabel(network.labels, wanted)) &&
      (used === undefined || dangling.includes(!builtIn && !used.has(network.id)))
    );
  });
}

/** What a prune's filters accept. @throws {EngineError} InvalidArgument. */
export function pruneTest(filters: Filters, now: Date): (network: Network) => boolean {
  checkFilters(filters, ['until', 'label', 'label!']);
  return labelAndTimeFilter(filters, now);
}

/** Ids of the networks some container names, whether or not it runs. */
export function usedNetworks(house: House): ReadonlySet<string> {
  const ids = house.records.list().flatMap((record) => networkWords(record).map((words) => house.networks.find(words)?.id));
  return new Set(ids.filter((id) => id !== undefined));
}
