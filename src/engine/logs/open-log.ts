import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Log } from '../../base/index.ts';
import type { ContainerRecord } from '../contract.ts';
import { JsonFileWriter } from './json-file-writer.ts';
import { attributesOf, policyOf } from './log-options.ts';
import type { WallClock } from './stamps.ts';
import { noLog, type LogWriter } from './writer.ts';

/** What all logs share. */
export interface LogParts {
  readonly clock: WallClock;
  readonly log: Log;
  readonly scratch: Uint8Array;
}

/**
 * Opens a container's log for one run, with the driver and options of its record. `local` keeps the same entries in a folder of its own, compressed
 * when rotated: only its readers differ from json-file, and Docker documents the file as private.
 */
export function openLog(record: ContainerRecord, parts: LogParts): LogWriter {
  const { LogConfig: config } = record.hostConfig;
  const path = logPathOf(record);
  if (path === '') return noLog;
  mkdirSync(dirname(path), { recursive: true, mode: 0o710 });
  return new JsonFileWriter({
    path,
    pendingPath: join(dirname(path), '.unfinished-line'),
    policy: policyOf(config, attributesOf(record)),
    clock: parts.clock,
    log: parts.log,
    scratch: parts.scratch,
  });
}

/** The file a container's log is written to; '' for a driver without one. */
export function logPathOf(record: ContainerRecord): string {
  const { Type: driver } = record.hostConfig.LogConfig;
  if (driver === 'json-file' || driver === '') return record.paths.log;
  return driver === 'local' ? join(dirname(record.paths.log), 'local-logs', 'container.log') : '';
}
