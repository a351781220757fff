import { EngineError } from '../../base/index.ts';
import { diskUsage, engineInfo, subscribeEvents, type EngineEvent } from '../../engine/index.ts';
import { json, jsonLines } from '../answers.ts';
import type { Call } from '../call.ts';
import type { HttpAnswer } from '../http/index.ts';
import { renderDiskUsage } from '../render/disk-usage.ts';
import { renderEvent } from '../render/event.ts';
import { renderInfo } from '../render/info.ts';
import { renderVersion } from '../render/version.ts';
import type { Route } from '../router.ts';

export const systemRoutes: readonly Route[] = [
  { method: 'GET', pattern: '/_ping', handler: ping },
  { method: 'HEAD', pattern: '/_ping', handler: ping },
  { method: 'GET', pattern: '/info', handler: info },
  { method: 'GET', pattern: '/version', handler: ({ api }) => json(renderVersion(api.program, api.house.host)) },
  { method: 'GET', pattern: '/events', handler: events },
  { method: 'GET', pattern: '/system/df', handler: usage, minimum: 25 },
];

function ping({ request }: Call): HttpAnswer {
  const headers = {
    'Builder-Version': '1',
    Swarm: 'inactive',
    'Cache-Control': 'no-cache, no-store, must-revalidate',
    Pragma: 'no-cache',
    'Content-Type': 'text/plain; charset=utf-8',
  };
  return { kind: 'whole', status: 200, headers, body: request.head.method === 'HEAD' ? '' : 'OK' };
}

function info({ api, house, minor }: Call): HttpAnswer {
  return json(renderInfo({ house, info: engineInfo(house), program: api.program, minor }));
}

function events({ house, query, signal }: Call): HttpAnswer {
  const since = query.time('since');
  const until = query.time('until');
  if (since !== undefined && until !== undefined && since > until) {
    throw new EngineError('InvalidArgument', '`since` time cannot be after `until` time');
  }
  const request = { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }), filters: query.filters() };
  return jsonLines(lines(subscribeEvents(house, request, { signal })));
}

async function* lines(source: AsyncIterable<EngineEvent>): AsyncGenerator<unknown> {
  for await (const event of source) yield renderEvent(event);
}

async function usage({ house, query, signal, minor }: Call): Promise<HttpAnswer> {
  const types = minor >= 42 ? query.all('type') : [];
  for (const type of types) {
    if (!['container', 'image', 'volume', 'build-cache'].includes(type)) {
      throw new EngineError('InvalidArgument', `unknown object type: ${type}`);
    }
  }
  return json(renderDiskUsage(await diskUsage(house, { signal }), { engineId: house.engineId, minor, now: house.clock.now(), types }));
}

// Registries come later: until then nothing can be checked, so nothing is confirmed.
