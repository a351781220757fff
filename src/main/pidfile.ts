import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { EngineError } from '../base/index.ts';

/** Writes this process's id to `path`. @returns the undo. @throws {EngineError} Conflict, when the file names another process that lives. */
export function writePidfile(path: string): () => void {
  const other = livingProcess(path);
  if (other !== undefined) {
    throw new EngineError(
      'Conflict',
      `pid file found, ensure berth is not running or delete ${path}: process with PID ${other} is still running`,
    );
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${process.pid}`);
  return () => rmSync(path, { force: true });
}

// Process ids are used again, so a stale file may name a stranger: only one that looks like an engine counts.
function livingProcess(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8').trim());
    if (!Number.isSafeInteger(pid) || pid <= 1 || pid === process.pid) return undefined;
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const state = /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return words.includes('daemon') && state !== 'Z' && state !== 'X' ? pid : undefined;
  } catch {
    return undefined; // No file, or no such process.
  }
}
