import { readFileSync } from 'node:fs';
import type { CgroupStatistics } from '../runtime/index.ts';
import type { ContainerRecord } from './contract.ts';
import type { House } from './house.ts';
import type { Options } from './requests.ts';
import type { ContainerStatistics, InterfaceCounters, StatsRequest } from './use-cases.ts';

const periodMs = 1000;

/**
 * What a container uses: once a second until it is removed, or once. A single answer waits for a second sample, unless `oneShot`.
 * A container that does not run is told of without numbers. @throws {EngineError} NotFound.
 */
export async function containerStats(
  house: House,
  words: string,
  request: StatsRequest,
  options: Options,
): Promise<AsyncIterable<ContainerStatistics>> {
  const { id } = house.records.resolve(words);
  return statistics(house, id, request, options.signal);
}

async function* statistics(house: House, id: string, request: StatsRequest, signal: AbortSignal): AsyncGenerator<ContainerStatistics> {
  let previous: ContainerStatistics | undefined;
  for (;;) {
    const record = house.records.find(id);
    if (record === undefined || signal.aborted) return;
    const current = sample(house, record, previous);
    const waits = !request.stream && !request.oneShot && previous === undefined && current.current !== undefined;
    if (!waits) yield current;
    if (!request.stream && !waits) return;
    previous = current;
    await pause(signal);
  }
}

function sample(house: House, record: ContainerRecord, previous: ContainerStatistics | undefined): ContainerStatistics {
  const counted = house.live.process(record.id)?.cgroup.statistics();
  const current = counted === undefined ? undefined : withinMachine(counted, house.host.memoryBytes);
  return {
    id: record.id,
    name: record.name,
    readAt: house.clock.now(),
    previousReadAt: previous?.readAt ?? null,
    ...(current === undefined ? {} : { current }),
    ...(previous?.current === undefined ? {} : { previous: previous.current }),
    systemCpuNanos: systemCpuNanos(),
    previousSystemCpuNanos: previous?.systemCpuNanos ?? 0,
    onlineCpus: house.host.cpus,
    networks: 'pid' in record.state && !['host', 'none'].includes(record.hostConfig.NetworkMode) ? interfaces(record.state.pid) : {},
  };
}

/** Without a limit a container may use what the machine has. */
function withinMachine(counted: CgroupStatistics, memoryBytes: number): CgroupStatistics {
  const { memory } = counted;
  return memory.limitBytes <= memoryBytes ? counted : { ...counted, memory: { ...memory, limitBytes: memoryBytes } };
}

/** The first line of /proc/stat without guest time, which is in user time already (moby daemon/stats_unix.go). */
function systemCpuNanos(): number {
  const [, ...ticks] = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]!.trim().split(/\s+/);
  const sum = ticks.slice(0, 8).reduce((total, each) => total + Number(each), 0);
  return sum * 1e7;
}

/** Counters of the interfaces that a process sees, without loopback. Empty when it has ended. */
function interfaces(pid: number): Readonly<Record<string, InterfaceCounters>> {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/net/dev`, 'utf8');
  } catch {
    return {};
  }
  const found: Record<string, InterfaceCounters> = {};
  for (const line of text.split('\n').slice(2)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim();
    if (colon === -1 || name === 'lo') continue;
    const [rxBytes, rxPackets, rxErrors, rxDropped, , , , , txBytes, txPackets, txErrors, txDropped] = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/)
      .map(Number) as [number, number, number, number, number, number, number, number, number, number, number, number];
    found[name] = { rxBytes, rxPackets, rxErrors, rxDropped, txBytes, txPackets, txErrors, txDropped };
  }
  return found;
}

function pause(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    resolve();
  };
  const timer = setTimeout(stop, periodMs);
  signal.addEventListener('abort', stop, { once: true });
  return promise;
}
