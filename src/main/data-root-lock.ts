import { Database } from 'bun:sqlite';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../base/index.ts';

/**
 * Holds a data root for this process alone, until the undo is called or the process ends in whatever way. SQLite's exclusive lock is a
 * POSIX lock of the kernel: nothing is left to clean up, and children do not inherit it.
 * @throws {EngineError} Conflict, when another engine holds it.
 */
export function lockDataRoot(dataRoot: string): () => void {
  mkdirSync(dataRoot, { recursive: true, mode: 0o711 });
  const database = new Database(join(dataRoot, 'engine.lock'), { create: true });
  try {
    database.run('PRAGMA journal_mode = MEMORY');
    database.run('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    throw new EngineError('Conflict', `another engine is running on the data root ${dataRoot}`, { cause: error });
  }
  return () => database.close();
}
