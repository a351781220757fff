import { readFileSync } from 'node:fs';
import type { Mount } from '../spec/index.ts';
import type { SnapshotDriver, Stack } from './driver.ts';

/**
 * Snapshots as overlayfs layers: nothing is copied. `userNamespace` is for mounts made inside a user namespace, where overlayfs keeps its
 * marks in user.* attributes (Linux 5.11); layers made with one setting are not readable with the other.
 */
export function overlayDriver(options: { readonly userNamespace?: boolean } = {}): SnapshotDriver {
  const extra = [...switchedOff(), ...(options.userNamespace === true ? ['userxattr'] : [])];
  return {
    name: 'overlay2',
    apart: true,
    whiteouts: (bottom) => (bottom ? 'bottom' : 'overlay'),
    seed: () => Promise.resolve(),
    mounts: (stack) => [mountOf(stack, extra)],
    changesDirectory: (upper) => Promise.resolve(upper),
  };
}

// A writable layer over nothing, and a single layer to look at, need no overlay (which refuses to show one layer alone).
function mountOf({ top, lower }: Stack, extra: readonly string[]): Mount {
  const [only] = lower;
  if (top !== null && only === undefined) return { type: 'bind', source: top.upper, options: ['bind', 'rw'] };
  if (top === null && only !== undefined && lower.length === 1) return { type: 'bind', source: only, options: ['bind', 'ro'] };
  const own = top === null ? ['ro'] : [`upperdir=${top.upper}`, `workdir=${top.work}`];
  return { type: 'overlay', source: 'overlay', options: [`lowerdir=${lower.map(escapeLower).join(':')}`, ...own, ...extra] };
}

/** A layer's path as `lowerdir=` takes it: a colon would end it. */
export function escapeLower(path: string): string {
  return path.replaceAll(':', '\\:');
}

// Features that would write attributes into upper directories which tie them to this place; off unless the kernel was told otherwise.
// Documentation/filesystems/overlayfs.rst, "Sharing and copying layers", "Renaming directories".
function switchedOff(): string[] {
  return ['index', 'metacopy', 'redirect_dir'].filter(isOnByDefault).map((name) => `${name}=off`);
}

function isOnByDefault(parameter: string): boolean {
  try {
    return readFileSync(`/sys/module/overlay/parameters/${parameter}`, 'utf8').startsWith('Y');
  } catch {
    return false;
  }
}
