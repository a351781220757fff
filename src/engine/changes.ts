import { requireRoot } from './container-root.ts';
import type { House } from './house.ts';
import type { Options } from './requests.ts';
import type { FilesystemChange } from './use-cases.ts';

/** What a container's own layer changes over its image, sorted by path. Only the layer is read; it may run. @throws {EngineError} NotFound. */
export async function containerChanges(house: House, words: string, options: Options): Promise<readonly FilesystemChange[]> {
  const record = house.records.resolve(words);
  requireRoot(house, record);
  const { upper, lower } = house.snapshots.directories(record.id);
  const changes = await house.rootWorkers.changes(upper, lower, options);
  return withoutMountPoints(changes, new Set([...ownMountPoints, ...record.mounts.map(({ destination }) => destination)]));
}

/** What every start makes to mount on. Docker keeps these in a layer of its own below the container's, so that they are nobody's change. */
const ownMountPoints = ['/dev', '/proc', '/sys', '/dev/console', '/dev/pts', '/dev/shm', '/etc/hosts', '/etc/hostname', '/etc/resolv.conf'];

/** Directories that only show because of a mount point in them go as well. */
function withoutMountPoints(changes: readonly FilesystemChange[], mountPoints: ReadonlySet<string>): readonly FilesystemChange[] {
  const hidden = changes.filter(({ kind, path }) => kind === 'added' && mountPoints.has(path));
  if (hidden.length === 0) return changes;
  const shown = changes.filter((change) => !hidden.includes(change));
  const touched = ({ kind, path }: FilesystemChange) =>
    kind === 'modified' &&
    hidden.some((mount) => mount.path.startsWith(`${path}/`)) &&
    !shown.some((other) => other.path.startsWith(`${path}/`));
  return shown.filter((change) => !touched(change));
}
