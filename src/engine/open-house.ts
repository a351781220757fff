import type { Database } from 'bun:sqlite';
import type { RootWorkers } from '../archive/index.ts';
import { EngineError, type Log } from '../base/index.ts';
import type { ContentStore } from '../content/index.ts';
import type { ImageStore } from '../image/index.ts';
import type { Runtime } from '../runtime/index.ts';
import type { SnapshotStore } from '../snapshot/index.ts';
import type { VolumeStore } from '../volume/index.ts';
import type { Clock } from './clock.ts';
import type { EngineDefaults } from './defaults.ts';
import type { House } from './house.ts';

/** The rooms, made by main, and what the flags said. The house closes what it made itself; main closes the rooms. */
export interface HouseOptions {
  readonly log: Log;
  readonly dataRoot: string;
  readonly execRoot: string;
  /** From `openDatabase`; the rooms below keep their rows in it too. */
  readonly database: Database;
  readonly runtime: Runtime;
  readonly images: ImageStore;
  readonly snapshots: SnapshotStore;
  readonly content: ContentStore;
  readonly volumes: VolumeStore;
  readonly rootWorkers: RootWorkers;
  /** Over `builtInDefaults`. */
  readonly defaults?: Partial<EngineDefaults>;
  readonly clock?: Clock;
  readonly newId?: () => string;
}

/**
 * Opens the house: finds the containers that run, records those that ended meanwhile, sweeps what no row names, and starts again what
 * restart policies say (in the background). Disposing it lets go of running containers; they run on.
 */
export async function openHouse(_options: HouseOptions): Promise<House> {
  throw new EngineError('NotImplemented', 'openHouse is being built');
}
