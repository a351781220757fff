import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { EngineError } from '../base/index.ts';

/**
 * Makes `path` free for a socket: its directory is made, and a socket that nobody listens on any more is removed.
 * @throws {EngineError} Conflict, when somebody listens there or something else is there.
 */
export async function clearSocketPath(path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
  if (!existsSync(path)) return;
  if (!lstatSync(path).isSocket()) throw new EngineError('Conflict', `can't create unix socket ${path}: it is there and is no socket`);
  if (await answers(path)) throw new EngineError('Conflict', `can't create unix socket ${path}: another program listens there`);
  rmSync(path);
}

/** Gives a socket to its owner and `group`, where there is such a group: 0660. */
export function protectSocket(path: string, group: string): void {
  const gid = groupId(group);
  if (gid !== undefined) chownSync(path, 0, gid);
  chmodSync(path, 0o660);
}

async function answers(path: string): Promise<boolean> {
  try {
    const socket = await Bun.connect({ unix: path, socket: { data() {} } });
    socket.terminate();
    return true;
  } catch {
    return false;
  }
}

function groupId(group: string): number | undefined {
  if (/^\d+$/.test(group)) return Number(group);
  try {
    const line = readFileSync('/etc/group', 'utf8')
      .split('\n')
      .find((each) => each.startsWith(`${group}:`));
    return line === undefined ? undefined : Number(line.split(':')[2]);
  } catch {
    return undefined;
  }
}
