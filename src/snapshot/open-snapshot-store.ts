import type { Database } from 'bun:sqlite';
import type { RootWorkers } from '../archive/index.ts';
import type { Log } from '../base/index.ts';
import { copyDriver } from './copy-driver.ts';
import { overlayDriver } from './overlay-driver.ts';
import { DirectorySnapshotStore } from './store.ts';

/**
 * The snapshots of a data root. Rows are tables `snapshot_*` of `database`; directories are under `directory`; temporary mounts under
 * `roots` of `runDirectory`. `workers` stays the caller's. Call `sweep` once before use.
 */
export function openSnapshotStore(options: {
  readonly database: Database;
  readonly directory: string;
  readonly runDirectory: string;
  readonly workers: RootWorkers;
  readonly log: Log;
  /** Default `overlay2`. Snapshots made with one driver cannot be used with the other. */
  readonly driver?: 'overlay2' | 'vfs';
}): DirectorySnapshotStore {
  return new DirectorySnapshotStore({ ...options, driver: options.driver === 'vfs' ? copyDriver(options.workers) : overlayDriver() });
}
