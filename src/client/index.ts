export { ClientError, ConnectError, isClientError } from './client-error.ts';
export type { Connection } from './connection.ts';
export { EngineClient, maximumApiVersion, type QueryValue, type RequestOptions } from './engine-client.ts';
export { demultiplex, type OutputFrame } from './frames.ts';
export { parseHost, type Host } from './host.ts';
export { EngineResponse } from './response.ts';
