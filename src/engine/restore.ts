import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../base/index.ts';
import type { ContainerProcess, ExitRecord } from '../runtime/index.ts';
import type { ContainerRecord } from './contract.ts';
import { ended, scheduleRestart, type Relaunch } from './exit.ts';
import type { House } from './house.ts';
import { adopt, launch } from './launch.ts';
import { attachTarget } from './networking.ts';
import { isRunning } from './records.ts';
import { removeNow } from './remove-now.ts';
import { restartsWithEngine } from './restart-policy.ts';
import { runDirectoryOf } from './spec-inputs.ts';
import { next } from './state.ts';

/** Docker's for a container whose end nobody saw (the machine went down). */
const lostExitCode = 255;
const firstDelayMs = 100;
/** Monitors asked side by side. */
const atOnce = 16;

/**
 * Makes records and machine agree after the engine was away: containers that run are adopted, exits recorded and told, restart policies applied
 * in the background, and what no row names is swept. Called once, before any request.
 */
export async function restore(house: House): Promise<void> {
  const restarts = new Set<string>();
  const records = house.records.list().toReversed();
  const pending = records.values();
  const restoreSome = async () => {
    for (const record of pending) {
      try {
        if (await restoreOne(house, record)) restarts.add(record.id);
      } catch (error) {
        house.log.error('container could not be restored', { container: record.id, error: messageOf(error) });
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, restoreSome));
  house.networks.restore(onNetworks(house));
  await sweep(house);
  const again = records.filter(({ id }) => restarts.has(id));
  void restartAll(house, again);
}

function onNetworks(house: House): ReadonlyArray<ReturnType<typeof attachTarget>> {
  return house.records
    .list()
    .flatMap((record) => (isRunning(record.state) && 'pid' in record.state ? [attachTarget(house, record, record.state.pid)] : []));
}

/** Whether its restart policy brings it back. */
async function restoreOne(house: House, record: ContainerRecord): Promise<boolean> {
  const runDirectory = runDirectoryOf(house, record.id);
  const found = existsSync(runDirectory) ? await house.runtime.reconnect(record.id, runDirectory) : undefined;
  if (found !== undefined && isProcess(found) && !isOver(record, found)) {
    adoptFound(house, record, found);
    return false;
  }
  const wasRunning = record.state.status === 'running' || record.state.status === 'paused';
  if (found !== undefined && !isProcess(found) && !isRecorded(record, found)) {
    await recordExit(house, record, found);
  } else if (wasRunning) {
    await recordExit(house, record, { exitCode: lostExitCode, signal: null, finishedAt: house.clock.now(), oomKilled: false });
  } else {
    await house.runtime.delete(record.id, runDirectory);
  }
  return whatNow(house, record.id);
}

// Row first or process first: the engine may have been killed between a start and its row.
function adoptFound(house: House, record: ContainerRecord, process: ContainerProcess): void {
  const { state } = record;
  const known = (state.status === 'running' || state.status === 'paused') && state.pid === process.pid;
  const running = known
    ? record
    : house.records.update(record.id, {
        state: next(state.status === 'running' || state.status === 'paused' ? { status: 'created' } : state, {
          kind: 'started',
          pid: process.pid,
          startedAt: process.startedAt,
        }),
      });
  adopt(house, running, process, { restartDelayMs: 0, stopRequested: running.stoppedByUser });
}

// The engine was killed after it had written this run's end and before it had removed what the run left.
function isOver({ state }: ContainerRecord, process: ContainerProcess): boolean {
  return (state.status === 'exited' || state.status === 'restarting') && state.startedAt.getTime() === process.startedAt.getTime();
}

function isRecorded(record: ContainerRecord, exit: ExitRecord): boolean {
  const { state } = record;
  const finishedAt = state.status === 'exited' ? state.finishedAt : state.status === 'restarting' ? state.last?.finishedAt : undefined;
  return finishedAt?.getTime() === exit.finishedAt.getTime();
}

async function recordExit(house: House, record: ContainerRecord, exit: ExitRecord): Promise<void> {
  const never: Relaunch = async () => undefined;
  await ended(house, record.id, exit, { stopRequested: false, restartDelayMs: 0, lost: true }, never);
}

async function whatNow(house: House, id: string): Promise<boolean> {
  const record = house.records.find(id);
  if (record === undefined) return false;
  const { state } = record;
  if (state.status === 'restarting') {
    scheduleRestart(house, id, firstDelayMs, relaunchOf(house));
    return false;
  }
  if (state.status !== 'exited') return false;
  if (record.hostConfig.AutoRemove) {
    await removeNow(house, record, { volumes: true });
    return false;
  }
  const { exitCode } = state;
  return restartsWithEngine(record.hostConfig.RestartPolicy, { ...record, exitCode });
}

function relaunchOf(house: House): Relaunch {
  return (record, delayMs) => launch(house, record, { restartDelayMs: delayMs }, { signal: house.closing });
}

// In the order they were made; one that shares another's namespaces comes after it.
async function restartAll(house: House, records: readonly ContainerRecord[]): Promise<void> {
  for (const { id } of inDependencyOrder(records)) {
    if (house.closing.aborted) return;
    try {
      await house.locks.run(id, async () => {
        const record = house.records.find(id);
        if (record?.state.status === 'exited') await launch(house, record, { restartDelayMs: 0 }, { signal: house.closing });
      });
    } catch (error) {
      house.log.warn('container could not be restarted', { container: id, error: messageOf(error) });
    }
  }
}

function inDependencyOrder(records: readonly ContainerRecord[]): readonly ContainerRecord[] {
  const byId = new Map(records.map((record) => [record.id, record]));
  const ordered = new Set<ContainerRecord>();
  const visiting = new Set<string>();
  const visit = (record: ContainerRecord) => {
    if (visiting.has(record.id)) return;
    visiting.add(record.id);
    const { NetworkMode, PidMode, IpcMode } = record.hostConfig;
    for (const mode of [NetworkMode, PidMode, IpcMode]) {
      const needed = mode.startsWith('container:') ? byId.get(mode.slice('container:'.length)) : undefined;
      if (needed !== undefined) visit(needed);
    }
    ordered.add(record);
  };
  for (const record of records) visit(record);
  return [...ordered];
}

// A create or a removal that was cut short leaves what no row names.
async function sweep(house: House): Promise<void> {
  for (const key of house.snapshots.listActive()) {
    if (house.records.find(key) === undefined) await house.snapshots.remove(key);
  }
  await house.runtime.sweep(new Set(house.records.list().map(({ id }) => id)));
  await house.content.sweep();
  await house.snapshots.sweep();
  await house.images.sweep();
  house.volumes.sweep();
  const runs = join(house.execRoot, 'containers');
  const files = join(house.dataRoot, 'containers');
  for (const directory of [runs, files]) mkdirSync(directory, { recursive: true, mode: 0o711 });
  for (const id of readdirSync(runs)) if (house.records.find(id) === undefined) await sweepRun(house, id);
  for (const id of readdirSync(files)) {
    if (house.records.find(id) === undefined) house.trash.take(join(files, id), id);
  }
}

// A process without a row is a start that was killed before its client could know of it, or one whose removal was cut short.
async function sweepRun(house: House, id: string): Promise<void> {
  const directory = runDirectoryOf(house, id);
  const found = await house.runtime.reconnect(id, directory);
  if (found !== undefined && isProcess(found)) {
    found.cgroup.killAll();
    await found.exited;
  }
  await house.runtime.delete(id, directory);
  rmSync(directory, { recursive: true, force: true });
}

function isProcess(found: ContainerProcess | ExitRecord): found is ContainerProcess {
  return 'exited' in found;
}
