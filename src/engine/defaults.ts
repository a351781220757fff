/** What the daemon's flags and config file set for containers that do not say otherwise. */
export interface EngineDefaults {
  readonly logDriver: string;
  readonly logOptions: Readonly<Record<string, string>>;
  readonly ulimits: ReadonlyArray<{ readonly Name: string; readonly Hard: number; readonly Soft: number }>;
  /** Absolute or relative to each hierarchy's root; unique to this data root, since the start-up sweep removes what it finds below. */
  readonly cgroupParent: string;
  /** 'private' or 'host'; '' means private on cgroup v2, host on v1, as Docker. */
  readonly cgroupnsMode: string;
  /** 'private' or 'shareable'. */
  readonly ipcMode: string;
  readonly shmSizeBytes: number;
  readonly stopTimeoutSeconds: number;
  readonly init: boolean;
  /** Our init's path on the host, bound to /sbin/docker-init. */
  readonly initPath: string;
  readonly defaultRuntime: string;
  /** Names accepted for `--runtime`; `berth` and `runc` are ours. */
  readonly runtimes: Readonly<Record<string, { readonly path: string; readonly args: readonly string[] }>>;
  readonly labels: readonly string[];
  readonly dns: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly noNewPrivileges: boolean;
  /** JSON of a profile; undefined: the built-in one. */
  readonly seccompProfile?: string;
}

export const builtInDefaults: EngineDefaults = {
  logDriver: 'json-file',
  logOptions: {},
  ulimits: [],
  cgroupParent: '/berth',
  cgroupnsMode: '',
  ipcMode: 'private',
  shmSizeBytes: 64 * 2 ** 20,
  stopTimeoutSeconds: 10,
  init: false,
  initPath: '',
  defaultRuntime: 'berth',
  runtimes: {},
  labels: [],
  dns: [],
  dnsOptions: [],
  dnsSearch: [],
  noNewPrivileges: false,
};
