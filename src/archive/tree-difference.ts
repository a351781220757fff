import { readdirSync } from 'node:fs';
import { EngineError } from '../base/index.ts';
import { fileTypes, getXattr, listXattrs, setXattr, type FileCalls, type FileStat } from '../kernel/index.ts';
import { bytesToText } from './text.ts';

export interface DifferenceArgument {
  /** What `tree` began as; null: an empty directory. */
  readonly base: string | null;
  readonly tree: string;
  /** Made; on the file system of `tree`. */
  readonly out: string;
}

const slash = Buffer.from('/');

/**
 * Makes what an overlay's upper directory would be, had `tree` been written over `base`: changed and new files as hard links, 0/0 devices
 * for what is gone. Files are the same when type, owner, mode, size and time are.
 */
export function treeDifference(calls: FileCalls, { base, tree, out }: DifferenceArgument): void {
  must(calls, calls.mkdir(Buffer.from(out), 0o755), Buffer.from(out));
  compare(calls, base === null ? null : Buffer.from(base), Buffer.from(tree), Buffer.from(out));
}

// Tells whether anything differs below.
function compare(calls: FileCalls, base: Buffer | null, tree: Buffer, out: Buffer): boolean {
  let differs = false;
  const names = list(tree);
  for (const name of names) {
    const [from, to] = [join(tree, name), join(out, name)];
    const stat = calls.lstat(from);
    if (stat === null || isSocket(stat)) continue;
    const below = base === null ? null : join(base, name);
    const old = below === null ? null : calls.lstat(below);
    if (!isDirectory(stat)) {
      if (old !== null && same(calls, stat, from, old, below ?? from)) continue;
      must(calls, calls.link(-100, from, to), to);
      differs = true;
      continue;
    }
    const merges = old !== null && isDirectory(old);
    must(calls, calls.mkdir(to, 0o700), to);
    const inside = compare(calls, merges ? below : null, from, to);
    if (!inside && merges && same(calls, stat, from, old, below ?? from)) calls.rmdir(to);
    else {
      differs = true;
      takeAttributes(calls, from, to, stat);
    }
  }
  if (base === null) return differs;
  const kept = new Set(names.map((name) => name.toString('latin1')));
  for (const name of list(base)) {
    if (kept.has(name.toString('latin1'))) continue;
    must(calls, calls.mknod(join(out, name), fileTypes.char, 0, 0), join(out, name));
    differs = true;
  }
  return differs;
}

function same(calls: FileCalls, a: FileStat, aPath: Buffer, b: FileStat, bPath: Buffer): boolean {
  if (a.mode !== b.mode || a.uid !== b.uid || a.gid !== b.gid) return false;
  if (a.mtimeSeconds !== b.mtimeSeconds || a.mtimeNanos !== b.mtimeNanos) return false;
  if (isDirectory(a)) return true;
  if (a.size !== b.size || a.rdevMajor !== b.rdevMajor || a.rdevMinor !== b.rdevMinor) return false;
  return Buffer.compare(calls.readlink(aPath) ?? Buffer.alloc(0), calls.readlink(bPath) ?? Buffer.alloc(0)) === 0;
}

function takeAttributes(calls: FileCalls, from: Buffer, to: Buffer, stat: FileStat): void {
  must(calls, calls.lchown(to, stat.uid, stat.gid), to);
  must(calls, calls.chmod(to, stat.mode & 0o7777), to);
  for (const name of listXattrs(calls, from)) setXattr(calls, to, name, getXattr(calls, from, name) ?? new Uint8Array(0));
  calls.lutimes(to, stat.mtimeSeconds, stat.mtimeNanos);
}

function list(directory: Buffer): Buffer[] {
  return readdirSync(directory, { encoding: 'buffer' });
}

function join(directory: Buffer, name: Buffer): Buffer {
  return Buffer.concat([directory, slash, name]);
}

function isDirectory(stat: FileStat): boolean {
  return (stat.mode & fileTypes.mask) === fileTypes.directory;
}

function isSocket(stat: FileStat): boolean {
  return (stat.mode & fileTypes.mask) === fileTypes.socket;
}

function must(calls: FileCalls, result: number, path: Uint8Array): void {
  if (result < 0) throw new EngineError('Internal', `Cannot compare trees: ${bytesToText(path)}: ${calls.errorText(-result)}`);
}
