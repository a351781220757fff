import type { RuntimeMount, RuntimeResources } from '../spec/index.ts';

/** Docker's choices for a container, as plain data for whoever writes a spec. moby oci/defaults.go, as of Engine 28. */

/** Mounts of every container, in order; `shmBytes` is the size of /dev/shm. Privileged ones get /sys and its cgroups writable. */
export function defaultMounts(options: { readonly shmBytes: number; readonly privileged: boolean }): readonly RuntimeMount[] {
  const locked = ['nosuid', 'noexec', 'nodev'];
  const access = options.privileged ? 'rw' : 'ro';
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: locked },
    { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'] },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...locked, access] },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: [access, ...locked] },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: locked },
    { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: [...locked, 'mode=1777', `size=${options.shmBytes}`] },
  ];
}

/** Of /proc and /sys, what no container should read. */
export const defaultMaskedPaths: readonly string[] = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];

/** … and what none should write. */
export const defaultReadonlyPaths: readonly string[] = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** Nothing, but to make any node, and to use the harmless ones: those of /dev, terminals, and fuse not among them. */
export const defaultDeviceRules: NonNullable<RuntimeResources['devices']> = [
  { allow: false, access: 'rwm' },
  ...(['c', 'b'] as const).map((type) => ({ allow: true, type, access: 'm' })),
  ...(
    [
      [1, 3],
      [1, 5],
      [1, 7],
      [1, 8],
      [1, 9],
      [5, 0],
      [5, 1],
      [5, 2],
    ] as const
  ).map(([major, minor]) => ({ allow: true, type: 'c', major, minor, access: 'rwm' })),
  { allow: true, type: 'c', major: 136, access: 'rwm' },
  { allow: true, type: 'c', major: 10, minor: 200, access: 'rwm' },
];
