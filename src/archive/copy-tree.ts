import { copyFileSync, readdirSync } from 'node:fs';
import { EngineError } from '../base/index.ts';
import { fileTypes, getXattr, listXattrs, setXattr, type FileCalls, type FileStat } from '../kernel/index.ts';
import { bytesToText } from './text.ts';

const slash = Buffer.from('/');
// Shares blocks where the file system can.
const cloneIfPossible = 2;

/** Copies a tree with owners, modes, times, hard links, devices and xattrs. `to` may exist as an empty directory. @throws {EngineError} Internal. */
export function copyTree(calls: FileCalls, from: string, to: string): void {
  const links = new Map<string, Buffer>();
  const copy = (source: Buffer, target: Buffer): void => {
    const stat = calls.lstat(source);
    if (stat === null) return;
    const type = stat.mode & fileTypes.mask;
    if (type === fileTypes.socket) return;
    const key = `${stat.deviceMajor}:${stat.deviceMinor}:${stat.ino}`;
    const first = stat.nlink > 1 && type !== fileTypes.directory ? links.get(key) : undefined;
    if (first !== undefined) return must(calls, calls.link(-100, first, target), target);
    if (stat.nlink > 1) links.set(key, target);
    make(calls, source, target, stat);
    must(calls, calls.lchown(target, stat.uid, stat.gid), target);
    if (type !== fileTypes.symlink) must(calls, calls.chmod(target, stat.mode & 0o7777), target);
    for (const name of listXattrs(calls, source)) {
      const value = getXattr(calls, source, name);
      if (value !== null) setXattr(calls, target, name, value);
    }
    if (type === fileTypes.directory) {
      for (const name of readdirSync(source, { encoding: 'buffer' })) copy(join(source, name), join(target, name));
    }
    calls.lutimes(target, stat.mtimeSeconds, stat.mtimeNanos);
  };
  copy(Buffer.from(from), Buffer.from(to));
}

function make(calls: FileCalls, source: Buffer, target: Buffer, stat: FileStat): void {
  const type = stat.mode & fileTypes.mask;
  if (type === fileTypes.directory) {
    if (calls.lstat(target) === null) must(calls, calls.mkdir(target, 0o700), target);
  } else if (type === fileTypes.symlink) must(calls, calls.symlink(calls.readlink(source) ?? new Uint8Array(0), target), target);
  else if (type === fileTypes.file) copyFileSync(source, target, cloneIfPossible);
  else must(calls, calls.mknod(target, stat.mode, stat.rdevMajor, stat.rdevMinor), target);
}

function join(directory: Buffer, name: Buffer): Buffer {
  return Buffer.concat([directory, slash, name]);
}

function must(calls: FileCalls, result: number, path: Uint8Array): void {
  if (result < 0) throw new EngineError('Internal', `copy to ${bytesToText(path)}: ${calls.errorText(-result)}`);
}
