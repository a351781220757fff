import type { AppliedTar, ApplyTarOptions, PathChange, PathStat, UntarOptions } from './root-jobs.ts';

/**
 * Threads that work inside a root: chrooted into it, resolving every parent with openat2, so that nothing an archive or a container holds can
 * make them reach outside. Started on demand, ended when idle. Streams given are taken over.
 */
export interface RootWorkers extends AsyncDisposable {
  /** Unpacks a layer tar into the empty directory `root`. @throws {EngineError} InvalidArgument, when the tar is broken or over a limit. */
  applyTar(root: string, tar: ReadableStream<Uint8Array>, options: ApplyTarOptions): Promise<AppliedTar>;

  /** The tar of an overlay upper directory as an OCI layer: whiteouts, opaque marks, hard links, xattrs; names sorted, times in whole seconds. */
  layerTar(upper: string, options: { readonly signal: AbortSignal }): ReadableStream<Uint8Array>;

  /**
   * The tar of a path inside a root, as `docker cp` and `docker export` send it: entries start with the path's last name; `/` starts with nothing.
   * The stream errors with EngineError NotFound when there is no such path.
   */
  tarPath(root: string, path: string, options: { readonly signal: AbortSignal }): ReadableStream<Uint8Array>;

  /**
   * Unpacks a tar into the directory `path` of a root, over what is there.
   * @throws {EngineError} NotFound, when `path` is not there; InvalidArgument, when it is no directory, the tar is broken, or it would overwrite what it must not.
   */
  untarInto(root: string, path: string, tar: ReadableStream<Uint8Array>, options: UntarOptions): Promise<void>;

  /** What is at a path inside a root; its last name is not followed unless it ends in `/` or `/.`. @throws {EngineError} NotFound. */
  statPath(root: string, path: string, options: { readonly signal: AbortSignal }): Promise<PathStat>;

  /** What an overlay upper directory changes, by the lower directories under it (top first), sorted by path. */
  changes(upper: string, lower: readonly string[], options: { readonly signal: AbortSignal }): Promise<readonly PathChange[]>;

  /** Bytes on disk under a directory, each inode once. */
  diskUsage(directory: string, options: { readonly signal: AbortSignal }): Promise<number>;

  /** Deletes directories and all in them; no link is followed, no mount crossed. What is not there is no error. */
  removeTrees(directories: readonly string[], options: { readonly signal: AbortSignal }): Promise<void>;

  /** Copies a tree with owners, modes, times, links, devices and xattrs; `to` is made. */
  copyTree(from: string, to: string, options: { readonly signal: AbortSignal }): Promise<void>;
}

/** Threads for work inside roots; none runs until it is needed. Dispose ends them all. */
export function openRootWorkers(_options: { readonly maxWorkers?: number; readonly idleMs?: number } = {}): RootWorkers {
  throw new Error('not written yet');
}
