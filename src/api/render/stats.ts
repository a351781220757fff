import type { ContainerStatistics, House } from '../../engine/index.ts';
import { formatTime } from './time.ts';

type Counters = NonNullable<ContainerStatistics['current']>;

/** One sample of GET /containers/{id}/stats; counters of a container that does not run are left at zero. */
export function renderStats(sample: ContainerStatistics, host: Pick<House['host'], 'cgroupVersion' | 'memoryBytes'>) {
  const { current, previous } = sample;
  const networks = Object.entries(sample.networks).map(([name, counters]) => [
    name,
    {
      rx_bytes: counters.rxBytes,
      rx_packets: counters.rxPackets,
      rx_errors: counters.rxErrors,
      rx_dropped: counters.rxDropped,
      tx_bytes: counters.txBytes,
      tx_packets: counters.txPackets,
      tx_errors: counters.txErrors,
      tx_dropped: counters.txDropped,
    },
  ]);
  return {
    name: `/${sample.name}`,
    id: sample.id,
    read: formatTime(sample.readAt),
    preread: formatTime(sample.previousReadAt ?? undefined),
    pids_stats:
      current === undefined ? {} : { current: current.pids.current, ...(current.pids.limit > 0 ? { limit: current.pids.limit } : {}) },
    blkio_stats: renderIo(current, host.cgroupVersion),
    num_procs: 0,
    storage_stats: {},
    cpu_stats: renderCpu(current, sample.systemCpuNanos, sample.onlineCpus),
    precpu_stats: renderCpu(previous, sample.previousSystemCpuNanos, sample.onlineCpus),
    memory_stats: current === undefined ? {} : renderMemory(current.memory, host),
    ...(networks.length === 0 ? {} : { networks: Object.fromEntries(networks) }),
  };
}

function renderIo(counters: Counters | undefined, cgroupVersion: 1 | 2) {
  const rows = counters?.io.map(({ major, minor, operation, bytes }) => ({ major, minor, op: operation, value: bytes })) ?? [];
  const none = cgroupVersion === 1 ? [] : null;
  return {
    io_service_bytes_recursive: rows.length === 0 ? none : rows,
    io_serviced_recursive: none,
    io_queue_recursive: none,
    io_service_time_recursive: none,
    io_wait_time_recursive: none,
    io_merged_recursive: none,
    io_time_recursive: none,
    sectors_recursive: none,
  };
}

function renderCpu(counters: Counters | undefined, systemNanos: number, onlineCpus: number) {
  const cpu = counters?.cpu;
  return {
    cpu_usage: {
      total_usage: cpu?.totalNanos ?? 0,
      ...(cpu !== undefined && cpu.perCpuNanos.length > 0 ? { percpu_usage: cpu.perCpuNanos } : {}),
      usage_in_kernelmode: cpu?.systemNanos ?? 0,
      usage_in_usermode: cpu?.userNanos ?? 0,
    },
    ...(counters === undefined ? {} : { system_cpu_usage: systemNanos, online_cpus: onlineCpus }),
    throttling_data: {
      periods: cpu?.periods ?? 0,
      throttled_periods: cpu?.throttledPeriods ?? 0,
      throttled_time: cpu?.throttledNanos ?? 0,
    },
  };
}

function renderMemory(memory: Counters['memory'], { cgroupVersion, memoryBytes }: Pick<House['host'], 'cgroupVersion' | 'memoryBytes'>) {
  return {
    usage: memory.usageBytes,
    ...(cgroupVersion === 1 && memory.maxUsageBytes > 0 ? { max_usage: memory.maxUsageBytes } : {}),
    stats: memory.stats,
    ...(memory.failures > 0 ? { failcnt: memory.failures } : {}),
    // Without a limit the machine's memory is one.
    limit: Math.min(memory.limitBytes, memoryBytes),
  };
}
