import type { ContainerConfig, Digest, EndpointSettings, HostConfig } from '../spec/index.ts';
import type { OutputChunk, TerminalSize } from '../runtime/index.ts';

/** A container's life. Names are Docker's; `removing` and `dead` are views of a record that is being deleted. */
export type ContainerState =
  | { readonly status: 'created'; readonly error?: string; readonly exitCode?: number }
  | RunningState
  | {
      readonly status: 'exited';
      readonly exitCode: number;
      readonly startedAt: Date;
      readonly finishedAt: Date;
      readonly oomKilled: boolean;
      readonly error?: string;
    };

export interface RunningState {
  readonly status: 'running' | 'paused' | 'restarting';
  readonly pid: number;
  readonly startedAt: Date;
  /** When it is restarting: how the last run ended. */
  readonly last?: { readonly exitCode: number; readonly finishedAt: Date; readonly oomKilled: boolean };
}

export interface HealthState {
  readonly status: 'none' | 'starting' | 'healthy' | 'unhealthy';
  readonly failingStreak: number;
  readonly log: ReadonlyArray<{ readonly startedAt: Date; readonly endedAt: Date; readonly exitCode: number; readonly output: string }>;
}

/**
 * Everything the engine remembers about one container; one row, written in one transaction for each change of state.
 * Immutable: a change makes a new record with the next `revision`, so whatever is computed from one can be cached by (id, revision).
 */
export interface ContainerRecord {
  readonly id: string;
  readonly revision: number;
  /** Without the leading slash. */
  readonly name: string;
  readonly createdAt: Date;
  readonly image: { readonly id: Digest; readonly reference: string };
  /** Merged with the image's. */
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  /** What was asked for, resolved: inspect's Mounts. */
  readonly mounts: readonly MountPoint[];
  readonly state: ContainerState;
  readonly health?: HealthState;
  readonly restartCount: number;
  /** Stopped by a user: `unless-stopped` does not start it again. */
  readonly stoppedByUser: boolean;
  readonly platform: string;
  /** Path and arguments after entrypoint and command were joined. */
  readonly process: { readonly path: string; readonly args: readonly string[] };
  readonly paths: {
    readonly log: string;
    readonly resolvConf: string;
    readonly hostname: string;
    readonly hosts: string;
    readonly sandboxKey: string;
  };
}

/** One row of inspect's Mounts. The fields after `propagation` are the engine's own and not shown. */
export interface MountPoint {
  readonly type: 'bind' | 'volume' | 'tmpfs' | 'image';
  readonly name?: string;
  /** Host path; '' for tmpfs, the reference for an image. */
  readonly source: string;
  readonly destination: string;
  readonly driver?: string;
  readonly mode: string;
  readonly readWrite: boolean;
  readonly propagation: string;
  /** mount(8) words beyond ro/rw and propagation: tmpfs `size=`, `mode=`; bind `rbind` or `bind`. */
  readonly options?: readonly string[];
  /** Below a volume's or an image's root. */
  readonly subpath?: string;
  /** A volume without a name of the user's: `rm -v` removes it. */
  readonly anonymous?: boolean;
}

/** A body of POST /containers/create after api validated and filled it. */
export interface CreateContainerRequest {
  /** '' for a made-up one. */
  readonly name: string;
  readonly platform?: string;
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
}

/** A live connection to a container's (or an exec's) stdio. */
export interface AttachSession extends AsyncDisposable {
  readonly terminal: boolean;
  /** Replayed logs first when asked for, then live chunks; ends when the process's output ends or the session is detached. Slow readers are bounded: see attach.ts. */
  readonly output: AsyncIterable<OutputChunk>;
  /** Feeds stdin; finds detach keys in a terminal's input, on which the session ends as detached. Resolves when it was taken. */
  write(bytes: Uint8Array): Promise<void>;
  /** The client's half-close. */
  closeStdin(): Promise<void>;
}

export interface AttachRequest {
  readonly logs: boolean;
  readonly stream: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** As typed by the user, `ctrl-p,ctrl-q`; '' for the default. */
  readonly detachKeys: string;
}

export interface LogsRequest {
  readonly follow: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly since?: Date;
  readonly until?: Date;
  readonly timestamps: boolean;
  readonly details: boolean;
  /** Lines from the end; undefined: all. */
  readonly tail?: number;
}

/** POST /containers/{id}/exec. */
export interface CreateExecRequest {
  readonly user: string;
  readonly privileged: boolean;
  readonly terminal: boolean;
  readonly consoleSize?: TerminalSize;
  readonly attachStdin: boolean;
  readonly attachStdout: boolean;
  readonly attachStderr: boolean;
  readonly detachKeys: string;
  readonly env: readonly string[];
  readonly command: readonly string[];
  readonly workingDir: string;
}

export interface ExecRecord {
  readonly id: string;
  readonly containerId: string;
  readonly request: CreateExecRequest;
  readonly running: boolean;
  readonly exitCode: number | null;
  /** 0 before it was started. */
  readonly pid: number;
}

/** GET /events, in the engine's words; api renders it per version. */
export interface EngineEvent {
  readonly type: 'container' | 'image' | 'volume' | 'network' | 'daemon' | 'builder';
  /** Docker's, `exec_create: sh -c …` included. */
  readonly action: string;
  readonly actor: { readonly id: string; readonly attributes: Readonly<Record<string, string>> };
  readonly at: Date;
  /** Nanoseconds within `at`'s second. */
  readonly nanos: number;
}

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

export interface WaitResult {
  readonly exitCode: number;
  readonly error?: string;
}
