import { appendFileSync, writeSync } from 'node:fs';
import { createLog, type Log } from '../../base/index.ts';

export interface LogTarget {
  /** `--log`; undefined for stderr. */
  readonly path: string | undefined;
  readonly format: 'text' | 'json';
  readonly debug: boolean;
}

/** Tells why a command failed: on stderr, and in the log file that who called reads (go-runc wants its last line as JSON). */
export function complain(message: string, target: LogTarget): void {
  writeSync(2, `${message}\n`);
  if (target.path === undefined) return;
  const time = new Date().toISOString();
  const line =
    target.format === 'json'
      ? JSON.stringify({ level: 'error', msg: message, time })
      : `time=${JSON.stringify(time)} level=error msg=${JSON.stringify(message)}`;
  try {
    appendFileSync(target.path, `${line}\n`);
  } catch (error) {
    writeSync(2, `cannot write the log ${target.path}: ${String(error)}\n`);
  }
}

/** What goes on beside a command. */
export function openLog({ path, format, debug }: LogTarget): Log {
  return createLog(debug ? 'debug' : 'warn', (line) => {
    if (path === undefined) writeSync(2, line);
    else if (format === 'text') appendFileSync(path, line);
    else appendFileSync(path, `${JSON.stringify({ level: 'warning', msg: line.trim(), time: new Date().toISOString() })}\n`);
  });
}
