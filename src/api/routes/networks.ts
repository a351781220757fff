import { EngineError } from '../../base/index.ts';
import { json } from '../answers.ts';
import { subject, type Call } from '../call.ts';
import type { HttpAnswer } from '../http/index.ts';
import { builtInNetworks, networkId, renderNetwork } from '../render/networks.ts';
import type { Route } from '../router.ts';

/** The networks that are always there; others come with the network room. */
export const networkRoutes: readonly Route[] = [
  { method: 'GET', pattern: '/networks', handler: list },
  { method: 'POST', pattern: '/networks/create', handler: notYet },
  { method: 'POST', pattern: '/networks/prune', handler: () => json({ NetworksDeleted: null }), minimum: 25 },
  { method: 'GET', pattern: '/networks/{id}', handler: inspect },
  { method: 'POST', pattern: '/networks/{id}/connect', handler: notYet },
  { method: 'POST', pattern: '/networks/{id}/disconnect', handler: notYet },
  { method: 'DELETE', pattern: '/networks/{id}', handler: remove },
];

const drivers: Readonly<Record<string, string>> = { bridge: 'bridge', host: 'host', none: 'null' };
const knownFilters = ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type'];

function list({ house, query, minor }: Call): HttpAnswer {
  const filters = query.filters();
  for (const key of Object.keys(filters)) {
    if (!knownFilters.includes(key)) throw new EngineError('InvalidArgument', `invalid filter '${key}'`);
  }
  const accepts = (key: string, test: (wanted: string) => boolean) => (filters[key] ?? []).length === 0 || filters[key]!.some(test);
  const chosen = builtInNetworks.filter(
    (name) =>
      accepts('name', (wanted) => name.includes(wanted)) &&
      accepts('id', (wanted) => networkId(house.engineId, name).startsWith(wanted)) &&
      accepts('driver', (wanted) => drivers[name] === wanted) &&
      accepts('type', (wanted) => wanted === 'builtin') &&
      accepts('scope', (wanted) => wanted === 'local') &&
      accepts('dangling', (wanted) => wanted !== 'true' && wanted !== '1') &&
      accepts('label', () => false),
  );
  return json(chosen.map((name) => renderNetwork(name, [], { engineId: house.engineId, minor })));
}

function inspect(call: Call): HttpAnswer {
  const { house, minor } = call;
  return json(renderNetwork(networkOf(call), house.records.list(), { engineId: house.engineId, minor }));
}

function remove(call: Call): HttpAnswer {
  throw new EngineError('Forbidden', `${networkOf(call)} is a pre-defined network and cannot be removed`);
}

function networkOf(call: Call): (typeof builtInNetworks)[number] {
  const words = subject(call);
  const found =
    builtInNetworks.find((name) => name === words) ??
    builtInNetworks.find((name) => words !== '' && networkId(call.house.engineId, name).startsWith(words));
  if (found === undefined) throw new EngineError('NotFound', `network ${words} not found`);
  return found;
}

function notYet(): never {
  throw new EngineError('NotImplemented', 'networks of your own are not supported yet');
}
