import { readdirSync } from 'node:fs';
import { EngineError } from '../base/index.ts';
import { errno, fileTypes, type FileCalls, type JobContext, type SinkJob, type WorkerJob } from '../kernel/index.ts';
import { adoptDirectories, type AdoptArgument } from './adopt-directories.ts';
import { copyTree } from './copy-tree.ts';
import { locate, pathStat } from './locate.ts';
import { mountHere, unmountDetached, type MountArgument } from './mount-job.ts';
import { removeTree } from './remove-tree.ts';
import type { AppliedTar } from './root-jobs.ts';
import { RootView } from './root-view.ts';
import { defaultTarLimits, TarParser, type TarLimits } from './tar-parser.ts';
import { cleanPath, splitPath } from './tar-path.ts';
import { textToBytes } from './text.ts';
import { treeDifference, type DifferenceArgument } from './tree-difference.ts';
import { TreeReader } from './tree-reader.ts';
import { TreeWriter, type TreeWriterOptions } from './tree-writer.ts';
import { upperChanges } from './upper-changes.ts';

export interface UntarArgument extends TreeWriterOptions {
  /** Directory inside the root; it must be there. */
  readonly path: string;
  readonly limits: TarLimits | null;
  readonly hash: boolean;
}

export interface ChangesArgument {
  readonly upper: string;
  readonly lower: readonly string[];
}

export interface TarPathArgument {
  readonly path: string;
  readonly crossInto: readonly string[] | null;
}

/** What the threads of `openRootWorkers` can do; arguments come from there and nowhere else. */
export const rootJobs: Readonly<Record<string, WorkerJob>> = {
  untar: { kind: 'sink', open: ({ calls }, argument) => untar(calls, argument as UntarArgument) },
  layerTar: { kind: 'source', open: ({ calls }) => layerTar(calls) },
  tarPath: { kind: 'source', open: ({ calls }, argument) => tarPath(calls, argument as TarPathArgument) },
  statPath: { kind: 'call', run: ({ calls }, argument) => withView(calls, (view) => pathStat(view, argument as string)) },
  changes: {
    kind: 'call',
    run: ({ calls }, argument) => upperChanges(calls, (argument as ChangesArgument).upper, (argument as ChangesArgument).lower),
  },
  fileBytes: { kind: 'call', run: ({ calls }) => fileBytes(calls) },
  difference: { kind: 'call', run: ({ calls }, argument) => treeDifference(calls, argument as DifferenceArgument) },
  mount: { kind: 'call', run: ({ calls }, argument) => mountHere(calls, argument as MountArgument) },
  unmount: { kind: 'call', run: ({ calls }, argument) => unmountDetached(calls, argument as string) },
  adopt: { kind: 'call', run: (context, argument) => adoptDirectories(context, argument as AdoptArgument) },
  empty: { kind: 'call', run: ({ calls }) => emptyRoot(calls) },
  copyTree: {
    kind: 'call',
    run: ({ calls }: JobContext, argument) => copyTree(calls, (argument as { from: string }).from, (argument as { to: string }).to),
  },
};

function untar(calls: FileCalls, argument: UntarArgument): SinkJob {
  const view = openTarget(calls, argument.path);
  const writer = new TreeWriter(view, argument);
  const parser = new TarParser(writer, argument.limits ?? defaultTarLimits);
  const hash = argument.hash ? new Bun.CryptoHasher('sha256') : null;
  return {
    push(bytes) {
      hash?.update(bytes);
      parser.push(bytes);
    },
    end(): AppliedTar {
      parser.end();
      writer.finish();
      const digest = hash === null ? '' : `sha256:${hash.digest('hex')}`;
      return { digest, size: writer.size, entries: writer.entries, impliedDirectories: view.implied };
    },
    close() {
      writer.close();
      view.close();
    },
  };
}

function openTarget(calls: FileCalls, path: string): RootView {
  const view = new RootView(calls, cleanPath(textToBytes(path)));
  const fd = view.openDirectory(new Uint8Array(0));
  if (fd >= 0) {
    calls.close(fd);
    return view;
  }
  view.close();
  if (fd === -errno.ENOTDIR) throw new EngineError('InvalidArgument', 'extraction point is not a directory');
  throw new EngineError('NotFound', `stat ${path}: ${calls.errorText(-fd)}`);
}

function* layerTar(calls: FileCalls): Generator<Uint8Array<ArrayBuffer>, void, void> {
  const view = new RootView(calls);
  try {
    yield* new TreeReader(view, { whiteouts: true, prefix: new Uint8Array(0) }).directory(new Uint8Array(0));
  } finally {
    view.close();
  }
}

function* tarPath(calls: FileCalls, { path, crossInto }: TarPathArgument): Generator<Uint8Array<ArrayBuffer>, void, void> {
  const view = new RootView(calls);
  try {
    const found = locate(view, path);
    const reader = new TreeReader(view, {
      whiteouts: false,
      prefix: textToBytes(found.base),
      ...(crossInto === null ? {} : { crossInto: new Set(crossInto.map((each) => each.replace(/^\/+|\/+$/g, ''))) }),
    });
    if ((found.stat.mode & fileTypes.mask) === fileTypes.directory) yield* reader.directory(found.path);
    else yield* reader.single(splitPath(found.path).parent, splitPath(found.path).name);
  } finally {
    view.close();
  }
}

function withView<T>(calls: FileCalls, work: (view: RootView) => T): T {
  const view = new RootView(calls);
  try {
    return work(view);
  } finally {
    view.close();
  }
}

// Apparent sizes, each inode once and no directories: what dockerd counts as SizeRw.
function fileBytes(calls: FileCalls): number {
  const seen = new Set<string>();
  let total = 0;
  const walk = (directory: string): void => {
    for (const name of readdirSync(directory, { encoding: 'buffer' })) {
      const path = `${directory}${name.toString('latin1')}`;
      const bytes = Buffer.from(path, 'latin1');
      const stat = calls.lstat(bytes);
      if (stat === null) continue;
      if ((stat.mode & fileTypes.mask) === fileTypes.directory) walk(`${path}/`);
      else if (stat.nlink === 1) total += stat.size;
      else {
        const key = `${stat.deviceMajor}:${stat.deviceMinor}:${stat.ino}`;
        if (!seen.has(key)) total += stat.size;
        seen.add(key);
      }
    }
  };
  walk('/');
  return total;
}

// Deletes all that is in the root. Directories nested too deep for one go are moved up and come again.
function emptyRoot(calls: FileCalls): void {
  const view = new RootView(calls);
  let moved = 0;
  try {
    for (let round = 0; ; round++) {
      view.forget();
      view.enter(new Uint8Array(0));
      const names = view.list();
      if (names.length === 0) return;
      if (round > 100_000) throw new EngineError('Internal', 'Cannot empty a directory: it keeps filling');
      for (const name of names) {
        removeTree(calls, name, (deep) => {
          const top = Buffer.from(`/.deep-${round}-${moved++}`);
          view.must(calls.rename(deep, top), 'rename', deep);
        });
      }
    }
  } finally {
    view.close();
  }
}
