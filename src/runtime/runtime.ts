import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { EngineError, isEngineError, type Log } from '../base/index.ts';
import { Libc } from '../kernel/index.ts';
import { hostCapabilities } from './capabilities.ts';
import { cgroupPath, createCgroupDriver, type CgroupDriver } from './cgroup/index.ts';
import { readContainerRecord, writeContainerRecord, type CgroupRecord, type ContainerRecord } from './container-record.ts';
import type { ContainerProcess, ContainerRequest, ExecRequest, ExitRecord, Runtime } from './contract.ts';
import { readExitRecord, unknownExit } from './exit-record.ts';
import { Launcher } from './launcher.ts';
import { connectMonitor, dismissMonitor, nestedRunDirectories, withMonitorSocket } from './monitor-socket.ts';
import { plan, planExec } from './plan/index.ts';
import { MonitoredProcess } from './process.ts';
import { SeccompCache } from './seccomp/index.ts';
import { startProcess, type ProcessToStart } from './start-process.ts';
import { fetchStdio } from './stdio.ts';
import { Turnstile } from './turnstile.ts';

export interface RuntimeOptions {
  /** The launcher's path, or its bytes (out of a single executable). */
  readonly launcher: string | Uint8Array;
  /** Where cgroups without a `linux.cgroupsPath` go: this engine's own, for its sweep removes what it does not know there. */
  readonly cgroupParent: string;
  readonly log: Log;
  /** Default: for what the machine has mounted. */
  readonly cgroups?: CgroupDriver;
}

/** A runtime with a resident launcher. Disposing of it ends the launcher; containers run on. @throws {EngineError} Unavailable, without cgroups. */
export function createRuntime(options: RuntimeOptions): Runtime {
  return new LauncherRuntime(options);
}

// More at once only wait for each other in the kernel.
const storm = 4;

class LauncherRuntime implements Runtime {
  readonly #libc = new Libc();
  readonly #launcher: Launcher;
  readonly #cgroups: CgroupDriver;
  readonly #cgroupParent: string;
  readonly #hostCapabilities = hostCapabilities(readFileSync('/proc/self/status', 'utf8'));
  readonly #seccomp = new SeccompCache();
  readonly #starts = new Turnstile(storm);
  readonly #deletes = new Turnstile(storm);
  /** By run directory, for `delete` to let go of. */
  readonly #processes = new Map<string, MonitoredProcess>();

  constructor(options: RuntimeOptions) {
    this.#cgroups = options.cgroups ?? createCgroupDriver();
    this.#cgroupParent = options.cgroupParent;
    this.#launcher = new Launcher({ libc: this.#libc, launcher: options.launcher, log: options.log });
  }

  start(request: ContainerRequest, options: { readonly signal: AbortSignal }): Promise<ContainerProcess> {
    return this.#starts.pass(() => this.#start(request, options));
  }

  async #start(request: ContainerRequest, options: { readonly signal: AbortSignal }): Promise<ContainerProcess> {
    options.signal.throwIfAborted();
    const { id, spec, runDirectory, stdio, prepare } = request;
    const path = cgroupPath(spec.linux.cgroupsPath, this.#cgroupParent, id);
    const cgroup = this.#cgroups.create(path, spec.linux.resources ?? {});
    try {
      const { join, oomWatch, mounts } = cgroup;
      const record: ContainerRecord = { version: 1, spec, cgroup: { path, join, oomWatch, mounts } };
      const context = { id, runDirectory, bundle: runDirectory, ...this.#planning() };
      const wanted = { id, kind: 'start', runDirectory, stdio, record, cgroup, prepare, descriptor: -1 } as const;
      const process = await startProcess(
        this.#libc,
        this.#launcher,
        {
          ...wanted,
          plan: (table) => plan(spec, { ...context, stdio: table.stdio, cgroup: table.cgroup, freeSlot: table.freeSlot }),
          meanwhile: () => writeContainerRecord(runDirectory, record),
        },
        options.signal,
      );
      return this.#track(runDirectory, process);
    } catch (error) {
      await this.#cgroups.remove(path);
      throw error;
    }
  }

  async exec(container: ContainerProcess, request: ExecRequest, options: { readonly signal: AbortSignal }): Promise<ContainerProcess> {
    if (!(container instanceof MonitoredProcess)) throw new TypeError('exec needs a process of this runtime');
    if (container.pidfd < 0) throw new EngineError('Conflict', `Container ${container.id} is not running`);
    const { id, runDirectory, stdio, privileged } = request;
    const { record, cgroup } = container;
    const context = { id, runDirectory, ...this.#planning() };
    const wanted: ProcessToStart = {
      ...{ id, kind: 'exec', runDirectory, stdio, record, cgroup, descriptor: container.pidfd },
      plan: (table) =>
        planExec(record.spec, request.process, privileged, {
          ...context,
          stdio: table.stdio,
          cgroup: table.cgroup,
          pidfdSlot: table.extraSlot,
        }),
    };
    const start = (directory?: string) => startProcess(this.#libc, this.#launcher, { ...wanted, directory }, options.signal);
    try {
      return this.#track(runDirectory, await start());
    } catch (error) {
      const elsewhere = isBusyCgroup(error) ? presentCgroup(record.cgroup, container.pid) : undefined;
      if (elsewhere === undefined) throw error;
      return this.#track(runDirectory, await start(elsewhere));
    }
  }

  async reconnect(id: string, runDirectory: string): Promise<ContainerProcess | ExitRecord | undefined> {
    const record = readContainerRecord(runDirectory);
    const connection = await connectMonitor(this.#libc, runDirectory);
    if (connection === undefined || record === undefined) {
      connection?.close();
      return readExitRecord(runDirectory) ?? (record === undefined ? undefined : this.#lost(record, runDirectory));
    }
    connection.send('status');
    const status = await connection.nextOrEnd('status');
    if (status === undefined || status.state === 'setting up') {
      // Its start was never told to anybody.
      connection.close();
      await dismissMonitor(this.#libc, runDirectory);
      return readExitRecord(runDirectory);
    }
    const stdio = await withMonitorSocket(runDirectory, (path) => fetchStdio(this.#libc, path));
    const cgroup = this.#cgroups.open(record.cgroup.path);
    const { pid, startedAt, terminal } = status;
    return this.#track(
      runDirectory,
      new MonitoredProcess(this.#libc, { id, runDirectory, pid, startedAt, terminal, connection, stdio, cgroup, record }),
    );
  }

  delete(id: string, runDirectory: string): Promise<void> {
    return this.#deletes.pass(() => this.#delete(id, runDirectory));
  }

  async #delete(id: string, runDirectory: string): Promise<void> {
    const record = readContainerRecord(runDirectory);
    await this.#cgroups.remove(record?.cgroup.path ?? cgroupPath(undefined, this.#cgroupParent, id));
    if (!existsSync(runDirectory)) return;
    for (const directory of [runDirectory, ...nestedRunDirectories(runDirectory)]) {
      this.#processes.get(directory)?.discard();
      await dismissMonitor(this.#libc, directory);
    }
    await rm(runDirectory, { recursive: true, force: true });
  }

  async sweep(known: ReadonlySet<string>): Promise<void> {
    for (const id of this.#cgroups.listOwned(this.#cgroupParent)) {
      if (!known.has(id)) await this.#cgroups.remove(cgroupPath(undefined, this.#cgroupParent, id));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#processes.values()) process.release();
    this.#cgroups.removeEmpty(this.#cgroupParent);
    await this.#launcher[Symbol.asyncDispose]();
  }

  #planning() {
    return { hostCapabilities: this.#hostCapabilities, compileSeccomp: this.#seccomp.compile.bind(this.#seccomp) };
  }

  #track(runDirectory: string, process: MonitoredProcess): MonitoredProcess {
    this.#processes.set(runDirectory, process);
    process.onRelease(() => {
      if (this.#processes.get(runDirectory) === process) this.#processes.delete(runDirectory);
    });
    return process;
  }

  // The monitor was killed: nobody will ever tell how the process ends, so it ends now.
  #lost(record: ContainerRecord, runDirectory: string): ExitRecord | undefined {
    if (readContainerRecord(runDirectory) === undefined) return undefined;
    this.#cgroups.open(record.cgroup.path).killAll();
    return unknownExit();
  }
}

const ebusy = 16;

// cgroup v2 takes no process into a cgroup that hands controllers on to its children: a container that manages its cgroups itself has moved.
function isBusyCgroup(error: unknown): boolean {
  return isEngineError(error, 'InvalidArgument') && error.detail['step'] === 'clone' && error.detail['errno'] === ebusy;
}

/** Where in the v2 tree the container's first process is now; undefined when there is none, or it is where it was put. */
function presentCgroup({ join, path }: CgroupRecord, pid: number): string | undefined {
  const { directory } = join;
  const now = /^0::(\/.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1];
  if (directory === undefined || now === undefined || now === path || !directory.endsWith(path)) return undefined;
  return `${directory.slice(0, -path.length)}${now}`;
}
