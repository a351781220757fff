import type { EngineEvent } from '../contract.ts';
import { checkFilters } from '../filters.ts';
import type { Filters } from '../requests.ts';

const knownFilters = [
  'config',
  'container',
  'daemon',
  'event',
  'image',
  'label',
  'network',
  'node',
  'plugin',
  'scope',
  'secret',
  'service',
  'type',
  'volume',
];
const namedTypes = ['config', 'container', 'daemon', 'network', 'node', 'plugin', 'secret', 'service', 'volume'];

/**
 * Which events a subscriber wants, as moby daemon/events/filter.go decides: values of one key are alternatives, but labels must all be there.
 * @throws {EngineError} InvalidArgument `invalid filter 'x'`.
 */
export function eventFilter(filters: Filters): (event: EngineEvent) => boolean {
  checkFilters(filters, knownFilters);
  return (event) => {
    const { id, attributes } = event.actor;
    return (
      matches(filters['event'], (wanted) => isAction(event.action, wanted)) &&
      matches(filters['type'], (wanted) => event.type === wanted) &&
      matches(filters['scope'], (wanted) => wanted === 'local') &&
      namedTypes.every((type) =>
        matches(filters[type], (wanted) => id.startsWith(wanted) || (attributes['name'] ?? '').startsWith(wanted)),
      ) &&
      matches(filters['image'], (wanted) => imagesOf(event).includes(wanted)) &&
      (filters['label'] ?? []).every((wanted) => hasLabel(attributes, wanted))
    );
  };
}

function matches(values: readonly string[] | undefined, test: (value: string) => boolean): boolean {
  return values === undefined || values.length === 0 || values.some(test);
}

function isAction(action: string, wanted: string): boolean {
  return action === wanted || (/^(health_status|exec_create|exec_start)$/.test(wanted) && action.startsWith(wanted));
}

function imagesOf(event: EngineEvent): readonly string[] {
  const name = event.actor.attributes[event.type === 'image' ? 'name' : 'image'] ?? '';
  return [event.actor.id, name, withoutTag(event.actor.id), withoutTag(name)];
}

function withoutTag(name: string): string {
  return name.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
}

function hasLabel(attributes: Readonly<Record<string, string>>, wanted: string): boolean {
  const equals = wanted.indexOf('=');
  if (equals === -1) return attributes[wanted] !== undefined;
  return attributes[wanted.slice(0, equals)] === wanted.slice(equals + 1);
}
