import { join } from 'node:path';
import type { CgroupStatistics } from '../contract.ts';
import { readControl, readNumber, readTable } from './files.ts';

/** Counters of v1 cgroups; `directoryOf` gives a controller's. What a kernel does not count is 0. */
export function statisticsV1(directoryOf: (controller: string) => string | undefined): CgroupStatistics {
  const at = (controller: string, file: string): string => join(directoryOf(controller) ?? '/nonexistent', file);
  const throttling = readTable(at('cpu', 'cpu.stat'));
  const perCpu = readControl(at('cpuacct', 'cpuacct.usage_percpu'))?.trim() ?? '';
  return {
    cpu: {
      totalNanos: readNumber(at('cpuacct', 'cpuacct.usage')),
      userNanos: readNumber(at('cpuacct', 'cpuacct.usage_user')),
      systemNanos: readNumber(at('cpuacct', 'cpuacct.usage_sys')),
      perCpuNanos: perCpu === '' ? [] : perCpu.split(' ').map(Number),
      throttledPeriods: throttling['nr_throttled'] ?? 0,
      periods: throttling['nr_periods'] ?? 0,
      throttledNanos: throttling['throttled_time'] ?? 0,
    },
    memory: {
      usageBytes: readNumber(at('memory', 'memory.usage_in_bytes')),
      maxUsageBytes: readNumber(at('memory', 'memory.max_usage_in_bytes')),
      limitBytes: readNumber(at('memory', 'memory.limit_in_bytes')),
      failures: readNumber(at('memory', 'memory.failcnt')),
      stats: readTable(at('memory', 'memory.stat')),
    },
    pids: { current: readNumber(at('pids', 'pids.current')), limit: readNumber(at('pids', 'pids.max')) },
    io:
      readBytes(at('blkio', 'blkio.bfq.io_service_bytes_recursive')) ??
      readBytes(at('blkio', 'blkio.throttle.io_service_bytes_recursive')) ??
      [],
  };
}

/** Lines `8:0 Read 4096`; undefined when there are none, for then another scheduler counts. */
function readBytes(path: string): CgroupStatistics['io'] | undefined {
  const lines = [...(readControl(path) ?? '').matchAll(/^(\d+):(\d+) (\w+) (\d+)$/gm)];
  if (lines.length === 0) return undefined;
  return lines.map(([, major, minor, operation = '', bytes]) => ({
    major: Number(major),
    minor: Number(minor),
    operation: operation.toLowerCase(),
    bytes: Number(bytes),
  }));
}
