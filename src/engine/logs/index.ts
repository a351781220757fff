export { newScratch } from './json-encode.ts';
export { readJsonFile, type ReadRequest } from './json-file-reader.ts';
export type { LiveLog } from './live-log.ts';
export { validateLogConfig } from './log-options.ts';
export { logPathOf, openLog } from './open-log.ts';
export { formatStamp, instantOf, parseStamp, WallClock, type Instant } from './stamps.ts';
export { noLog, type LogWriter } from './writer.ts';
