import { join } from 'node:path';
import type { CgroupStatistics } from '../contract.ts';
import { readControl, readNumber, readTable } from './files.ts';

/** Counters of a v2 cgroup. What a kernel does not count is 0, and so is an absent limit of pids. */
export function statisticsV2(directory: string): CgroupStatistics {
  const at = (file: string): string => join(directory, file);
  const cpu = readTable(at('cpu.stat'));
  const micros = (key: string): number => (cpu[key] ?? 0) * 1000;
  return {
    cpu: {
      totalNanos: micros('usage_usec'),
      userNanos: micros('user_usec'),
      systemNanos: micros('system_usec'),
      perCpuNanos: [],
      throttledPeriods: cpu['nr_throttled'] ?? 0,
      periods: cpu['nr_periods'] ?? 0,
      throttledNanos: micros('throttled_usec'),
    },
    memory: {
      usageBytes: readNumber(at('memory.current')),
      maxUsageBytes: readNumber(at('memory.peak')),
      limitBytes: readNumber(at('memory.max'), 2 ** 63 - 4096),
      failures: readTable(at('memory.events'))['max'] ?? 0,
      stats: readTable(at('memory.stat')),
    },
    pids: { current: readNumber(at('pids.current')), limit: readNumber(at('pids.max')) },
    io: readIo(at('io.stat')),
  };
}

/** Lines `8:0 rbytes=1 wbytes=2 rios=3 …`. */
function readIo(path: string): CgroupStatistics['io'] {
  const io: Array<CgroupStatistics['io'][number]> = [];
  for (const [, major, minor, rest = ''] of (readControl(path) ?? '').matchAll(/^(\d+):(\d+) (.*)$/gm)) {
    const bytes = (key: string): number => Number(new RegExp(`${key}=(\\d+)`).exec(rest)?.[1] ?? 0);
    io.push({ major: Number(major), minor: Number(minor), operation: 'read', bytes: bytes('rbytes') });
    io.push({ major: Number(major), minor: Number(minor), operation: 'write', bytes: bytes('wbytes') });
  }
  return io;
}
