import { EngineError } from '../base/index.ts';
import type { ContainerRecord } from './contract.ts';
import type { House } from './house.ts';
import { isRunning } from './records.ts';

/** A directory that shows a container's root filesystem while it is held, and the path to look at below it. */
export interface ContainerRoot extends AsyncDisposable {
  readonly directory: string;
  /** `path` as asked for, or its rest below a volume that is not mounted while the container rests. */
  readonly path: string;
  /** The part of `path` that led to the volume; '' when it is on the root itself. */
  readonly mountedAt: string;
  readonly readOnly: boolean;
  /** Mount points to show the content of: its volumes, and not /proc, /sys and /dev of one that runs. */
  readonly mounts: readonly string[];
}

/**
 * Opens a container's root for workers, who chroot into it. Of a running container it is the process's own root, volumes and tmpfs included: its
 * overlay must not be mounted twice. Of one that rests the overlay is mounted for as long, and a path in one of its volumes leads there.
 */
export async function openContainerRoot(house: House, record: ContainerRecord, path = '/'): Promise<ContainerRoot> {
  if (isRunning(record.state)) {
    const pid = house.live.process(record.id)?.pid;
    if (pid !== undefined) {
      return {
        directory: `/proc/${pid}/root`,
        path,
        mountedAt: '',
        readOnly: false,
        mounts: mountPoints(record),
        async [Symbol.asyncDispose]() {},
      };
    }
  }
  const mount = mountOf(record, path);
  if (mount !== undefined) {
    return { ...mount, async [Symbol.asyncDispose]() {} };
  }
  const mounted = await house.snapshots.mountTemporarily(record.id);
  return {
    directory: mounted.path,
    path,
    mountedAt: '',
    readOnly: record.hostConfig.ReadonlyRootfs,
    mounts: [],
    [Symbol.asyncDispose]: () => mounted[Symbol.asyncDispose](),
  };
}

function mountOf(record: ContainerRecord, path: string): Omit<ContainerRoot, typeof Symbol.asyncDispose> | undefined {
  const clean = cleanPath(path);
  const found = record.mounts
    .filter(({ destination, source }) => source !== '' && (clean === destination || clean.startsWith(`${destination}/`)))
    .sort((a, b) => b.destination.length - a.destination.length)[0];
  // tmpfs is empty while the container rests: the directory under it is shown, as Docker does.
  if (found === undefined || found.type === 'tmpfs' || found.type === 'image') return undefined;
  const slash = /\/\.?$/.test(path) ? '/' : '';
  const rest = clean.slice(found.destination.length);
  return {
    directory: found.source,
    path: `${rest === '' ? '/' : rest}${slash}`,
    mountedAt: found.destination,
    readOnly: !found.readWrite,
    mounts: [],
  };
}

function mountPoints(record: ContainerRecord): readonly string[] {
  return [...record.mounts.map(({ destination }) => destination), ...Object.keys(record.hostConfig.Tmpfs ?? {})];
}

/** Absolute, without `.`, `..` and doubled slashes. */
export function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** A container that goes away must not be looked into. @throws {EngineError} Conflict. */
export function requireRoot(house: House, record: ContainerRecord): void {
  if (!house.snapshots.listActive().includes(record.id)) {
    throw new EngineError('Conflict', `Cannot read container ${record.id}: its root filesystem is gone`);
  }
}
