import { EngineError } from '../base/index.ts';
import { errno, fileTypes, type FileCalls, type FileStat } from '../kernel/index.ts';
import type { PathStat } from './root-jobs.ts';
import { type RootView, thisDirectory } from './root-view.ts';
import { cleanPath, splitPath } from './tar-path.ts';
import { bytesToText, textToBytes } from './text.ts';

/** A path of a root, found: the view stands in its parent, or for a followed directory in itself. */
export interface Located {
  readonly stat: FileStat;
  /** The path from the root, clean; for a followed directory as it was asked for. */
  readonly path: Uint8Array;
  /** What Go's filepath.Base says of it. */
  readonly base: string;
  /** Name to call with: the last name, or `.`. */
  readonly name: Uint8Array;
}

/**
 * Finds what `docker cp` means by a path: a last name that is a symlink is not followed, unless `/` or `/.` comes after it. moby, daemon/archive.go.
 * @throws {EngineError} NotFound.
 */
export function locate(view: RootView, path: string): Located {
  const clean = cleanPath(textToBytes(path));
  const follow = clean.length === 0 || /\/\.?$/.test(path);
  if (!follow) {
    const { parent, name } = splitPath(clean);
    if (!view.enterIfThere(parent)) throw notFound(path);
    const stat = view.calls.lstat(name);
    if (stat === null) throw notFound(path);
    return { stat, path: clean, base: bytesToText(name), name };
  }
  const fd = view.openDirectory(clean);
  if (fd === -errno.ENOTDIR) throw new EngineError('InvalidArgument', `${path}: not a directory`);
  if (fd < 0) throw notFound(path);
  view.calls.close(fd);
  view.enter(clean);
  const stat = view.calls.lstat(thisDirectory);
  if (stat === null) throw notFound(path);
  const base = clean.length === 0 ? '' : path.endsWith('/.') ? '.' : bytesToText(splitPath(clean).name);
  return { stat, path: clean, base, name: thisDirectory };
}

/** The answer to `HEAD /containers/{id}/archive`. */
export function pathStat(view: RootView, path: string): PathStat {
  const { stat, path: clean, base } = locate(view, path);
  const milliseconds = stat.mtimeSeconds * 1000 + Math.floor(stat.mtimeNanos / 1e6);
  const link = (stat.mode & fileTypes.mask) === fileTypes.symlink;
  return {
    name: base === '' ? '/' : base,
    size: stat.size,
    mode: stat.mode,
    mtime: new Date(milliseconds),
    mtimeText: timeText(stat.mtimeSeconds, stat.mtimeNanos),
    linkTarget: link ? `/${bytesToText(resolveLinks(view.calls, clean))}` : '',
  };
}

// The thread is chrooted, so absolute paths are the root's own; what is missing is taken as written.
function resolveLinks(calls: FileCalls, path: Uint8Array): Uint8Array {
  let left = Buffer.from(path).toString('latin1').split('/');
  const done: string[] = [];
  for (let links = 0; left.length > 0 && links < 255;) {
    const part = left[0] ?? '';
    left = left.slice(1);
    if (part === '' || part === '.') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    const target = calls.readlink(Buffer.from(`/${[...done, part].join('/')}`, 'latin1'));
    if (target === null) {
      done.push(part);
      continue;
    }
    links++;
    const text = Buffer.from(target).toString('latin1');
    if (text.startsWith('/')) done.length = 0;
    left = [...text.split('/'), ...left];
  }
  return Buffer.from(done.join('/'), 'latin1');
}

function timeText(seconds: number, nanos: number): string {
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  const fraction = nanos === 0 ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`;
  return `${whole}${fraction}Z`;
}

function notFound(path: string): EngineError {
  return new EngineError('NotFound', `lstat ${path.startsWith('/') ? path : `/${path}`}: no such file or directory`);
}
