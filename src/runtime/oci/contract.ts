import type { RuntimeProcess, RuntimeResources, RuntimeSpec } from '../../spec/index.ts';

/** OCI runtime-spec v1.2.0 runtime.md#state, with what runc adds for who reads its output. */
export interface OciState {
  readonly ociVersion: string;
  readonly id: string;
  /** On the host; 0 when it does not run. */
  readonly pid: number;
  readonly status: 'creating' | 'created' | 'running' | 'paused' | 'stopped';
  readonly bundle: string;
  readonly rootfs: string;
  /** RFC 3339. */
  readonly created: string;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface CreateOciRequest {
  readonly id: string;
  readonly bundle: string;
  readonly spec: RuntimeSpec;
  /** Path of a unix socket that takes the terminal's master; needed with `process.terminal`. */
  readonly consoleSocket?: string;
  readonly pidFile?: string;
  readonly newKeyring: boolean;
}

export interface ExecOciRequest {
  readonly process: RuntimeProcess;
  readonly consoleSocket?: string;
  readonly pidFile?: string;
}

/**
 * The operations of an OCI runtime, one container's life spread over many short processes: what has to last is in `<root>/<id>` and in the kernel.
 * Stdio is this process's own. Every operation throws EngineError NotFound `container "x" does not exist`.
 */
export interface OciRuntime extends AsyncDisposable {
  /**
   * Makes everything but does not run the program. Its process is a child of nobody but the nearest subreaper (conmon, a shim) or pid 1.
   * @throws {EngineError} AlreadyExists; InvalidArgument, for a bundle that cannot be. Nothing is left behind then.
   */
  create(request: CreateOciRequest): Promise<void>;
  /** Runs the program of a created container. @throws {EngineError} Conflict, in any other state. */
  start(id: string): Promise<void>;
  /**
   * Creates and starts a container, waits for it and, unless `keep`, deletes it. Gives its exit code.
   * `onSignal` is given how to send it a signal meanwhile.
   */
  run(
    request: CreateOciRequest,
    options: { readonly keep: boolean; readonly onSignal: (send: (signal: number) => void) => void },
  ): Promise<number>;
  /** Starts another process and leaves it, as `create` does. */
  exec(id: string, request: ExecOciRequest): Promise<void>;
  /** As `exec`, waits for it and gives its exit code. */
  execAndWait(id: string, request: ExecOciRequest): Promise<number>;
  state(id: string): OciState;
  /** What it was created with, whatever its config.json says now. */
  spec(id: string): RuntimeSpec;
  /** Sends a signal to the first process, or to all. @throws {EngineError} Conflict, when it has stopped. */
  kill(id: string, signal: number, all: boolean): void;
  /** @throws {EngineError} Conflict, when it runs and is not forced. */
  delete(id: string, force: boolean): Promise<void>;
  pause(id: string): Promise<void>;
  resume(id: string): Promise<void>;
  update(id: string, resources: RuntimeResources): void;
  /** Host pids of all in it. */
  processes(id: string): readonly number[];
  list(): readonly OciState[];
}
