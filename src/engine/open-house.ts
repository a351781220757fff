import type { Database } from 'bun:sqlite';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RootWorkers } from '../archive/index.ts';
import { KeyedLock, newId, writeFileAtomic, type Log } from '../base/index.ts';
import type { ContentStore } from '../content/index.ts';
import type { ImageStore } from '../image/index.ts';
import { openRegistry, type Registry } from '../registry/index.ts';
import { openNetworks } from '../network/index.ts';
import type { Runtime } from '../runtime/index.ts';
import type { SnapshotStore } from '../snapshot/index.ts';
import type { VolumeStore } from '../volume/index.ts';
import { systemClock, type Clock } from './clock.ts';
import { builtInDefaults, type EngineDefaults } from './defaults.ts';
import { createEventBus, publishContainerEvent } from './events/index.ts';
import { createExecTable } from './exec-table.ts';
import { createHealthMonitor } from './health.ts';
import { readHostFacts } from './host-facts.ts';
import type { House } from './house.ts';
import { LiveContainers } from './live.ts';
import { ContainerRecords } from './records.ts';
import { restore } from './restore.ts';
import { SeccompProfiles } from './seccomp-profiles.ts';
import { createStreams } from './streams/index.ts';
import { Trash } from './trash.ts';
import { Waiters } from './waiters.ts';

/** The rooms, made by main, and what the flags said. The house closes what it made itself; main closes the rooms. */
export interface HouseOptions {
  readonly log: Log;
  readonly dataRoot: string;
  readonly execRoot: string;
  /** From `openDatabase`; the rooms below keep their rows in it too. */
  readonly database: Database;
  readonly runtime: Runtime;
  readonly images: ImageStore;
  /** Default: a client without any configuration. */
  readonly registry?: Registry;
  readonly snapshots: SnapshotStore;
  readonly content: ContentStore;
  readonly volumes: VolumeStore;
  readonly rootWorkers: RootWorkers;
  /** Device of the default network; without one containers have a loopback device alone. */
  readonly bridge?: string;
  /** Over `builtInDefaults`. */
  readonly defaults?: Partial<EngineDefaults>;
  readonly clock?: Clock;
  readonly newId?: () => string;
}

/**
 * Opens the house: finds the containers that run, records those that ended meanwhile, sweeps what no row names, and starts again what
 * restart policies say (in the background). Disposing it lets go of running containers; they run on.
 */
export async function openHouse(options: HouseOptions): Promise<House> {
  for (const directory of [options.dataRoot, options.execRoot]) {
    mkdirSync(join(directory, 'containers'), { recursive: true, mode: 0o711 });
  }
  const house = build(options);
  await restore(house);
  return house;
}

function build(options: HouseOptions): House {
  const { log, database, runtime } = options;
  const clock = options.clock ?? systemClock();
  const makeId = options.newId ?? newId;
  const closing = new AbortController();
  const defaults = { ...builtInDefaults, ...options.defaults };
  const host = readHostFacts();
  const records = new ContainerRecords(database);
  const events = createEventBus(clock);
  const live = new LiveContainers();
  const trash = new Trash(join(options.dataRoot, 'trash'), options.rootWorkers, log);
  const engineId = engineIdOf(options.dataRoot);
  const networks = openNetworks({ database, engineId, bridge: options.bridge ?? 'none', log });
  const onDetach = (id: string) => {
    const record = records.find(id);
    if (record !== undefined) publishContainerEvent(events, record, 'detach');
  };
  return {
    log,
    clock,
    newId: makeId,
    database,
    dataRoot: options.dataRoot,
    execRoot: options.execRoot,
    engineId,
    defaults,
    host,
    records,
    locks: new KeyedLock(),
    keep: new Set(),
    live,
    waiters: new Waiters(),
    runtime,
    images: options.images,
    registry: options.registry ?? openRegistry(),
    snapshots: options.snapshots,
    content: options.content,
    volumes: options.volumes,
    networks,
    rootWorkers: options.rootWorkers,
    trash,
    seccomp: new SeccompProfiles(host, defaults.seccompProfile),
    events,
    streams: createStreams({ log, closing: closing.signal, onDetach }),
    execs: createExecTable(),
    health: createHealthMonitor({
      log,
      records,
      events,
      newId: makeId,
      closing: closing.signal,
      live,
      runtime,
      defaults,
      host,
      execRoot: options.execRoot,
    }),
    closing: closing.signal,
    async [Symbol.asyncDispose]() {
      closing.abort(new Error('the engine is closing'));
      for (const [, each] of live.entries()) {
        if (each.kind === 'running') each.process.release();
        else each.cancel();
      }
      await trash[Symbol.asyncDispose]();
      await networks[Symbol.asyncDispose]();
    },
  };
}

// Made once per data root, as Docker's.
function engineIdOf(dataRoot: string): string {
  const path = join(dataRoot, 'engine-id');
  if (!existsSync(path)) writeFileAtomic(path, crypto.randomUUID(), { mode: 0o600 });
  return readFileSync(path, 'utf8').trim();
}
