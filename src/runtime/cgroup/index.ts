import { readFileSync } from 'node:fs';
import type { CgroupDriver } from './driver.ts';
import { parseCgroupLayout } from './layout.ts';
import { createCgroupDriverV1 } from './v1.ts';
import { createCgroupDriverV2 } from './v2.ts';

export type { CgroupDriver, CgroupEntry, CgroupFeatures, CgroupMounts, CreatedCgroup } from './driver.ts';
export { cgroupPath } from './path.ts';

/** The driver for what this machine has mounted. @throws {EngineError} Unavailable, without cgroups. */
export function createCgroupDriver(mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')): CgroupDriver {
  const layout = parseCgroupLayout(mountinfo);
  return layout.version === 2 ? createCgroupDriverV2(layout.root) : createCgroupDriverV1(layout);
}
