import { ptr } from 'bun:ffi';
import type { FileCalls, PathBytes } from './file-calls.ts';
import { openFlags } from './file-calls.ts';

/** How openat2 walks a path. openat2(2), Linux 5.6. */
export const resolveFlags = {
  noMountCrossing: 0x01,
  /** Refuses the links of /proc that jump anywhere. */
  noMagicLinks: 0x02,
  noSymlinks: 0x04,
  beneath: 0x08,
  /** The directory is the root: absolute links and `..` stay in it. */
  inRoot: 0x10,
} as const;

const openat2Number = 437n;

/**
 * Opens `path` as if directory `rootFd` were the root: neither `..`, nor an absolute symlink, nor a /proc link leads out of it, whoever
 * changes the tree meanwhile. An empty path is the root itself. Returns the descriptor, or minus errno.
 */
export function openInRoot(calls: FileCalls, rootFd: number, path: PathBytes, flags: number, mode = 0): number {
  const how = new BigUint64Array([
    BigInt(flags | openFlags.closeOnExec),
    BigInt(mode),
    BigInt(resolveFlags.inRoot | resolveFlags.noMagicLinks),
  ]);
  const start = path.length === 0 ? dot : path;
  return calls.result(calls.symbols.syscall(openat2Number, BigInt(rootFd), calls.path(start), ptr(how), BigInt(how.byteLength)));
}

const dot = new Uint8Array([0x2e]);
