import { getXattr, listXattrs, setXattr, type FileStat, type JobContext } from '../kernel/index.ts';
import { RootView, thisDirectory } from './root-view.ts';
import { isOverlayXattr } from './whiteouts.ts';
import { textToBytes } from './text.ts';

export interface AdoptArgument {
  readonly root: string;
  /** Top first. */
  readonly lower: readonly string[];
  /** Clean paths, parents before children. */
  readonly paths: readonly string[];
}

interface Attributes {
  readonly stat: FileStat;
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
}

/**
 * Gives directories of `root` that no tar entry described the owner, mode, times and attributes of the same directory below, as overlayfs
 * would have copied them up; a layer that names `usr/bin/x` alone must not change `usr`.
 */
export function adoptDirectories({ calls, root }: JobContext, argument: AdoptArgument): void {
  const found = new Map<string, Attributes>();
  for (const lower of argument.lower) {
    root.enter(lower);
    const view = new RootView(calls);
    for (const path of argument.paths) {
      if (found.has(path) || !view.enterIfThere(textToBytes(path))) continue;
      const stat = calls.lstat(thisDirectory);
      if (stat === null) continue;
      const names = listXattrs(calls, thisDirectory).filter((name) => !isOverlayXattr(name));
      const xattrs = new Map(names.map((name) => [name, getXattr(calls, thisDirectory, name) ?? new Uint8Array(0)]));
      found.set(path, { stat, xattrs });
    }
    view.close();
  }
  root.enter(argument.root);
  const view = new RootView(calls);
  for (const [path, { stat, xattrs }] of found) {
    if (!view.enterIfThere(textToBytes(path))) continue;
    calls.lchown(thisDirectory, stat.uid, stat.gid);
    calls.chmod(thisDirectory, stat.mode & 0o7777);
    for (const [name, value] of xattrs) setXattr(calls, thisDirectory, name, value);
    calls.lutimes(thisDirectory, stat.mtimeSeconds, stat.mtimeNanos);
  }
  view.close();
}
