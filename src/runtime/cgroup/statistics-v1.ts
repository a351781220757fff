import { existsSync } from 'node:fs';
import type { CgroupStatistics } from '../contract.ts';
import { readControl, readNumber, readTable } from './files.ts';

/**
 * Reads the counters of v1 cgroups, again and again; `directoryOf` gives a controller's directory. What a kernel does not count is 0.
 * Statistics are asked for once a second and container, so paths are joined once, and files that are not there are not tried again.
 */
export function statisticsReaderV1(directoryOf: (controller: string) => string | undefined): () => CgroupStatistics {
  const at = (controller: string, file: string): string => `${directoryOf(controller) ?? '/nonexistent'}/${file}`;
  const cpu = { stat: at('cpu', 'cpu.stat'), perCpu: at('cpuacct', 'cpuacct.usage_percpu'), user: at('cpuacct', 'cpuacct.usage_user') };
  const memory = {
    usage: at('memory', 'memory.usage_in_bytes'),
    maxUsage: at('memory', 'memory.max_usage_in_bytes'),
    limit: at('memory', 'memory.limit_in_bytes'),
    failures: at('memory', 'memory.failcnt'),
    stat: at('memory', 'memory.stat'),
  };
  const pids = { current: at('pids', 'pids.current'), limit: at('pids', 'pids.max') };
  const io = ['blkio.bfq.io_service_bytes_recursive', 'blkio.throttle.io_service_bytes_recursive']
    .map((file) => at('blkio', file))
    .filter((path) => existsSync(path));
  return () => {
    const throttling = readTable(cpu.stat);
    const perCpu = readControl(cpu.perCpu)?.trim() ?? '';
    const perCpuNanos = perCpu === '' ? [] : perCpu.split(' ').map(Number);
    const totalNanos = perCpuNanos.reduce((sum, each) => sum + each, 0);
    const userNanos = Math.min(readNumber(cpu.user), totalNanos);
    return {
      cpu: {
        totalNanos,
        userNanos,
        systemNanos: totalNanos - userNanos,
        perCpuNanos,
        throttledPeriods: throttling['nr_throttled'] ?? 0,
        periods: throttling['nr_periods'] ?? 0,
        throttledNanos: throttling['throttled_time'] ?? 0,
      },
      memory: {
        usageBytes: readNumber(memory.usage),
        maxUsageBytes: readNumber(memory.maxUsage),
        limitBytes: readNumber(memory.limit),
        failures: readNumber(memory.failures),
        stats: readTable(memory.stat),
      },
      pids: { current: readNumber(pids.current), limit: readNumber(pids.limit) },
      io: firstOf(io),
    };
  };
}

function firstOf(paths: readonly string[]): CgroupStatistics['io'] {
  for (const path of paths) {
    const found = readBytes(path);
    if (found !== undefined) return found;
  }
  return [];
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
