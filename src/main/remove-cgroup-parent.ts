import { readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

const root = '/sys/fs/cgroup';

/** Removes an engine's parent cgroup (`/berth-1a2b3c4d`) from all hierarchies where nothing is in it; containers that run on keep theirs. */
export function removeCgroupParent(parent: string): void {
  const hierarchies = [
    root,
    ...readdirSync(root, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [join(root, entry.name)] : [])),
  ];
  for (const hierarchy of hierarchies) {
    try {
      rmdirSync(join(hierarchy, parent));
    } catch {
      continue; // Not there, or in use.
    }
  }
}
