import {
  connectNetwork,
  createNetwork,
  disconnectNetwork,
  inspectNetwork,
  listNetworks,
  pruneNetworks,
  removeNetwork,
} from '../../engine/index.ts';
import { json, noContent } from '../answers.ts';
import { jsonBody, lasting, subject, type Call } from '../call.ts';
import { decodeConnect, decodeDisconnect, decodeNetworkCreate } from '../decode/index.ts';
import type { HttpAnswer } from '../http/index.ts';
import { renderNetwork } from '../render/networks.ts';
import type { Route } from '../router.ts';

export const networkRoutes: readonly Route[] = [
  { method: 'GET', pattern: '/networks', handler: list },
  { method: 'POST', pattern: '/networks/create', handler: create },
  { method: 'POST', pattern: '/networks/prune', handler: prune, minimum: 25 },
  { method: 'GET', pattern: '/networks/{id}', handler: inspect },
  { method: 'POST', pattern: '/networks/{id}/connect', handler: connect },
  { method: 'POST', pattern: '/networks/{id}/disconnect', handler: disconnect },
  { method: 'DELETE', pattern: '/networks/{id}', handler: remove },
];

function list({ house, query, minor }: Call): HttpAnswer {
  return json(listNetworks(house, query.filters()).map((network) => renderNetwork(network, [], minor)));
}

async function create(call: Call): Promise<HttpAnswer> {
  const network = createNetwork(call.house, decodeNetworkCreate(await jsonBody(call)));
  return json({ Id: network.id, Warning: '' }, 201);
}

function inspect(call: Call): HttpAnswer {
  const { house, minor } = call;
  const network = inspectNetwork(house, subject(call));
  const attached = house.networks
    .endpointsOn(network.id)
    .map((endpoint) => ({ endpoint, name: house.records.find(endpoint.containerId)?.name ?? '' }));
  return json(renderNetwork(network, attached, minor));
}

async function connect(call: Call): Promise<HttpAnswer> {
  const { container, settings } = decodeConnect(await jsonBody(call));
  await connectNetwork(call.house, subject(call), container, settings, lasting(call));
  return { kind: 'whole', status: 200, body: '' };
}

async function disconnect(call: Call): Promise<HttpAnswer> {
  const { container, force } = decodeDisconnect(await jsonBody(call));
  await disconnectNetwork(call.house, subject(call), container, { force }, lasting(call));
  return { kind: 'whole', status: 200, body: '' };
}

function remove(call: Call): HttpAnswer {
  removeNetwork(call.house, subject(call));
  return noContent();
}

function prune({ house, query }: Call): HttpAnswer {
  const removed = pruneNetworks(house, query.filters());
  return json({ NetworksDeleted: removed.length === 0 ? null : removed });
}
