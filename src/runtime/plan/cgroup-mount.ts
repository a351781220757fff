import type { RuntimeMount } from '../../spec/index.ts';
import { mountAttributes, mountFlags, type Op } from '../ops.ts';
import type { PlannedCgroup } from './context.ts';
import { parseMountOptions } from './mount-options.ts';
import { attributesOp, noMount, type MountPlan } from './mounts.ts';

/**
 * A mount of type `cgroup`: the container's own cgroup, seen as the root. In a cgroup namespace the kernel shows it so; without one its directories
 * are bound.
 */
export function cgroupMountOps(mount: RuntimeMount, cgroup: PlannedCgroup | undefined, inNamespace: boolean): MountPlan {
  if (cgroup === undefined) return { early: [], ops: [], late: [] };
  const { set } = parseMountOptions(mount.options ?? []);
  const target = mount.destination;
  const { mounts } = cgroup;
  if (mounts.kind === 'v2') return { early: [], ops: [hierarchy(target, 'cgroup2', [], mounts.directory, inNamespace, set)], late: [] };
  const top: Op = {
    ...noMount,
    type: 'tmpfs',
    source: 'tmpfs',
    target,
    options: ['mode=755'],
    attributesSet: set & ~mountAttributes.readonly,
    flags: mountFlags.createDirectory,
  };
  return {
    early: [],
    ops: [
      top,
      ...mounts.hierarchies.map(({ name, type, options, directory }) =>
        hierarchy(`${target}/${name}`, type, options, directory, inNamespace, set),
      ),
      // `cpu` for `cpu,cpuacct`: programs look for a controller by its name.
      ...mounts.hierarchies.flatMap(({ name }) =>
        name.includes(',') ? name.split(',').map((one): Op => ({ op: 'symlink', target: name, path: `${target}/${one}` })) : [],
      ),
    ],
    late: (set & mountAttributes.readonly) === 0 ? [] : [attributesOp(target, mountAttributes.readonly, 0, false)],
  };
}

function hierarchy(target: string, type: string, options: readonly string[], directory: string, inNamespace: boolean, set: number): Op {
  const common = { ...noMount, target, attributesSet: set };
  if (inNamespace) return { ...common, type, source: 'cgroup', options, flags: mountFlags.createDirectory };
  return { ...common, source: directory, flags: mountFlags.bind | mountFlags.createDirectory };
}
