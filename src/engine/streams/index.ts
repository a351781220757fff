export { DetachKeys, parseDetachKeys } from './detach-keys.ts';
export { pump } from './pump.ts';
export { Session, type SessionRequest } from './session.ts';
export { createStreams, type StreamsParts } from './streams.ts';
export { whileStreaming } from './while-streaming.ts';
