export type * from './contract.ts';
export { limits } from './limits.ts';
export type { RequestHead } from './request-head.ts';
export { acceptWebSocket } from './websocket.ts';
export { HttpServer, type Address } from './server.ts';
