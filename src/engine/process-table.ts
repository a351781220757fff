import { readFileSync, statSync } from 'node:fs';
import type { ProcessTable } from './use-cases.ts';

/** Clock ticks of a second in /proc/PID/stat: 100 on every Linux of ours. */
const ticks = 100;

/** What `ps -ef` prints of these processes, read from /proc. Those that have ended meanwhile are left out. */
export function fullFormatTable(pids: readonly number[]): ProcessTable {
  const bootedAt = Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? '0');
  const users = userNames();
  const processes = pids.toSorted((a, b) => a - b).flatMap((pid) => row(pid, bootedAt, users) ?? []);
  return { titles: ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD'], processes };
}

function row(pid: number, bootedAt: number, users: ReadonlyMap<number, string>): readonly (readonly string[])[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name is in parentheses and may hold anything, so fields are counted from its end. proc(5).
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const uid = statSync(`/proc/${pid}`).uid;
    const seconds = Math.floor((fields[11]! + fields[12]!) / ticks);
    const startedAt = bootedAt + fields[19]! / ticks;
    const lifetime = Math.max(1, Date.now() / 1000 - startedAt);
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
    const cells = [
      shortened(users.get(uid) ?? String(uid)),
      String(pid),
      String(fields[1]),
      String(Math.min(99, Math.floor((seconds * 100) / lifetime))),
      startTime(new Date(startedAt * 1000)),
      terminalName(fields[4]!),
      duration(seconds),
      command === '' ? `[${name}]` : command,
    ];
    return [cells];
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

function userNames(): ReadonlyMap<number, string> {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  return new Map(lines.map((line) => line.split(':')).map(([name = '', , uid]) => [Number(uid), name]));
}

function shortened(user: string): string {
  return user.length > 8 ? `${user.slice(0, 7)}+` : user;
}

function startTime(at: Date): string {
  const clock = `${String(at.getHours()).padStart(2, '0')}:${String(at.getMinutes()).padStart(2, '0')}`;
  if (Date.now() - at.getTime() < 24 * 3600_000) return clock;
  return `${at.toLocaleString('en-US', { month: 'short' })}${String(at.getDate()).padStart(2, '0')}`;
}

function terminalName(device: number): string {
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  if (major >= 136 && major <= 143) return `pts/${(major - 136) * 256 + minor}`;
  return major === 4 ? `tty${minor}` : '?';
}

function duration(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}
