import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EngineError, newId, writeFileAtomic, type Log } from '../../base/index.ts';
import { Libc } from '../../kernel/index.ts';
import type { RuntimeResources, RuntimeSpec } from '../../spec/index.ts';
import { hostCapabilities } from '../capabilities.ts';
import { cgroupPath, createCgroupDriver, type CgroupDriver } from '../cgroup/index.ts';
import { writeContainerRecord, type ContainerRecord } from '../container-record.ts';
import type { MonitorConnection } from '../connection.ts';
import { defaultDeviceRules } from '../default-spec.ts';
import { Launcher } from '../launcher.ts';
import { connectMonitor } from '../monitor-socket.ts';
import { plan, planExec } from '../plan/index.ts';
import { SeccompCache } from '../seccomp/index.ts';
import type { CreateOciRequest, ExecOciRequest, OciRuntime, OciState } from './contract.ts';
import { heldAt, toHeldExec, toHeldPlan } from './held-plan.ts';
import { runHooks } from './hooks.ts';
import { launchOci, passConsole, toOciError, type Launched } from './launch.ts';
import { identifyProcess, isAlive } from './process-identity.ts';
import { OciStore } from './store.ts';

export interface OciRuntimeOptions {
  /** `--root`. */
  readonly root: string;
  /** Its path, or its bytes; called once, when something has to be launched. */
  readonly launcher: () => Uint8Array | string;
  readonly log: Log;
}

/** An OCI runtime over the containers in `root`. */
export function createOciRuntime(options: OciRuntimeOptions): OciRuntime {
  return new LauncherOciRuntime(options);
}

const killed = 9;
const cgroupParent = 'berth-oci';

class LauncherOciRuntime implements OciRuntime {
  readonly #store: OciStore;
  readonly #options: OciRuntimeOptions;
  // Opened when a command needs them: together they cost more than the rest of `state`.
  #openedLibc: Libc | undefined;
  #openedCgroups: CgroupDriver | undefined;
  #launcher: Launcher | undefined;

  constructor(options: OciRuntimeOptions) {
    this.#options = options;
    this.#store = new OciStore(options.root);
  }

  create(request: CreateOciRequest): Promise<void> {
    return this.#make(request, true);
  }

  async #make(request: CreateOciRequest, leaves: boolean): Promise<void> {
    const { id, spec } = request;
    checkConsole(spec.process.terminal === true, request.consoleSocket);
    const path = cgroupPath(spec.linux.cgroupsPath, cgroupParent, id);
    const directory = this.#store.reserve(id);
    try {
      const { join: entry, oomWatch, mounts } = this.#cgroups.create(path, withUsualDevices(spec.linux.resources ?? {}));
      const record: ContainerRecord = { version: 1, spec, cgroup: { path, join: entry, oomWatch, mounts } };
      writeContainerRecord(directory, record);
      await this.#create({ ...request, leaves }, directory, record);
    } catch (error) {
      await this.#cgroups.remove(path).catch(() => undefined); // The first error is the one to tell.
      this.#store.remove(id);
      throw error;
    }
  }

  async #create(request: CreateOciRequest & { readonly leaves: boolean }, directory: string, record: ContainerRecord): Promise<void> {
    const { id, bundle, spec } = request;
    const { hooks: _, ...plain } = spec;
    const created = new Date().toISOString();
    const { ociVersion, annotations = {} } = spec;
    const rootfs = resolve(bundle, spec.root.path);
    const stateOf = (pid: number, status: OciState['status']): OciState => {
      return { ociVersion, id, pid, status, bundle, rootfs, created, annotations };
    };
    const launched = await launchOci(this.#launch(), spec.process, record.cgroup, -1, ({ stdio, cgroup, freeSlot }) => {
      const context = { id, runDirectory: directory, bundle, stdio, cgroup, freeSlot, ...this.#planning() };
      return toHeldPlan(plan(plain, context), spec, stateOf(0, 'creating'), request);
    });
    try {
      for (;;) {
        const { pid, point } = await this.#held(launched, 'create');
        if (point === heldAt.hooks) {
          await runHooks(spec, 'prestart', stateOf(pid, 'creating'));
          await runHooks(spec, 'createRuntime', stateOf(pid, 'creating'));
          launched.connection.send('continue');
          continue;
        }
        if (request.consoleSocket !== undefined) await passConsole(this.#libc, directory, request.consoleSocket);
        const process = identifyProcess(pid);
        if (process === undefined) throw new EngineError('Internal', 'the container died while it was created');
        this.#store.save({ version: 1, id, bundle, process, created, ops: launched.ops });
        if (request.pidFile !== undefined) writeFileAtomic(request.pidFile, String(pid));
        return;
      }
    } catch (error) {
      launched.connection.send('signal', killed);
      await launched.connection.nextOrEnd('failed');
      throw error;
    } finally {
      launched.connection.close();
    }
  }

  async start(id: string): Promise<void> {
    const connection = await this.#start(id);
    connection.close();
  }

  async #start(id: string): Promise<MonitorConnection> {
    const state = this.state(id);
    if (state.status === 'running' || state.status === 'paused')
      throw new EngineError('Conflict', 'cannot start an already running container');
    const connection = state.status === 'created' ? await connectMonitor(this.#libc, this.#store.directory(id)) : undefined;
    if (connection === undefined) throw new EngineError('Conflict', 'cannot start a container that has stopped');
    connection.send('continue');
    const event = await connection.next('started', 'failed');
    if (event.event === 'failed') throw toOciError('start', this.#store.load(id).ops, event, this.#libc);
    this.#store.mark(id, 'started', true);
    const { spec } = this.#store.record(id);
    await runHooks(spec, 'poststart', { ...state, status: 'running' }).catch((error: Error) => this.#options.log.warn(error.message));
    return connection;
  }

  async run(request: CreateOciRequest, { keep, onSignal }: Parameters<OciRuntime['run']>[1]): Promise<number> {
    const { id } = request;
    await this.#make(request, false);
    try {
      const connection = await this.#start(id);
      onSignal((signal) => connection.send('signal', signal));
      connection.send('acknowledge');
      const { exitCode } = await connection.next('exited');
      connection.send('release');
      connection.close();
      return exitCode;
    } finally {
      if (!keep) await this.delete(id, true);
    }
  }

  async exec(id: string, request: ExecOciRequest): Promise<void> {
    checkConsole(request.process.terminal === true, request.consoleSocket);
    const launched = await this.#exec(id, request, true);
    launched.connection.close();
  }

  async execAndWait(id: string, request: ExecOciRequest): Promise<number> {
    checkConsole(request.process.terminal === true, request.consoleSocket);
    const { connection } = await this.#exec(id, request, false);
    connection.send('acknowledge');
    const { exitCode } = await connection.next('exited');
    connection.send('release');
    return exitCode;
  }

  async #exec(id: string, { process, consoleSocket, pidFile }: ExecOciRequest, leaves: boolean): Promise<Launched> {
    const { status, pid } = this.state(id);
    if (status === 'stopped') throw new EngineError('Conflict', 'cannot exec in a stopped container');
    if (status === 'paused') throw new EngineError('Conflict', 'cannot exec in a paused container (use --ignore-paused to override)');
    const { spec, cgroup: record } = this.#store.record(id);
    const runDirectory = join(this.#store.directory(id), `exec-${newId().slice(0, 12)}`);
    mkdirSync(runDirectory, { mode: 0o700 });
    const pidfd = this.#libc.check(this.#libc.openProcess(pid), 'open the container');
    try {
      const launched = await launchOci(this.#launch(), process, record, pidfd, ({ stdio, cgroup, extraSlot }) => {
        const context = { id, runDirectory, stdio, cgroup, pidfdSlot: extraSlot, ...this.#planning() };
        return toHeldExec(planExec(spec, process, false, context), leaves);
      });
      const { connection, ops } = launched;
      let event = await connection.next('started', 'failed', 'held');
      if (event.event === 'held') {
        if (consoleSocket !== undefined) await passConsole(this.#libc, runDirectory, consoleSocket);
        connection.send('continue');
        event = await connection.next('started', 'failed');
      }
      if (event.event === 'failed') throw toOciError('exec', ops, event, this.#libc);
      if (event.event === 'started' && pidFile !== undefined) writeFileAtomic(pidFile, String(event.pid));
      return launched;
    } finally {
      this.#libc.close(pidfd);
      rmSync(runDirectory, { recursive: true, force: true });
    }
  }

  state(id: string): OciState {
    return this.#store.state(id);
  }

  spec(id: string): RuntimeSpec {
    return this.#store.record(id).spec;
  }

  kill(id: string, signal: number, all: boolean): void {
    const { process } = this.#store.load(id);
    const { spec, cgroup } = this.#store.record(id);
    if (all) {
      for (const pid of this.#cgroups.open(cgroup.path).processes()) this.#signal(pid, signal);
      return;
    }
    const pidfd = isAlive(process) ? this.#libc.openProcess(process.pid) : -1;
    if (pidfd < 0 || !isAlive(process)) {
      this.#libc.close(pidfd);
      throw new EngineError('Conflict', 'container not running');
    }
    this.#libc.signalProcess(pidfd, signal);
    this.#libc.close(pidfd);
    // In a pid namespace of its own they all go with the first.
    const alone = spec.linux.namespaces.some(({ type, path = '' }) => type === 'pid' && path === '');
    if (signal === killed && !alone) this.#cgroups.open(cgroup.path).killAll();
  }

  #signal(pid: number, signal: number): void {
    const pidfd = this.#libc.openProcess(pid);
    if (pidfd >= 0) this.#libc.signalProcess(pidfd, signal);
    this.#libc.close(pidfd);
  }

  async delete(id: string, force: boolean): Promise<void> {
    const state = this.state(id);
    if ((state.status === 'running' || state.status === 'paused') && !force) {
      throw new EngineError('Conflict', `cannot delete container ${id} that is not stopped: ${state.status}`);
    }
    const { spec, cgroup } = this.#store.record(id);
    if (state.pid > 0) this.kill(id, killed, false);
    await this.#cgroups.remove(cgroup.path);
    await runHooks(spec, 'poststop', { ...state, pid: 0, status: 'stopped' }).catch((error: Error) =>
      this.#options.log.warn(error.message),
    );
    this.#store.remove(id);
  }

  async pause(id: string): Promise<void> {
    const { status } = this.state(id);
    if (status !== 'running' && status !== 'created') throw new EngineError('Conflict', 'container not running or created');
    await this.#cgroups.open(this.#store.record(id).cgroup.path).freeze();
    this.#store.mark(id, 'paused', true);
  }

  async resume(id: string): Promise<void> {
    if (this.state(id).status !== 'paused') throw new EngineError('Conflict', 'container not paused');
    await this.#cgroups.open(this.#store.record(id).cgroup.path).thaw();
    this.#store.mark(id, 'paused', false);
  }

  update(id: string, resources: RuntimeResources): void {
    this.#cgroups.open(this.#store.record(id).cgroup.path).update(resources);
  }

  processes(id: string): readonly number[] {
    return this.#cgroups.open(this.#store.record(id).cgroup.path).processes();
  }

  list(): readonly OciState[] {
    return this.#store.ids().map((id) => this.#store.state(id));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#launcher?.[Symbol.asyncDispose]();
  }

  async #held({ connection, ops }: Launched, what: string): Promise<{ readonly pid: number; readonly point: number }> {
    const event = await connection.next('held', 'failed');
    if (event.event === 'failed') throw toOciError(what, ops, event, this.#libc);
    return event;
  }

  get #libc(): Libc {
    return (this.#openedLibc ??= new Libc());
  }

  get #cgroups(): CgroupDriver {
    return (this.#openedCgroups ??= createCgroupDriver());
  }

  #launch(): Launcher {
    const { launcher, log } = this.#options;
    this.#launcher ??= new Launcher({ libc: this.#libc, launcher: launcher(), log });
    return this.#launcher;
  }

  #planning() {
    const seccomp = new SeccompCache();
    return { hostCapabilities: hostCapabilities(readFileSync('/proc/self/status', 'utf8')), compileSeccomp: seccomp.compile.bind(seccomp) };
  }
}

// A spec says what to forbid; null, zero, terminals and the like stay allowed, as every container finds them. runc does the same.
function withUsualDevices(resources: RuntimeResources): RuntimeResources {
  if (resources.devices === undefined) return resources;
  return { ...resources, devices: [...resources.devices, ...defaultDeviceRules.filter(({ allow }) => allow)] };
}

function checkConsole(terminal: boolean, socket: string | undefined): void {
  if (terminal && socket === undefined) {
    throw new EngineError('InvalidArgument', 'cannot allocate tty if berth will detach without setting console socket');
  }
  if (!terminal && socket !== undefined) {
    throw new EngineError('InvalidArgument', 'cannot use console socket if the process has no terminal');
  }
}
