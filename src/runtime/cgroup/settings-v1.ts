import { EngineError } from '../../base/index.ts';
import type { RuntimeResources, ThrottleDevice } from '../../spec/index.ts';
import { formatDeviceRule } from './devices.ts';
import type { Setting } from './driver.ts';

const messages = {
  swap: 'Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.',
  swappiness: 'Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.',
  weight: 'Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.',
  oom: 'Your kernel does not support OomKillDisable. OomKillDisable discarded.',
} as const;

/** What the order of writes depends on. */
export interface CurrentLimits {
  /** `memory.limit_in_bytes` now; Infinity in a new cgroup. */
  readonly memoryBytes: number;
}

/** What to write into the files of v1 cgroups, in order; Documentation/admin-guide/cgroup-v1. */
export function settingsV1(resources: RuntimeResources, current: CurrentLimits): readonly Setting[] {
  if (resources.unified !== undefined && Object.keys(resources.unified).length > 0) {
    throw new EngineError('InvalidArgument', 'cgroup v1 is in use: unified resources need cgroup v2');
  }
  return [...devices(resources), ...cpu(resources), ...memory(resources, current), ...blkio(resources), ...others(resources)];
}

function devices({ devices: rules = [] }: RuntimeResources): readonly Setting[] {
  return rules.map((rule) => setting('devices', rule.allow ? 'devices.allow' : 'devices.deny', formatDeviceRule(rule)));
}

function cpu({ cpu = {} }: RuntimeResources): readonly Setting[] {
  const { shares, quota, period, burst, idle, cpus, mems, realtimePeriod, realtimeRuntime } = cpu;
  const list: Setting[] = [];
  if (cpus) list.push(setting('cpuset', 'cpuset.cpus', cpus));
  if (mems) list.push(setting('cpuset', 'cpuset.mems', mems));
  if (realtimePeriod) list.push(setting('cpu', 'cpu.rt_period_us', realtimePeriod));
  if (realtimeRuntime) list.push(setting('cpu', 'cpu.rt_runtime_us', realtimeRuntime));
  if (shares) list.push(setting('cpu', 'cpu.shares', shares));
  if (period) list.push(setting('cpu', 'cpu.cfs_period_us', period));
  if (quota) list.push(setting('cpu', 'cpu.cfs_quota_us', quota));
  if (burst !== undefined) list.push(setting('cpu', 'cpu.cfs_burst_us', burst));
  if (idle !== undefined) list.push(setting('cpu', 'cpu.idle', idle));
  return list;
}

/** Memory may never be over memory+swap, so what is raised goes first. */
function memory({ memory = {} }: RuntimeResources, current: CurrentLimits): readonly Setting[] {
  const { limit, reservation, swap, kernelTCP, swappiness, disableOOMKiller } = memory;
  const list: Setting[] = [];
  const memorySetting = limit ? [setting('memory', 'memory.limit_in_bytes', limit)] : [];
  // Without a limit of its own memory+swap follows "unlimited" memory.
  const swapBytes = limit === -1 && !swap ? -1 : swap;
  const swapSetting = swapBytes ? [{ ...setting('memory', 'memory.memsw.limit_in_bytes', swapBytes), otherwise: messages.swap }] : [];
  const swapFirst = swapBytes !== undefined && (swapBytes === -1 || swapBytes > current.memoryBytes);
  list.push(...(swapFirst ? [...swapSetting, ...memorySetting] : [...memorySetting, ...swapSetting]));
  if (reservation) list.push(setting('memory', 'memory.soft_limit_in_bytes', reservation));
  if (kernelTCP) list.push({ ...setting('memory', 'memory.kmem.tcp.limit_in_bytes', kernelTCP), otherwise: '' });
  if (disableOOMKiller === true) list.push({ ...setting('memory', 'memory.oom_control', 1), otherwise: messages.oom });
  if (swappiness !== undefined && swappiness >= 0) {
    if (swappiness > 100) throw new EngineError('InvalidArgument', `invalid memory swappiness value: ${swappiness} (valid range is 0-100)`);
    list.push({ ...setting('memory', 'memory.swappiness', swappiness), otherwise: messages.swappiness });
  }
  return list;
}

function blkio({ blockIO = {} }: RuntimeResources): readonly Setting[] {
  const list: Setting[] = [];
  if (blockIO.weight) list.push({ ...setting('blkio', 'blkio.bfq.weight|blkio.weight', blockIO.weight), otherwise: messages.weight });
  if (blockIO.leafWeight) list.push({ ...setting('blkio', 'blkio.leaf_weight', blockIO.leafWeight), otherwise: messages.weight });
  for (const { major, minor, weight } of blockIO.weightDevice ?? []) {
    const files = 'blkio.bfq.weight_device|blkio.weight_device';
    if (weight) list.push({ ...setting('blkio', files, `${major}:${minor} ${weight}`), otherwise: messages.weight });
  }
  const throttles: ReadonlyArray<readonly [string, readonly ThrottleDevice[] | undefined]> = [
    ['read_bps_device', blockIO.throttleReadBpsDevice],
    ['write_bps_device', blockIO.throttleWriteBpsDevice],
    ['read_iops_device', blockIO.throttleReadIOPSDevice],
    ['write_iops_device', blockIO.throttleWriteIOPSDevice],
  ];
  for (const [file, throttled = []] of throttles) {
    for (const { major, minor, rate } of throttled) list.push(setting('blkio', `blkio.throttle.${file}`, `${major}:${minor} ${rate}`));
  }
  return list;
}

function others({ pids, hugepageLimits = [], network = {} }: RuntimeResources): readonly Setting[] {
  const list: Setting[] = [];
  if (pids !== undefined && pids.limit !== 0) list.push(setting('pids', 'pids.max', pids.limit < 0 ? 'max' : pids.limit));
  for (const { pageSize, limit } of hugepageLimits) list.push(setting('hugetlb', `hugetlb.${pageSize}.limit_in_bytes`, limit));
  if (network.classID) list.push(setting('net_cls', 'net_cls.classid', network.classID));
  for (const { name, priority } of network.priorities ?? []) list.push(setting('net_prio', 'net_prio.ifpriomap', `${name} ${priority}`));
  return list;
}

function setting(controller: string, file: string, value: string | number): Setting {
  return { controller, file, value: String(value) };
}
