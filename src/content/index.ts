export type { ArrivingBlob, ContentSource, ContentStore, ContentTarget, Ingest, IngestOptions } from './contract.ts';
export { copyBlob, copyGraph, defaultGraphLimits, type CopyGraphOptions, type GraphLimits } from './copy-graph.ts';
export { openDiskStore } from './disk-store.ts';
export { openMemoryStore } from './memory-store.ts';
export { verify } from './verify.ts';
