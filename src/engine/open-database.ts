import { Database } from 'bun:sqlite';

/**
 * Opens (or makes) the engine's database. WAL without fsync for each commit: a killed engine loses nothing that was committed, a power cut
 * may lose the last changes but never leaves the file broken (sqlite.org/wal.html, "synchronous=NORMAL").
 */
export function openDatabase(path: string): Database {
  const database = new Database(path, { create: true, strict: true });
  database.run('PRAGMA journal_mode = WAL');
  database.run('PRAGMA synchronous = NORMAL');
  database.run('PRAGMA busy_timeout = 5000');
  return database;
}
