import { EngineError } from '../../base/index.ts';

/** Where the kernel's cgroup hierarchies are mounted. */
export type CgroupLayout =
  | { readonly version: 2; readonly root: string }
  | {
      readonly version: 1;
      /** One for each hierarchy; several controllers may share one (`cpu,cpuacct`). */
      readonly hierarchies: readonly Hierarchy[];
      /** Mount point of the v2 hierarchy of a hybrid machine. */
      readonly unified?: string;
    };

export interface Hierarchy {
  /** `memory`, or `name=systemd`. */
  readonly controllers: readonly string[];
  readonly root: string;
}

const controllerNames = new Set(
  'cpu cpuacct cpuset memory devices freezer net_cls net_prio blkio perf_event hugetlb pids rdma misc'.split(' '),
);

/** The layout that `/proc/self/mountinfo` shows. @throws {EngineError} Unavailable, when no cgroup file system is mounted. */
export function parseCgroupLayout(mountinfo: string): CgroupLayout {
  const hierarchies = new Map<string, Hierarchy>();
  let unified: string | undefined;
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const [type, , options = ''] = after.split(' ');
    const root = unescape(before.split(' ')[4] ?? '');
    if (type === 'cgroup2') unified ??= root;
    if (type !== 'cgroup') continue;
    const controllers = options.split(',').filter((option) => controllerNames.has(option) || option.startsWith('name='));
    // A hierarchy may be mounted more than once; the first is the machine's own.
    const key = controllers.join();
    if (controllers.length > 0 && !hierarchies.has(key)) hierarchies.set(key, { controllers, root });
  }
  if ([...hierarchies.values()].some(({ controllers }) => controllers.some((name) => controllerNames.has(name)))) {
    return { version: 1, hierarchies: [...hierarchies.values()], ...(unified === undefined ? {} : { unified }) };
  }
  if (unified === undefined)
    throw new EngineError('Unavailable', "Devices cgroup isn't mounted: no cgroup file system found in /proc/self/mountinfo");
  return { version: 2, root: unified };
}

/** mountinfo writes space, tab, newline and backslash as three octal digits. */
function unescape(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
