import { EngineError } from '../../base/index.ts';
import type { RuntimeResources, ThrottleDevice } from '../../spec/index.ts';
import type { Setting } from './driver.ts';

/** cpu.weight (1 to 10000) of cpu shares (2 to 262144), as runc converts. 0 stays "unset". */
export function weightOfShares(shares: number): number {
  return shares === 0 ? 0 : 1 + Math.floor(((Math.min(Math.max(shares, 2), 262144) - 2) * 9999) / 262142);
}

/** io.weight (1 to 10000) of a blkio weight (10 to 1000), as runc converts. */
export function ioWeight(weight: number): number {
  return 1 + Math.floor(((weight - 10) * 9999) / 990);
}

/** What to write into the files of a v2 cgroup; Documentation/admin-guide/cgroup-v2.rst. Devices are not among them: they are a BPF program. */
export function settingsV2(resources: RuntimeResources): readonly Setting[] {
  return [...cpu(resources), ...memory(resources), ...io(resources), ...others(resources)];
}

function cpu({ cpu = {} }: RuntimeResources): readonly Setting[] {
  const { shares, quota, period, burst, idle, cpus, mems } = cpu;
  const list: Setting[] = [];
  if (shares) list.push(setting('cpu', 'cpu.weight', weightOfShares(shares)));
  if (quota || period) list.push(setting('cpu', 'cpu.max', `${quota !== undefined && quota > 0 ? quota : 'max'} ${period || 100_000}`));
  if (burst !== undefined) list.push(setting('cpu', 'cpu.max.burst', burst));
  if (idle !== undefined) list.push(setting('cpu', 'cpu.idle', idle));
  if (cpus) list.push(setting('cpuset', 'cpuset.cpus', cpus));
  if (mems) list.push(setting('cpuset', 'cpuset.mems', mems));
  return list;
}

function memory({ memory = {} }: RuntimeResources): readonly Setting[] {
  const { limit, reservation, swap } = memory;
  const list: Setting[] = [];
  const swapMax = swapLimit(limit, swap);
  if (swapMax !== undefined) {
    const otherwise = 'Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.';
    list.push({ ...setting('memory', 'memory.swap.max', swapMax), otherwise });
  }
  if (limit) list.push(setting('memory', 'memory.max', unlimited(limit)));
  if (reservation) list.push(setting('memory', 'memory.low', unlimited(reservation)));
  return list;
}

/** v1 and Docker count memory and swap together, v2 swap alone. */
function swapLimit(limit: number | undefined, swap: number | undefined): string | number | undefined {
  if (swap === undefined || swap === 0) return limit === -1 ? 'max' : undefined;
  if (swap < 0) return 'max';
  if (limit === undefined || limit <= 0) throw new EngineError('InvalidArgument', 'unable to set swap limit without memory limit');
  if (swap < limit) throw new EngineError('InvalidArgument', 'memory+swap limit should be >= memory limit');
  return swap - limit;
}

function io({ blockIO = {} }: RuntimeResources): readonly Setting[] {
  const list: Setting[] = [];
  const otherwise = 'Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.';
  // BFQ has a file of its own, with v1's scale; which of the two counts depends on each disk's scheduler.
  if (blockIO.weight) {
    list.push({ ...setting('io', 'io.bfq.weight', blockIO.weight), otherwise: '' });
    list.push({ ...setting('io', 'io.weight', `default ${ioWeight(blockIO.weight)}`), otherwise });
  }
  for (const { major, minor, weight } of blockIO.weightDevice ?? []) {
    if (weight) list.push({ ...setting('io', 'io.weight', `${major}:${minor} ${ioWeight(weight)}`), otherwise });
  }
  const throttles: ReadonlyArray<readonly [string, readonly ThrottleDevice[] | undefined]> = [
    ['rbps', blockIO.throttleReadBpsDevice],
    ['wbps', blockIO.throttleWriteBpsDevice],
    ['riops', blockIO.throttleReadIOPSDevice],
    ['wiops', blockIO.throttleWriteIOPSDevice],
  ];
  for (const [key, devices = []] of throttles) {
    for (const { major, minor, rate } of devices)
      list.push(setting('io', 'io.max', `${major}:${minor} ${key}=${rate === 0 ? 'max' : rate}`));
  }
  return list;
}

function others({ pids, hugepageLimits = [], unified = {} }: RuntimeResources): readonly Setting[] {
  const list: Setting[] = [];
  if (pids !== undefined && pids.limit !== 0) list.push(setting('pids', 'pids.max', unlimited(pids.limit)));
  for (const { pageSize, limit } of hugepageLimits) {
    list.push(setting('hugetlb', `hugetlb.${pageSize}.max`, limit));
    list.push({ ...setting('hugetlb', `hugetlb.${pageSize}.rsvd.max`, limit), otherwise: '' });
  }
  for (const [file, value] of Object.entries(unified)) {
    if (file.includes('/') || !file.includes('.'))
      throw new EngineError('InvalidArgument', `unified resource ${JSON.stringify(file)} must be a file name (no slashes)`);
    list.push(setting(file.slice(0, file.indexOf('.')), file, value));
  }
  return list;
}

function unlimited(value: number): string | number {
  return value < 0 ? 'max' : value;
}

function setting(controller: string, file: string, value: string | number): Setting {
  return { controller, file, value: String(value) };
}
