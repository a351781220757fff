import { closeSync, constants, openSync } from 'node:fs';
import { connectUnix, sendWithDescriptors, type Libc } from '../../kernel/index.ts';
import { EngineError } from '../../base/index.ts';
import type { RuntimeProcess } from '../../spec/index.ts';
import type { MonitorConnection } from '../connection.ts';
import type { CgroupRecord } from '../container-record.ts';
import type { Launcher } from '../launcher.ts';
import { describeFailure, type LaunchFailure } from '../launch-failure.ts';
import { withMonitorSocket } from '../monitor-socket.ts';
import type { Op } from '../ops.ts';
import type { PlannedCgroup, PlannedStdio } from '../plan/index.ts';
import { fetchStdio } from '../stdio.ts';

export interface Launched {
  readonly ops: readonly Op[];
  readonly connection: MonitorConnection;
}

/** What a plan is given of the descriptor table. */
export interface Table {
  readonly stdio: PlannedStdio;
  readonly cgroup: PlannedCgroup;
  readonly extraSlot: number;
  readonly freeSlot: number;
}

/** Launches a plan with this process's own stdio, or a terminal. `descriptor` is one more for the plan, -1 for none. */
export async function launchOci(
  launcher: Launcher,
  process: RuntimeProcess,
  cgroup: CgroupRecord,
  descriptor: number,
  plan: (table: Table) => readonly Op[],
): Promise<Launched> {
  const directory = cgroup.join.directory === undefined ? -1 : openSync(cgroup.join.directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const slots = [0, 1, 2];
    const slotOf = (fd: number): number => (fd < 0 ? -1 : slots.push(fd) - 1);
    const planned = { ...cgroup, slot: slotOf(directory) };
    const extraSlot = slotOf(descriptor);
    const ops = plan({ stdio: stdioOf(process), cgroup: planned, extraSlot, freeSlot: slots.length });
    return { ops, connection: await launcher.launch(ops, slots) };
  } finally {
    if (directory >= 0) closeSync(directory);
  }
}

function stdioOf({ terminal, consoleSize }: RuntimeProcess): PlannedStdio {
  if (terminal === true) return { kind: 'terminal', rows: consoleSize?.height ?? 0, columns: consoleSize?.width ?? 0 };
  return { kind: 'pipes', stdinRead: 0, stdinWrite: -1, stdoutRead: -1, stdoutWrite: 1, stderrRead: -1, stderrWrite: 2 };
}

/** As runc says it: `exec failed: unable to start container process: …`. */
export function toOciError(what: string, ops: readonly Op[], failure: LaunchFailure, libc: Libc): EngineError {
  const { message, exitCode } = describeFailure(ops, failure, (errno) => libc.describe(errno));
  return new EngineError('InvalidArgument', `${what} failed: unable to start container process: ${message}`, { detail: { exitCode } });
}

/** Hands the terminal's master of the monitor in `runDirectory` to whoever listens on `consoleSocket`. @throws {EngineError} Unavailable. */
export async function passConsole(libc: Libc, runDirectory: string, consoleSocket: string): Promise<void> {
  const { stdout: master } = await withMonitorSocket(runDirectory, (path) => fetchStdio(libc, path));
  const socket = connectUnix(libc, consoleSocket);
  try {
    const sent = socket < 0 ? socket : sendWithDescriptors(libc, socket, new TextEncoder().encode('/dev/ptmx'), [master]);
    if (sent < 0) throw new EngineError('Unavailable', `Cannot pass the terminal to ${consoleSocket}: ${libc.describe(-sent)}`);
  } finally {
    libc.close(socket, master);
  }
}
