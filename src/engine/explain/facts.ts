import { readFileSync, readlinkSync } from 'node:fs';

/** Names under /proc/PID/ns by the spec's type. */
export const namespaceFiles: Readonly<Record<string, string>> = {
  mount: 'mnt',
  pid: 'pid',
  network: 'net',
  ipc: 'ipc',
  uts: 'uts',
  cgroup: 'cgroup',
  user: 'user',
  time: 'time',
};

/** The inode of a process's namespace, or null when the process is gone. namespaces(7). */
export function namespaceInode(pid: number | 'self', type: string): number | null {
  try {
    const link = readlinkSync(`/proc/${pid}/ns/${namespaceFiles[type] ?? type}`);
    return Number(/\[(\d+)\]/.exec(link)?.[1] ?? Number.NaN) || null;
  } catch {
    return null; // It has ended meanwhile, or this kernel lacks the type.
  }
}

/** A field of /proc/PID/status; undefined when the process is gone. */
export function statusField(pid: number, field: string): string | undefined {
  try {
    return new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  } catch {
    return undefined; // It has ended meanwhile.
  }
}
