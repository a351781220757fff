import { readdirSync } from 'node:fs';
import { EngineError } from '../base/index.ts';
import { errno, fileTypes, openFlags, type FileCalls } from '../kernel/index.ts';

const maxDepth = 256;

/**
 * Deletes `name` of the working directory and all in it. Follows no link; stays on the directory's own file system. A directory deeper than
 * 256 levels goes to `onDeep`, which must take it away (or throw).
 * @throws {EngineError} Internal, when something cannot be removed.
 */
export function removeTree(calls: FileCalls, name: Uint8Array, onDeep: (name: Uint8Array) => void = tooDeep): void {
  remove(calls, name, 0, -1, onDeep);
}

function remove(calls: FileCalls, name: Uint8Array, depth: number, device: number, onDeep: (name: Uint8Array) => void): void {
  const unlinked = calls.unlink(name);
  if (unlinked === 0 || unlinked === -errno.ENOENT) return;
  const stat = calls.lstat(name);
  if (stat === null) return;
  if ((stat.mode & fileTypes.mask) !== fileTypes.directory) throw removeError(calls, name, unlinked);
  const here = stat.deviceMajor * 2 ** 20 + stat.deviceMinor;
  if (device !== -1 && here !== device) throw new EngineError('Internal', `Cannot remove ${text(name)}: something is mounted on it`);
  let removed = calls.rmdir(name);
  if (removed !== -errno.ENOTEMPTY && removed !== -errno.EEXIST) {
    if (removed < 0 && removed !== -errno.ENOENT) throw removeError(calls, name, removed);
    return;
  }
  if (depth >= maxDepth) return onDeep(name);
  const back = calls.open(dot, openFlags.path | openFlags.directory);
  const fd = calls.open(name, openFlags.path | openFlags.directory | openFlags.noFollow);
  try {
    if (back < 0 || fd < 0 || calls.fchdir(fd) < 0) throw removeError(calls, name, Math.min(back, fd));
    for (const child of readdirSync('.', { encoding: 'buffer' })) remove(calls, child, depth + 1, here, onDeep);
  } finally {
    if (fd >= 0) calls.close(fd);
    if (back >= 0) {
      calls.fchdir(back);
      calls.close(back);
    }
  }
  removed = calls.rmdir(name);
  if (removed < 0 && removed !== -errno.ENOENT) throw removeError(calls, name, removed);
}

const dot = new Uint8Array([0x2e]);

function tooDeep(): never {
  throw new EngineError('InvalidArgument', `directories are nested deeper than ${maxDepth}`);
}

function removeError(calls: FileCalls, name: Uint8Array, result: number): EngineError {
  return new EngineError('Internal', `remove ${text(name)}: ${calls.errorText(-result)}`);
}

function text(name: Uint8Array): string {
  return new TextDecoder().decode(name);
}
