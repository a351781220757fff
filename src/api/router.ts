import { EngineError } from '../base/index.ts';
import { maximumMinor, parseVersion } from './api-version.ts';
import type { RouteHandler } from './call.ts';

/** `{id}` takes one path segment, `{name...}` several: image names have slashes. Patterns are as in Docker's documentation. */
export interface Route {
  readonly method: string;
  readonly pattern: string;
  readonly handler: RouteHandler;
  /** The first API version 1.x that has it. */
  readonly minimum?: number;
}

export interface Match {
  readonly handler: RouteHandler;
  readonly params: readonly string[];
  readonly minor: number;
}

interface Compiled {
  readonly route: Route;
  readonly expression: RegExp;
}

/** Finds the route of a method and path; made once from the tables. */
export class Router {
  readonly #byKey = new Map<string, Compiled[]>();

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const key = keyOf(route.method, route.pattern);
      const source = route.pattern.replace(/\{\w+\.\.\.\}/g, '(.+)').replace(/\{\w+\}/g, '([^/]+)');
      const compiled = { route, expression: new RegExp(`^${source}/?$`) };
      const bucket = this.#byKey.get(key);
      if (bucket === undefined) this.#byKey.set(key, [compiled]);
      else bucket.push(compiled);
    }
  }

  /** @throws {EngineError} NotFound `page not found`; InvalidArgument, for a version that is not served or a path that cannot be decoded. */
  match(method: string, path: string): Match {
    const versioned = /^\/v(\d+(?:\.\d+)*)(\/.*)$/.exec(path);
    const plain = versioned?.[2] ?? path;
    for (const { route, expression } of this.#byKey.get(keyOf(method, plain)) ?? []) {
      const found = expression.exec(plain);
      if (found === null) continue;
      const minor = versioned === null ? maximumMinor : parseVersion(versioned[1]);
      if (minor < (route.minimum ?? 0)) {
        throw new EngineError('NotFound', `${JSON.stringify(method)} ${plain} requires API version 1.${route.minimum} or later`);
      }
      return { handler: route.handler, params: found.slice(1).map(decodePart), minor };
    }
    throw new EngineError('NotFound', 'page not found');
  }
}

function keyOf(method: string, path: string): string {
  return `${method} ${path.split('/', 2)[1] ?? ''}`;
}

function decodePart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new EngineError('InvalidArgument', `invalid URL escape in ${JSON.stringify(text)}`);
  }
}
