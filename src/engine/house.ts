import type { Database } from 'bun:sqlite';
import type { RootWorkers } from '../archive/index.ts';
import type { KeyedLock, Log } from '../base/index.ts';
import type { ContentStore } from '../content/index.ts';
import type { ImageStore } from '../image/index.ts';
import type { Registry } from '../registry/index.ts';
import type { Networks } from '../network/index.ts';
import type { Runtime } from '../runtime/index.ts';
import type { SnapshotStore } from '../snapshot/index.ts';
import type { VolumeStore } from '../volume/index.ts';
import type { Clock } from './clock.ts';
import type { EngineDefaults } from './defaults.ts';
import type { HostFacts } from './host-facts.ts';
import type { LiveContainers } from './live.ts';
import type { ContainerStreams, EventBus, ExecTable, HealthMonitor } from './ports.ts';
import type { ContainerRecords } from './records.ts';
import type { SeccompProfiles } from './seccomp-profiles.ts';
import type { Trash } from './trash.ts';
import type { Waiters } from './waiters.ts';

/** Everything a use case needs; made once, in `openHouse`, and passed as first parameter. Holds no behaviour of its own. */
export interface House extends AsyncDisposable {
  readonly log: Log;
  readonly clock: Clock;
  readonly newId: () => string;
  /** WAL; shared by the rooms that keep rows (each has its own tables). */
  readonly database: Database;
  /** Keeps what must survive a boot, `/var/lib/berth`. */
  readonly dataRoot: string;
  /** What a boot may take, `/run/berth`; a container's run directory is `<execRoot>/containers/<id>`. */
  readonly execRoot: string;
  /** Docker's engine id: a UUID, kept in the data root. */
  readonly engineId: string;
  readonly defaults: EngineDefaults;
  readonly host: HostFacts;

  /** The containers: rows, indexed in memory. */
  readonly records: ContainerRecords;
  /** One key per container id; see docs/state.md for the order. */
  readonly locks: KeyedLock;
  /** Containers of `--rm` that are being restarted: their end is not followed by removal. */
  readonly keep: Set<string>;
  /** Processes of running containers and timers of restarting ones. */
  readonly live: LiveContainers;
  readonly waiters: Waiters;

  readonly runtime: Runtime;
  readonly images: ImageStore;
  readonly registry: Registry;
  readonly snapshots: SnapshotStore;
  readonly content: ContentStore;
  readonly volumes: VolumeStore;
  readonly networks: Networks;
  readonly rootWorkers: RootWorkers;
  readonly trash: Trash;

  readonly seccomp: SeccompProfiles;

  readonly events: EventBus;
  readonly streams: ContainerStreams;
  readonly execs: ExecTable;
  readonly health: HealthMonitor;

  /** Fires when the engine closes: background work stops, containers run on. */
  readonly closing: AbortSignal;
}
