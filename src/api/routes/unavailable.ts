import { EngineError } from '../../base/index.ts';
import { json } from '../answers.ts';
import type { Route } from '../router.ts';

const noManager =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';

/** What an engine outside a swarm, without plugins and without a builder answers. */
export const unavailableRoutes: readonly Route[] = [
  ...swarm('GET', ['/swarm', '/swarm/unlockkey', '/nodes', '/nodes/{id}', '/services', '/services/{id}', '/services/{id}/logs', '/tasks']),
  ...swarm('GET', ['/tasks/{id}', '/tasks/{id}/logs', '/secrets', '/secrets/{id}', '/configs', '/configs/{id}']),
  ...swarm('POST', ['/swarm/update', '/swarm/unlock', '/nodes/{id}/update', '/services/create', '/services/{id}/update']),
  ...swarm('POST', ['/secrets/create', '/secrets/{id}/update', '/configs/create', '/configs/{id}/update']),
  ...swarm('DELETE', ['/nodes/{id}', '/services/{id}', '/secrets/{id}', '/configs/{id}']),
  missing('POST', '/swarm/init', 'swarm mode is not supported'),
  missing('POST', '/swarm/join', 'swarm mode is not supported'),
  { method: 'POST', pattern: '/swarm/leave', handler: () => fail('Unavailable', 'This node is not part of a swarm') },
  { method: 'GET', pattern: '/plugins', handler: () => json([]), minimum: 25 },
  { method: 'GET', pattern: '/plugins/{name...}/json', handler: ({ params }) => fail('NotFound', `plugin "${params[0]}" not found`) },
  { method: 'POST', pattern: '/build/prune', handler: () => json({ CachesDeleted: null, SpaceReclaimed: 0 }), minimum: 31 },
  missing('POST', '/build', 'building images is not supported yet'),
  missing('POST', '/session', 'building images is not supported yet'),
  missing('POST', '/grpc', 'building images is not supported yet'),
  missing('GET', '/containers/{id}/checkpoints', 'checkpoints are not supported: they need CRIU'),
  missing('POST', '/containers/{id}/checkpoints', 'checkpoints are not supported: they need CRIU'),
];

function swarm(method: string, patterns: readonly string[]): readonly Route[] {
  return patterns.map((pattern) => ({ method, pattern, handler: () => fail('Unavailable', noManager) }));
}

function missing(method: string, pattern: string, message: string): Route {
  return { method, pattern, handler: () => fail('NotImplemented', message) };
}

function fail(code: 'Unavailable' | 'NotFound' | 'NotImplemented', message: string): never {
  throw new EngineError(code, message);
}
