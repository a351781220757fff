import { EngineError, isEngineError } from '../base/index.ts';
import type { House } from '../engine/index.ts';
import { failure } from './answers.ts';
import { maximumVersion } from './api-version.ts';
import type { Api, Program, PullBuiltIn } from './call.ts';
import type { HttpAnswer, HttpHandler, HttpHeaders, HttpRequest } from './http/index.ts';
import { Query } from './query.ts';
import { ContainerListRenderer } from './render/container-list.ts';
import { Router } from './router.ts';
import { routes } from './routes/index.ts';
import { statusOf } from './status.ts';

/** The Docker Engine API over a house, as a handler for `HttpServer`. */
export function createApi(house: House, program: Program, pullBuiltIn: PullBuiltIn = async () => false): HttpHandler {
  const api: Api = {
    house,
    program,
    pullBuiltIn,
    containerList: new ContainerListRenderer({ engineId: house.engineId, networks: house.networks }),
  };
  const router = new Router(routes);
  const common: HttpHeaders = {
    'Api-Version': maximumVersion,
    'Docker-Experimental': 'false',
    Ostype: 'linux',
    Server: `Docker/${program.version} (linux)`,
  };
  return async (request) => {
    let answer: HttpAnswer;
    try {
      answer = await route(api, router, request);
    } catch (error) {
      report(house, request, error);
      answer = failure(error);
    }
    return { ...answer, headers: { ...common, ...answer.headers } };
  };
}

async function route(api: Api, router: Router, request: HttpRequest): Promise<HttpAnswer> {
  const { method, target } = request.head;
  if (method === 'OPTIONS') return { kind: 'whole', status: 200, body: '' };
  const question = target.indexOf('?');
  const path = question === -1 ? target : target.slice(0, question);
  const { handler, params, minor } = router.match(method, path);
  const query = new Query(question === -1 ? '' : target.slice(question + 1));
  return await handler({ api, house: api.house, request, signal: request.signal, minor, params, query });
}

// What is the client's fault is told to the client only; what is ours is logged, with its cause.
function report(house: House, request: HttpRequest, error: unknown): void {
  const { method, target } = request.head;
  const { status, message } = statusOf(error);
  const fields = { method, target: target.split('?', 1)[0]!, status, error: message };
  if (request.signal.aborted || (isEngineError(error) && status < 500) || error instanceof EngineError) {
    house.log.debug('Handler for request returned an error', fields);
  } else {
    house.log.error('Handler for request returned an error', { ...fields, stack: error instanceof Error ? error.stack : undefined });
  }
}
