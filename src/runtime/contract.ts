import type { RuntimeSpec } from '../spec/index.ts';

/** Starts processes in isolation, and finds them again. Knows OCI's words only: no Docker, no images. */
export interface Runtime extends AsyncDisposable {
  /**
   * Creates the namespaces, cgroups and mounts of `request.spec` and starts its process: the container runs when this resolves.
   * Nothing is left behind when it rejects.
   * @throws {EngineError} InvalidArgument, with `detail: {step, errno, path, exitCode}` and Docker's words: exitCode 126 (cannot be executed),
   * 127 (not found), else 128 for a container that could not be set up.
   */
  start(request: ContainerRequest, options: { readonly signal: AbortSignal }): Promise<ContainerProcess>;

  /**
   * The container that an earlier engine started in `runDirectory`: still running (its stdio continues where it was left), or its exit record,
   * or undefined when nothing was ever started there.
   */
  reconnect(id: string, runDirectory: string): Promise<ContainerProcess | ExitRecord | undefined>;

  /** Runs another process in a running container. @throws as `start`. */
  exec(container: ContainerProcess, request: ExecRequest, options: { readonly signal: AbortSignal }): Promise<ContainerProcess>;

  /** Removes what a container that has ended left: its cgroups and run directory. Idempotent. */
  delete(id: string, runDirectory: string): Promise<void>;

  /** Ends and removes what a dead engine left under our cgroup parent: the cgroups of containers that `known` does not name. For start-up. */
  sweep(known: ReadonlySet<string>): Promise<void>;
}

export interface ContainerRequest {
  /** 64 hex digits; in the cgroup path. */
  readonly id: string;
  readonly spec: RuntimeSpec;
  /** Made by the caller; holds `monitor.sock`, `exit` and what else the runtime keeps. */
  readonly runDirectory: string;
  readonly stdio: StdioRequest;
  /** Called when the namespaces exist and nothing else does; the start goes on when it resolves, and fails with it. `pid` is the host's. */
  readonly prepare?: (pid: number) => Promise<void>;
}

export interface ExecRequest {
  readonly id: string;
  readonly process: RuntimeSpec['process'];
  readonly privileged: boolean;
  /** A directory of its own under the container's run directory. */
  readonly runDirectory: string;
  readonly stdio: StdioRequest;
}

/** Without `stdin` the process reads end-of-file at once. */
export type StdioRequest =
  | { readonly kind: 'terminal'; readonly stdin: boolean; readonly size?: TerminalSize }
  | { readonly kind: 'pipes'; readonly stdin: boolean };

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/** A running (or just ended) process in a container. */
export interface ContainerProcess {
  readonly id: string;
  /** On the host. */
  readonly pid: number;
  readonly startedAt: Date;
  readonly terminal: boolean;
  /** What it may use and does: the container's own, also for an exec. */
  readonly cgroup: ContainerCgroup;
  /** Resolves once, when the process has ended and its exit record is on disk; all its output has been or will be yielded by `output`. */
  readonly exited: Promise<ExitRecord>;
  /** One output chunk after another, of a terminal all as stdout; ends after the last writer is gone and all is read. One reader only. */
  output(): AsyncIterable<OutputChunk>;
  /** Resolves when the pipe has taken it (back-pressure). @throws {EngineError} Conflict, when stdin is closed. */
  write(bytes: Uint8Array): Promise<void>;
  /** The process reads end-of-file. Idempotent. */
  closeStdin(): Promise<void>;
  /** Sends a signal to the process, race-free. Returns false when it has ended. */
  signal(number: number): boolean;
  resize(size: TerminalSize): Promise<void>;
  /** Lets go without ending anything: for an engine that stops while containers run on. */
  release(): void;
}

export interface OutputChunk {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Uint8Array;
}

/** How a process ended. */
export interface ExitRecord {
  /** The process's own, or 128 + signal. */
  readonly exitCode: number;
  readonly signal: number | null;
  readonly finishedAt: Date;
  readonly oomKilled: boolean;
}

/** What a container may use, and how much it does; one interface over cgroup v1 and v2. */
export interface ContainerCgroup {
  /** v2: one path; v1: one for each controller. Relative to the hierarchy's root, holds the container's id. */
  readonly paths: Readonly<Record<string, string>>;
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Applies `linux.resources` to the running container. */
  update(resources: NonNullable<NonNullable<RuntimeSpec['linux']>['resources']>): void;
  /** Host pids of everything inside. */
  processes(): readonly number[];
  /** Raw counters for stats. */
  statistics(): CgroupStatistics;
  /** SIGKILL to everything inside. */
  killAll(): void;
}

export interface CgroupStatistics {
  readonly cpu: {
    readonly totalNanos: number;
    readonly userNanos: number;
    readonly systemNanos: number;
    readonly perCpuNanos: readonly number[];
    readonly throttledPeriods: number;
    readonly periods: number;
    readonly throttledNanos: number;
  };
  readonly memory: {
    readonly usageBytes: number;
    readonly maxUsageBytes: number;
    readonly limitBytes: number;
    readonly failures: number;
    readonly stats: Readonly<Record<string, number>>;
  };
  readonly pids: { readonly current: number; readonly limit: number };
  readonly io: ReadonlyArray<{ readonly major: number; readonly minor: number; readonly operation: string; readonly bytes: number }>;
}
