import { EngineError } from '../base/index.ts';
import type { House } from '../engine/index.ts';
import { parseJson } from './decode/index.ts';
import { limits, type HttpAnswer, type HttpRequest } from './http/index.ts';
import type { Query } from './query.ts';
import type { ContainerListRenderer } from './render/container-list.ts';

/** Facts about the program, for version, info and headers. */
export interface Program {
  readonly version: string;
  readonly gitCommit: string;
  readonly buildTime: string;
}

/** Makes an image that comes with the program (`hello-world:latest`) when it is not there; false for a name it does not know. */
export type PullBuiltIn = (reference: string, options: { readonly signal: AbortSignal }) => Promise<boolean>;

/** What all routes share; made once. */
export interface Api {
  readonly house: House;
  readonly program: Program;
  readonly containerList: ContainerListRenderer;
  readonly pullBuiltIn: PullBuiltIn;
}

/** One request that has found its route. */
export interface Call {
  readonly api: Api;
  readonly house: House;
  readonly request: HttpRequest;
  readonly signal: AbortSignal;
  /** Of the client's API version 1.x. */
  readonly minor: number;
  /** The variable parts of the path, decoded. */
  readonly params: readonly string[];
  readonly query: Query;
}

export type RouteHandler = (call: Call) => Promise<HttpAnswer> | HttpAnswer;

/**
 * The JSON body; undefined when there is none. @throws {EngineError} InvalidArgument, in Docker's words: a Content-Type that is not JSON, a
 * text that does not parse, more than one value.
 */
export async function jsonBody({ request }: Call): Promise<unknown> {
  const type = request.head.headers.get('content-type') ?? '';
  if (type === '' && !request.hasBody) return undefined;
  if (type === '') throw new EngineError('InvalidArgument', 'malformed Content-Type header (): mime: no media type');
  if (type.split(';')[0]!.trim().toLowerCase() !== 'application/json') {
    throw new EngineError('InvalidArgument', `unsupported Content-Type header (${type}): must be 'application/json'`);
  }
  return request.hasBody ? parseJson(await request.text(limits.jsonBytes)) : undefined;
}

/** For what goes on when the client has gone: half a stop or removal helps nobody. moby does the same (context.WithoutCancel). */
export function lasting({ house }: Call): { readonly signal: AbortSignal } {
  return { signal: house.closing };
}

/** The first variable part of the path: an id or a name. */
export function subject({ params }: Call): string {
  return params[0] ?? '';
}
