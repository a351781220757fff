export { assertNever } from './assert-never.ts';
export { writeFileAtomic } from './atomic-file.ts';
export { formatDuration, parseDuration } from './durations.ts';
export { EngineError, isEngineError, messageOf, type ErrorCode } from './errors.ts';
export { newId, shortId } from './ids.ts';
export { KeyedLock } from './keyed-lock.ts';
export { createLog, logLevels, silentLog, type Log, type LogFields, type LogLevel } from './log.ts';
export { Scope } from './scope.ts';
export { formatBinarySize, formatSize, parseSize } from './sizes.ts';
