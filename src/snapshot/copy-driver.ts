import type { RootWorkers } from '../archive/index.ts';
import type { SnapshotDriver } from './driver.ts';

/**
 * Snapshots as whole trees, for file systems overlayfs cannot stand on: each is a copy of its parent (blocks are shared where the file system
 * can), so every step costs a walk. Changes are found by comparing with the parent.
 */
export function copyDriver(workers: RootWorkers): SnapshotDriver {
  return {
    name: 'vfs',
    apart: false,
    whiteouts: (bottom) => (bottom ? 'bottom' : 'delete'),
    async seed([parent], to, options) {
      if (parent !== undefined) await workers.copyTree(parent, to, options);
    },
    mounts({ top, lower }) {
      if (top !== null) return [{ type: 'bind', source: top.upper, options: ['bind', 'rw'] }];
      return lower.slice(0, 1).map((source) => ({ type: 'bind', source, options: ['bind', 'ro'] }));
    },
    async changesDirectory(upper, [parent], scratch, options) {
      await workers.difference({ base: parent ?? null, tree: upper, out: scratch }, options);
      return scratch;
    },
  };
}
