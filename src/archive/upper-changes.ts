import { readdirSync } from 'node:fs';
import { fileTypes, getXattr, type FileCalls, type FileStat } from '../kernel/index.ts';
import type { PathChange } from './root-jobs.ts';
import { bytesToText } from './text.ts';
import { opaqueXattr } from './whiteouts.ts';

const slash = Buffer.from('/');

/**
 * What an overlay upper directory changes over its lower directories (top first): the walk is over the upper alone. A directory that merely
 * carries a change is told as modified, as dockerd does. Sorted by path.
 */
export function upperChanges(calls: FileCalls, upper: string, lower: readonly string[]): PathChange[] {
  const changes: PathChange[] = [];
  const walk = (directory: Buffer, path: Buffer, lowers: readonly Buffer[]): void => {
    for (const name of readdirSync(directory, { encoding: 'buffer' }).sort((a, b) => Buffer.compare(a, b))) {
      const full = Buffer.concat([directory, slash, name]);
      const shown = Buffer.concat([path, slash, name]);
      const stat = calls.lstat(full);
      if (stat === null) continue;
      const below = lookUp(calls, name, lowers);
      if (isWhiteout(stat)) {
        if (below.found !== null) changes.push({ kind: 'deleted', path: bytesToText(shown) });
        continue;
      }
      const at = changes.length;
      if (isDirectory(stat)) walk(full, shown, isOpaque(calls, full) ? [] : below.directories);
      const same = below.found !== null && isDirectory(stat) && sameDirectory(stat, below.found);
      if (same && changes.length === at && !isOpaque(calls, full)) continue;
      changes.splice(at, 0, { kind: below.found === null ? 'added' : 'modified', path: bytesToText(shown) });
    }
  };
  walk(
    Buffer.from(upper),
    Buffer.alloc(0),
    lower.map((path) => Buffer.from(path)),
  );
  return changes;
}

// As overlayfs looks a name up: the first layer that has it decides, directories merge until something hides the rest.
function lookUp(
  calls: FileCalls,
  name: Buffer,
  lowers: readonly Buffer[],
): { readonly found: FileStat | null; readonly directories: Buffer[] } {
  let found: FileStat | null = null;
  const directories: Buffer[] = [];
  for (const lower of lowers) {
    const full = Buffer.concat([lower, slash, name]);
    const stat = calls.lstat(full);
    if (stat === null) continue;
    if (isWhiteout(stat)) break;
    if (found !== null && !isDirectory(stat)) break;
    found ??= stat;
    if (!isDirectory(stat)) break;
    directories.push(full);
    if (isOpaque(calls, full)) break;
  }
  return { found, directories };
}

function sameDirectory(a: FileStat, b: FileStat): boolean {
  return a.mode === b.mode && a.uid === b.uid && a.gid === b.gid && a.mtimeSeconds === b.mtimeSeconds && a.mtimeNanos === b.mtimeNanos;
}

function isDirectory(stat: FileStat): boolean {
  return (stat.mode & fileTypes.mask) === fileTypes.directory;
}

function isWhiteout(stat: FileStat): boolean {
  return (stat.mode & fileTypes.mask) === fileTypes.char && stat.rdevMajor === 0 && stat.rdevMinor === 0;
}

function isOpaque(calls: FileCalls, path: Buffer): boolean {
  return Buffer.from(getXattr(calls, path, opaqueXattr) ?? []).toString() === 'y';
}
