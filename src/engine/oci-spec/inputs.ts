import type { Mount, RuntimeSeccomp } from '../../spec/index.ts';
import type { EngineDefaults } from '../defaults.ts';
import type { HostFacts } from '../host-facts.ts';

/** What `toRuntimeSpec` needs besides the record: all of it looked up before, so that the function itself is pure. */
export interface SpecInputs {
  readonly defaults: EngineDefaults;
  readonly host: HostFacts;
  /** From the snapshot store: what makes the root. */
  readonly rootMounts: readonly Mount[];
  /** `/proc/<pid>/ns/<type>` of containers whose namespaces are joined. */
  readonly joins: Readonly<Partial<Record<'pid' | 'ipc' | 'network', string>>>;
  /** The three files that are mounted over /etc: its own, or those of the container whose network it shares. */
  readonly files: { readonly hosts: string; readonly hostname: string; readonly resolvConf: string };
  /** Its own, or that of the container whose network it shares. */
  readonly hostname: string;
  /** A host directory to be /dev/shm: for `--ipc shareable` and those who join it. */
  readonly sharedMemory?: string;
  /** Host paths of volumes with a subpath, resolved inside the volume; by destination. */
  readonly subpaths: Readonly<Record<string, string>>;
  /** The views of image mounts; by destination. */
  readonly imageMounts: Readonly<Record<string, Mount>>;
  /** `--device` and, for --privileged, all of the host's. */
  readonly devices: readonly HostDevice[];
  /** Numbers of the block devices that io limits name; by path. */
  readonly blockDevices: Readonly<Record<string, { readonly major: number; readonly minor: number }>>;
  /** Effective, bounding and permitted, with `CAP_`. */
  readonly capabilities: readonly string[];
  /** Undefined: unconfined. */
  readonly seccomp?: RuntimeSeccomp;
}

/** A device node of the host, as it will be in the container. */
export interface HostDevice {
  readonly path: string;
  readonly type: 'b' | 'c' | 'p';
  readonly major: number;
  readonly minor: number;
  readonly fileMode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of `rwm`. */
  readonly access: string;
}
