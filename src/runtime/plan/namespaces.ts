import type { IdMapping, NamespaceType, RuntimeLinux } from '../../spec/index.ts';
import { cloneFlags, type Op } from '../ops.ts';
import { invalid } from './invalid.ts';

/** The spec's namespaces by what has to be done for each. */
export interface NamespacePlan {
  /** Made by clone3. */
  readonly flags: number;
  readonly has: (type: NamespaceType) => boolean;
  readonly isNew: (type: NamespaceType) => boolean;
  /** Joined by the monitor, before it clones. */
  readonly before: readonly Op[];
  /** Joined by the process itself, once it is in its cgroups. */
  readonly after: readonly Op[];
}

export function planNamespaces(linux: RuntimeLinux): NamespacePlan {
  const paths = new Map<NamespaceType, string>();
  for (const { type, path = '' } of linux.namespaces) {
    if (!(type in cloneFlags)) throw invalid('linux.namespaces', `${JSON.stringify(type)} is no namespace`);
    if (paths.has(type)) throw invalid('linux.namespaces', `${type} is there twice`);
    if (path !== '' && !path.startsWith('/')) throw invalid('linux.namespaces', `the path of ${type} is not absolute`);
    paths.set(type, path);
  }
  if (paths.get('mount') !== '') throw invalid('linux.namespaces', 'a mount namespace of its own is needed');
  const isNew = (type: NamespaceType): boolean => paths.get(type) === '';
  const joined = (['user', 'time', 'pid', 'network', 'ipc', 'uts', 'cgroup'] as const).filter((type) => (paths.get(type) ?? '') !== '');
  // Pid and time namespaces take in only children. With a new user namespace the process may not join what the host's owns: the monitor does.
  const isEarly = (type: NamespaceType): boolean => type === 'pid' || type === 'time' || isNew('user');
  const setns = (type: NamespaceType): Op => ({ op: 'setns', path: paths.get(type) ?? '', descriptor: -1, flags: cloneFlags[type] });
  return {
    // The cgroup namespace's root is the cgroup at unshare, so it is made after joining; time cannot be made by clone3 without a child's help.
    flags: (['mount', 'pid', 'uts', 'ipc', 'network', 'user'] as const).filter(isNew).reduce((flags, type) => flags | cloneFlags[type], 0),
    has: (type) => paths.has(type),
    isNew,
    before: [...joined.filter(isEarly).map(setns), ...(isNew('time') ? timeOps(linux) : [])],
    after: [...(isNew('cgroup') ? [unshareOp('cgroup')] : []), ...joined.filter((type) => !isEarly(type)).map(setns)],
  };
}

function unshareOp(type: NamespaceType): Op {
  return { op: 'unshare', flags: cloneFlags[type] };
}

/** time_namespaces(7): offsets are written after unshare and before the first child. */
function timeOps({ timeOffsets = {} }: RuntimeLinux): readonly Op[] {
  const lines = Object.entries(timeOffsets).map(([clock, { secs = 0, nanosecs = 0 }]) => {
    if (clock !== 'monotonic' && clock !== 'boottime')
      throw invalid('linux.timeOffsets', `${JSON.stringify(clock)} is no clock that can be shifted`);
    return `${clock} ${secs} ${nanosecs}\n`;
  });
  const write: Op = { op: 'write', path: '/proc/self/timens_offsets', bytes: new TextEncoder().encode(lines.join('')), optional: 0 };
  return [unshareOp('time'), ...(lines.length > 0 ? [write] : [])];
}

/** `/proc/PID/uid_map` of these mappings. @throws {EngineError} InvalidArgument, without any, or with more than the kernel takes. */
export function formatIdMap(mappings: readonly IdMapping[] | undefined, field: string): string {
  if (mappings === undefined || mappings.length === 0) throw invalid(field, 'a user namespace needs mappings');
  if (mappings.length > 340) throw invalid(field, 'more than 340 mappings');
  return mappings.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join('');
}
