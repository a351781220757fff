import { closeSync, constants, openSync } from 'node:fs';
import type { Libc } from '../kernel/index.ts';
import type { MonitorConnection } from './connection.ts';
import type { ContainerCgroup, StdioRequest } from './contract.ts';
import type { ContainerRecord } from './container-record.ts';
import { toLaunchError } from './launch-failure.ts';
import { withMonitorSocket } from './monitor-socket.ts';
import type { Launcher } from './launcher.ts';
import type { Op } from './ops.ts';
import type { PlannedCgroup, PlannedStdio } from './plan/index.ts';
import { MonitoredProcess } from './process.ts';
import { fetchStdio, firstFreeSlot, prepareStdio, type StdioDescriptors } from './stdio.ts';

export interface ProcessToStart {
  readonly id: string;
  readonly kind: 'start' | 'exec';
  readonly runDirectory: string;
  readonly stdio: StdioRequest;
  readonly record: ContainerRecord;
  readonly cgroup: ContainerCgroup;
  /** Given the descriptor table so far, the plan; `extraSlot` is the slot of `descriptor`. */
  readonly plan: (table: {
    readonly stdio: PlannedStdio;
    readonly cgroup: PlannedCgroup;
    readonly extraSlot: number;
    readonly freeSlot: number;
  }) => readonly Op[];
  /** One more descriptor for the plan, the caller's to close; -1 for none. */
  readonly descriptor: number;
  /** The v2 cgroup to be born in instead of the container's own. */
  readonly directory?: string | undefined;
  /** Done while the launcher is at work. */
  readonly meanwhile?: () => void;
  /** Called at the plan's first wait op, with the process's pid. */
  readonly prepare?: ((pid: number) => Promise<void>) | undefined;
}

/** Launches one process and gives it when its program runs. @throws as Runtime.start; nothing is left then but what the caller made. */
export async function startProcess(libc: Libc, launcher: Launcher, wanted: ProcessToStart, signal: AbortSignal): Promise<MonitoredProcess> {
  signal.throwIfAborted();
  const stdio = prepareStdio(libc, wanted.stdio);
  let ours: StdioDescriptors = stdio.ours;
  let connection: MonitorConnection | undefined;
  try {
    const launched = await launch(launcher, wanted, stdio).finally(() => libc.close(...stdio.theirs));
    connection = launched.connection;
    wanted.meanwhile?.();
    const started = await untilStarted(libc, connection, wanted, launched.ops, signal);
    if (stdio.planned.kind === 'terminal') {
      ours = await withMonitorSocket(wanted.runDirectory, (path) => fetchStdio(libc, path));
      if (!wanted.stdio.stdin) ours = { ...ours, stdin: -1 };
    }
    const { id, runDirectory, cgroup, record } = wanted;
    const terminal = stdio.planned.kind === 'terminal';
    return new MonitoredProcess(libc, { id, runDirectory, ...started, terminal, connection, stdio: ours, cgroup, record });
  } catch (error) {
    libc.close(...new Set([ours.stdin, ours.stdout, ours.stderr]));
    connection?.close();
    throw error;
  }
}

async function launch(
  launcher: Launcher,
  wanted: ProcessToStart,
  stdio: { readonly planned: PlannedStdio; readonly slots: readonly number[] },
): Promise<{ readonly ops: readonly Op[]; readonly connection: MonitorConnection }> {
  // Slots before `firstFreeSlot` that nobody uses have to hold something: any descriptor does.
  const directory = cgroupDirectory(wanted.directory ?? wanted.record.cgroup.join.directory);
  try {
    const filler = stdio.slots[0] ?? (wanted.descriptor >= 0 ? wanted.descriptor : directory >= 0 ? directory : 2);
    const slots = [...stdio.slots];
    while (slots.length < firstFreeSlot) slots.push(filler);
    const slotOf = (descriptor: number): number => (descriptor < 0 ? -1 : slots.push(descriptor) - 1);
    const cgroup = { ...wanted.record.cgroup, slot: slotOf(directory) };
    const extraSlot = slotOf(wanted.descriptor);
    const ops = wanted.plan({ stdio: stdio.planned, cgroup, extraSlot, freeSlot: slots.length });
    const held = wanted.prepare === undefined ? ops : withWait(ops);
    return { ops: held, connection: await launcher.launch(held, slots) };
  } finally {
    if (directory >= 0) closeSync(directory);
  }
}

/** Rejects when `signal` aborts. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

/** On cgroup v2, and in the v2 tree of a hybrid machine, a process is born in its cgroup, by the directory's descriptor. */
function cgroupDirectory(directory: string | undefined): number {
  return directory === undefined ? -1 : openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
}

// The namespaces are there, no file system is yet: sysfs shows the network namespace as it is then.
function withWait(ops: readonly Op[]): readonly Op[] {
  const at = ops.findIndex(({ op }) => op === 'root');
  return at < 0 ? ops : [...ops.slice(0, at), { op: 'wait', point: 1 }, ...ops.slice(at)];
}

async function untilStarted(
  libc: Libc,
  connection: MonitorConnection,
  wanted: ProcessToStart,
  ops: readonly Op[],
  signal: AbortSignal,
): Promise<{ readonly pid: number; readonly startedAt: Date }> {
  const kill = (): void => connection.send('signal', 9);
  signal.addEventListener('abort', kill, { once: true });
  try {
    let event = await connection.next('started', 'failed', 'held');
    while (event.event === 'held') {
      try {
        await Promise.race([wanted.prepare?.(event.pid), aborted(signal)]);
      } catch (error) {
        kill();
        await connection.nextOrEnd('failed');
        throw error;
      }
      connection.send('continue');
      event = await connection.next('started', 'failed', 'held');
    }
    if (event.event === 'failed') {
      signal.throwIfAborted();
      throw toLaunchError(wanted.kind, ops, event, (errno) => libc.describe(errno));
    }
    if (signal.aborted) {
      kill();
      connection.send('acknowledge');
      await connection.nextOrEnd('exited');
      connection.send('release');
      throw signal.reason;
    }
    return { pid: event.pid, startedAt: event.startedAt };
  } finally {
    signal.removeEventListener('abort', kill);
  }
}
