import { ChrootWorkers } from '../kernel/index.ts';
import type { AdoptArgument } from './adopt-directories.ts';
import type { MountArgument } from './mount-job.ts';
import type { ChangesArgument, TarPathArgument, UntarArgument } from './root-job-table.ts';
import type { DifferenceArgument } from './tree-difference.ts';
import type { AppliedTar, ApplyTarOptions, PathChange, PathStat, UntarOptions } from './root-jobs.ts';

interface Abortable {
  readonly signal: AbortSignal;
}

/**
 * Threads that work inside a root: chrooted into it, resolving every parent with openat2, so that nothing an archive or a container holds can
 * make them reach outside. Started on demand, ended when idle. Streams given are taken over.
 */
export interface RootWorkers extends AsyncDisposable {
  /** Unpacks a layer tar into the empty directory `root`. @throws {EngineError} InvalidArgument, when the tar is broken or over a limit. */
  applyTar(root: string, tar: ReadableStream<Uint8Array>, options: ApplyTarOptions): Promise<AppliedTar>;

  /** The tar of an overlay upper directory as an OCI layer: whiteouts, opaque marks, hard links, xattrs; names sorted, times in whole seconds. */
  layerTar(upper: string, options: Abortable): ReadableStream<Uint8Array>;

  /**
   * The tar of a path inside a root, as `docker cp` and `docker export` send it: entries start with the path's last name; `/` starts with nothing.
   * The stream errors with EngineError NotFound when there is no such path. `crossInto` names the mount points below it to go into (absent:
   * all): what else is mounted there comes as an empty directory or file.
   */
  tarPath(root: string, path: string, options: Abortable & { readonly crossInto?: readonly string[] }): ReadableStream<Uint8Array>;

  /**
   * Unpacks a tar into the directory `path` of a root, over what is there.
   * @throws {EngineError} NotFound, when `path` is not there; InvalidArgument, when it is no directory, the tar is broken, or it would overwrite
   * what it must not.
   */
  untarInto(root: string, path: string, tar: ReadableStream<Uint8Array>, options: UntarOptions): Promise<void>;

  /** What is at a path inside a root; its last name is not followed unless it ends in `/` or `/.`. @throws {EngineError} NotFound. */
  statPath(root: string, path: string, options: Abortable): Promise<PathStat>;

  /** What an overlay upper directory changes over the lower directories under it (top first), sorted by path. */
  changes(upper: string, lower: readonly string[], options: Abortable): Promise<readonly PathChange[]>;

  /** Sum of the bytes of all files under a directory, each inode once. */
  fileBytes(directory: string, options: Abortable): Promise<number>;

  /** Deletes everything in a directory; no link is followed, no mount crossed. */
  emptyDirectory(directory: string, options: Abortable): Promise<void>;

  /** Copies a tree with owners, modes, times, hard links, devices and xattrs; `to` is made. */
  copyTree(from: string, to: string, options: Abortable): Promise<void>;

  /** Makes the overlay upper directory that would stand for the changes of a tree. */
  difference(argument: DifferenceArgument, options: Abortable): Promise<void>;

  /** Gives directories of a layer that its tar did not name the attributes they have in the layers below (top first). */
  adoptDirectories(argument: AdoptArgument, options: Abortable): Promise<void>;

  /** Makes a mount; relative names in `options` start at `from`. @throws {EngineError} Internal. */
  mount(argument: MountArgument, options: Abortable): Promise<void>;

  /** Detaches what is mounted on `target`; no error when nothing is. */
  unmount(target: string, options: Abortable): Promise<void>;

  /** How many threads there are now. */
  readonly size: number;
}

/** Threads for work inside roots (at most 4, ended after 10 s without work); none runs until it is needed. Dispose ends them all. */
export function openRootWorkers(options: { readonly maxWorkers?: number; readonly idleMs?: number } = {}): RootWorkers {
  const pool = new ChrootWorkers({ entry: workerEntry(), maxWorkers: options.maxWorkers ?? 4, idleMs: options.idleMs ?? 10_000 });
  const untar = async (root: string, argument: UntarArgument, tar: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<AppliedTar> =>
    (await pool.sink({ job: 'untar', root, argument }, tar, { signal })) as AppliedTar;
  return {
    get size() {
      return pool.size;
    },
    applyTar(root, tar, { signal, whiteouts, limits, hash }) {
      const argument = { path: '/', whiteouts, noOverwriteDirNonDir: false, owner: null, limits: limits ?? null, hash: hash ?? true };
      return untar(root, argument, tar, signal);
    },
    async untarInto(root, path, tar, { signal, noOverwriteDirNonDir, owner }) {
      const argument = { path, whiteouts: 'literal' as const, noOverwriteDirNonDir, owner: owner ?? null, limits: null, hash: false };
      await untar(root, argument, tar, signal);
    },
    layerTar: (upper, { signal }) => pool.source({ job: 'layerTar', root: upper, argument: null }, { signal }),
    tarPath(root, path, { signal, crossInto }) {
      const argument: TarPathArgument = { path, crossInto: crossInto ?? null };
      return pool.source({ job: 'tarPath', root, argument }, { signal });
    },
    async statPath(root, path, { signal }) {
      return (await pool.call({ job: 'statPath', root, argument: path }, { signal })) as PathStat;
    },
    async changes(upper, lower, { signal }) {
      const argument: ChangesArgument = { upper, lower };
      return (await pool.call({ job: 'changes', root: null, argument }, { signal })) as PathChange[];
    },
    async fileBytes(directory, { signal }) {
      return (await pool.call({ job: 'fileBytes', root: directory, argument: null }, { signal })) as number;
    },
    async emptyDirectory(directory, { signal }) {
      await pool.call({ job: 'empty', root: directory, argument: null }, { signal });
    },
    async copyTree(from, to, { signal }) {
      await pool.call({ job: 'copyTree', root: null, argument: { from, to } }, { signal });
    },
    async adoptDirectories(argument, { signal }) {
      await pool.call({ job: 'adopt', root: null, argument }, { signal });
    },
    async difference(argument, { signal }) {
      await pool.call({ job: 'difference', root: null, argument }, { signal });
    },
    async mount(argument, { signal }) {
      await pool.call({ job: 'mount', root: null, argument }, { signal });
    },
    async unmount(target, { signal }) {
      await pool.call({ job: 'unmount', root: null, argument: target }, { signal });
    },
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}

// In the executable the worker file is an entry point beside the main one: src/archive/root-worker.ts of the common folder src.
function workerEntry(): string {
  return Bun.main.startsWith('/$bunfs/') ? '/$bunfs/root/archive/root-worker.js' : new URL('./root-worker.ts', import.meta.url).href;
}
