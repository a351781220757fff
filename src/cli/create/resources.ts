import { parseDuration, parseSize } from '../../base/index.ts';
import type { FlagValues } from '../flags/index.ts';
import { device, isDeviceMode } from './check.ts';
import { parseGpus, parseUlimit } from './fields.ts';

/** The resource fields of `HostConfig`. */
export function resourcesOf(flags: FlagValues): Record<string, unknown> {
  const swappiness = flags.int('memory-swappiness');
  if (swappiness !== -1 && (swappiness < 0 || swappiness > 100)) {
    throw new Error(`invalid value: ${swappiness}. Valid memory swappiness range is 0-100`);
  }
  const { devices, cdi } = devicesOf(flags.list('device'));
  const requests = [
    ...flags.list('gpus').map(parseGpus),
    ...(cdi.length === 0 ? [] : [{ Driver: 'cdi', Count: 0, DeviceIDs: cdi, Capabilities: null, Options: null }]),
  ];
  return {
    CgroupParent: flags.string('cgroup-parent'),
    Memory: bytesOf(flags, 'memory'),
    MemoryReservation: bytesOf(flags, 'memory-reservation'),
    MemorySwap: bytesOf(flags, 'memory-swap'),
    MemorySwappiness: swappiness,
    OomKillDisable: flags.bool('oom-kill-disable'),
    NanoCpus: nanoCpus(flags.string('cpus')),
    CpuCount: flags.int('cpu-count'),
    CpuPercent: flags.int('cpu-percent'),
    CpuShares: flags.int('cpu-shares'),
    CpuPeriod: flags.int('cpu-period'),
    CpuQuota: flags.int('cpu-quota'),
    CpuRealtimePeriod: flags.int('cpu-rt-period'),
    CpuRealtimeRuntime: flags.int('cpu-rt-runtime'),
    CpusetCpus: flags.string('cpuset-cpus'),
    CpusetMems: flags.string('cpuset-mems'),
    PidsLimit: flags.int('pids-limit'),
    BlkioWeight: flags.int('blkio-weight'),
    BlkioWeightDevice: flags.list('blkio-weight-device').map((text) => ({ Path: pathOf(text), Weight: Number(rateOf(text)) })),
    BlkioDeviceReadBps: flags.list('device-read-bps').map((text) => ({ Path: pathOf(text), Rate: parseSize(rateOf(text)) })),
    BlkioDeviceWriteBps: flags.list('device-write-bps').map((text) => ({ Path: pathOf(text), Rate: parseSize(rateOf(text)) })),
    BlkioDeviceReadIOps: flags.list('device-read-iops').map((text) => ({ Path: pathOf(text), Rate: Number(rateOf(text)) })),
    BlkioDeviceWriteIOps: flags.list('device-write-iops').map((text) => ({ Path: pathOf(text), Rate: Number(rateOf(text)) })),
    IOMaximumIOps: flags.int('io-maxiops'),
    IOMaximumBandwidth: bytesOf(flags, 'io-maxbandwidth'),
    Ulimits: ulimitsOf(flags.list('ulimit')),
    DeviceCgroupRules: orNull(flags.list('device-cgroup-rule')),
    Devices: devices,
    DeviceRequests: requests.length === 0 ? null : requests,
  };
}

/** A list, or null when it is empty: what Go's nil slice is in JSON. */
export function orNull<T>(list: readonly T[]): readonly T[] | null {
  return list.length === 0 ? null : list;
}

/** Bytes of a size flag, 0 when it is not there; -1 stays. */
export function bytesOf(flags: FlagValues, name: string): number {
  const text = flags.string(name);
  if (text === '-1') return -1;
  return text === '' ? 0 : parseSize(text);
}

/** A billionth of a CPU each. */
export function nanoCpus(text: string): number {
  return text === '' ? 0 : Math.round(Number(text) * 1e9);
}

/** Nanoseconds of a duration flag, 0 when it is not there. */
export function nanosOf(flags: FlagValues, name: string): number {
  return flags.has(name) ? parseDuration(flags.string(name)) : 0;
}

// The last of each name counts.
function ulimitsOf(texts: readonly string[]) {
  const byName = new Map(texts.map((text) => [parseUlimit(text).Name, parseUlimit(text)]));
  return [...byName.values()].sort((left, right) => (left.Name < right.Name ? -1 : 1));
}

function pathOf(text: string): string {
  return text.slice(0, text.indexOf(':'));
}

function rateOf(text: string): string {
  return text.slice(text.indexOf(':') + 1);
}

function devicesOf(texts: readonly string[]) {
  for (const text of texts) device(text);
  const cdi = texts.filter((text) => !text.startsWith('/') && text.includes('='));
  const devices = texts
    .filter((text) => !cdi.includes(text))
    .map((text) => {
      const [source = '', second, third] = text.split(':');
      const secondIsMode = second !== undefined && third === undefined && isDeviceMode(second);
      return {
        PathOnHost: source,
        PathInContainer: second === undefined || second === '' || secondIsMode ? source : second,
        CgroupPermissions: third ?? (secondIsMode ? second : 'rwm'),
      };
    });
  return { devices, cdi };
}
