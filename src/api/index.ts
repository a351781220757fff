export type { Program, PullBuiltIn } from './call.ts';
export { maximumVersion, minimumVersion } from './api-version.ts';
export { createApi } from './create-api.ts';
export { HttpServer, type Address, type HttpAnswer, type HttpHandler, type HttpRequest } from './http/index.ts';
