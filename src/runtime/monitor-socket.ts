import { closeSync, constants, existsSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isEngineError } from '../base/index.ts';
import { connectUnix, type Libc } from '../kernel/index.ts';
import { MonitorConnection } from './connection.ts';

const longest = 107;

/** Calls `use` with a path of monitor.sock in `runDirectory` that fits a socket address, however long the directory's own is. */
export async function withMonitorSocket<Result>(runDirectory: string, use: (path: string) => Promise<Result>): Promise<Result> {
  const path = join(runDirectory, 'monitor.sock');
  if (Buffer.byteLength(path) <= longest) return use(path);
  const directory = openSync(runDirectory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return await use(`/proc/self/fd/${directory}/monitor.sock`);
  } finally {
    closeSync(directory);
  }
}

/** A connection to the monitor in `runDirectory`, or undefined when none lives there. */
export async function connectMonitor(libc: Libc, runDirectory: string): Promise<MonitorConnection | undefined> {
  if (!existsSync(join(runDirectory, 'monitor.sock'))) return undefined;
  return withMonitorSocket(runDirectory, async (path) => {
    const socket = connectUnix(libc, path);
    return socket < 0 ? undefined : MonitorConnection.open({ fd: socket });
  });
}

/** Tells the monitor in `runDirectory`, whose process has been or will be killed, to go when it has ended; its unread output goes with it. */
export async function dismissMonitor(libc: Libc, runDirectory: string): Promise<void> {
  const connection = await connectMonitor(libc, runDirectory);
  if (connection === undefined) return;
  try {
    connection.send('status');
    connection.send('acknowledge');
    connection.send('signal', 9);
    await connection.next('exited', 'failed');
    connection.send('release');
  } catch (error) {
    // Gone meanwhile: just what is wanted.
    if (!isEngineError(error, 'Unavailable')) throw error;
  } finally {
    connection.close();
  }
}

/** Run directories of execs below a container's: any directory, at most two levels down, with a monitor's socket. */
export function nestedRunDirectories(runDirectory: string, depth = 2): readonly string[] {
  if (depth === 0) return [];
  const directories = readdirSync(runDirectory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return directories.flatMap(({ name }) => {
    const directory = join(runDirectory, name);
    return [...(existsSync(join(directory, 'monitor.sock')) ? [directory] : []), ...nestedRunDirectories(directory, depth - 1)];
  });
}
