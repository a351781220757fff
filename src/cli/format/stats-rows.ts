import { formatBinarySize, formatSize } from '../../base/index.ts';
import { shortDigest } from './ellipsis.ts';
import type { RowFormat } from './rows.ts';

/** An answer of `GET /containers/{id}/stats`, as far as it is shown. */
export interface StatsAnswer {
  readonly name?: string;
  readonly id?: string;
  readonly cpu_stats: CpuStats;
  readonly precpu_stats?: CpuStats;
  readonly memory_stats?: { readonly usage?: number; readonly limit?: number; readonly stats?: Readonly<Record<string, number>> };
  readonly networks?: Readonly<Record<string, { readonly rx_bytes: number; readonly tx_bytes: number }>>;
  readonly blkio_stats?: { readonly io_service_bytes_recursive?: ReadonlyArray<{ readonly op: string; readonly value: number }> | null };
  readonly pids_stats?: { readonly current?: number };
}

interface CpuStats {
  readonly cpu_usage: { readonly total_usage: number; readonly percpu_usage?: readonly number[] | null };
  readonly system_cpu_usage?: number;
  readonly online_cpus?: number;
}

/** One container's use of resources at a moment. */
export interface StatsRow {
  readonly container: string;
  readonly id: string;
  readonly name: string;
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly pids: number;
  /** It ended, or has said nothing yet. */
  readonly isBlank: boolean;
}

/** The row of a container nothing is known of. */
export function blankRow(container: string, id: string, name: string): StatsRow {
  const zeros = {
    cpuPercent: 0,
    memoryBytes: 0,
    memoryLimitBytes: 0,
    receivedBytes: 0,
    sentBytes: 0,
    readBytes: 0,
    writtenBytes: 0,
    pids: 0,
  };
  return { container, id, name, ...zeros, isBlank: true };
}

/** The row an answer of the engine makes. */
export function rowOf(container: string, answer: StatsAnswer): StatsRow {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const networks = Object.values(answer.networks ?? {});
  const blocks = answer.blkio_stats?.io_service_bytes_recursive ?? [];
  const blockBytes = (letter: string) => sum(blocks.filter(({ op }) => op.toLowerCase().startsWith(letter)).map(({ value }) => value));
  return {
    container,
    id: answer.id ?? '',
    name: (answer.name ?? '').replace(/^\//, ''),
    cpuPercent: cpuPercent(answer),
    memoryBytes: memoryBytes(answer),
    memoryLimitBytes: answer.memory_stats?.limit ?? 0,
    receivedBytes: sum(networks.map(({ rx_bytes }) => rx_bytes)),
    sentBytes: sum(networks.map(({ tx_bytes }) => tx_bytes)),
    readBytes: blockBytes('r'),
    writtenBytes: blockBytes('w'),
    pids: answer.pids_stats?.current ?? 0,
    isBlank: false,
  };
}

function cpuPercent({ cpu_stats, precpu_stats }: StatsAnswer): number {
  const own = cpu_stats.cpu_usage.total_usage - (precpu_stats?.cpu_usage.total_usage ?? 0);
  const system = (cpu_stats.system_cpu_usage ?? 0) - (precpu_stats?.system_cpu_usage ?? 0);
  const cpus = cpu_stats.online_cpus ?? cpu_stats.cpu_usage.percpu_usage?.length ?? 1;
  return system > 0 && own > 0 ? (own / system) * cpus * 100 : 0;
}

// Cache that can be given back does not count: `total_inactive_file` on cgroup v1, `inactive_file` on v2.
function memoryBytes({ memory_stats: memory }: StatsAnswer): number {
  const usage = memory?.usage ?? 0;
  const inactive = memory?.stats?.['total_inactive_file'] ?? memory?.stats?.['inactive_file'] ?? 0;
  return inactive < usage ? usage - inactive : usage;
}

/** How statistics are listed; `live` shows `--` where nothing is known. */
export function statsRows(options: { readonly full: boolean; readonly live: boolean }): RowFormat<StatsRow> {
  const known = (row: StatsRow, text: string, blank = '--') => (row.isBlank && options.live ? blank : text);
  return {
    typeName: '*container.statsContext',
    columns: ['ID', 'Name', 'CPUPerc', 'MemUsage', 'MemPerc', 'NetIO', 'BlockIO', 'PIDs'],
    headers: {
      Container: 'CONTAINER',
      ID: 'CONTAINER ID',
      Name: 'NAME',
      CPUPerc: 'CPU %',
      MemUsage: 'MEM USAGE / LIMIT',
      MemPerc: 'MEM %',
      NetIO: 'NET I/O',
      BlockIO: 'BLOCK I/O',
      PIDs: 'PIDS',
    },
    fields: {
      Container: ({ container }) => container,
      ID: ({ id }) => (options.full ? id : shortDigest(id)),
      Name: ({ name }) => name || '--',
      CPUPerc: (row) => known(row, `${row.cpuPercent.toFixed(2)}%`),
      MemUsage: (row) => known(row, `${formatBinarySize(row.memoryBytes)} / ${formatBinarySize(row.memoryLimitBytes)}`, '-- / --'),
      MemPerc: (row) => known(row, `${(row.memoryLimitBytes === 0 ? 0 : (row.memoryBytes / row.memoryLimitBytes) * 100).toFixed(2)}%`),
      NetIO: (row) => known(row, `${formatSize(row.receivedBytes, 3)} / ${formatSize(row.sentBytes, 3)}`),
      BlockIO: (row) => known(row, `${formatSize(row.readBytes, 3)} / ${formatSize(row.writtenBytes, 3)}`),
      PIDs: (row) => known(row, String(row.pids)),
    },
  };
}
