import { EngineError } from '../../base/index.ts';
import type { HostConfig } from '../../spec/index.ts';
import type { HostFacts } from '../host-facts.ts';
import { parseCpuSet } from './cpu-set.ts';

const minimumMemory = 6 * 2 ** 20;

/** The resource part of a HostConfig: what create and update may change. */
export type Resources = Pick<
  HostConfig,
  | 'BlkioWeight'
  | 'CpuPercent'
  | 'CpuPeriod'
  | 'CpuQuota'
  | 'CpuShares'
  | 'CpusetCpus'
  | 'CpusetMems'
  | 'IOMaximumBandwidth'
  | 'IOMaximumIOps'
  | 'Memory'
  | 'MemoryReservation'
  | 'MemorySwap'
  | 'MemorySwappiness'
  | 'NanoCpus'
  | 'OomKillDisable'
  | 'PidsLimit'
>;

export interface CheckedResources<R extends Resources> {
  readonly resources: R;
  /** Docker's, for what this machine cannot do; the setting is then dropped. */
  readonly warnings: readonly string[];
}

/**
 * Checks limits and drops those this machine cannot keep, as moby daemon/daemon_unix.go (verifyPlatformContainerResources).
 * @throws {EngineError} InvalidArgument, in Docker's words.
 */
export function checkResources<R extends Resources>(
  wanted: R,
  host: HostFacts,
  options: { readonly update: boolean },
): CheckedResources<R> {
  const warnings: string[] = [];
  const steps = [checkMemory, checkOom, checkPids, checkCpu, checkCpuset, checkBlkio];
  let resources: Resources = wanted.MemorySwappiness === -1 ? { ...wanted, MemorySwappiness: null } : wanted;
  for (const step of steps) resources = { ...resources, ...step(resources, host, warnings, options.update) };
  return { resources: { ...wanted, ...resources }, warnings };
}

type Step = (wanted: Resources, host: HostFacts, warnings: string[], update: boolean) => Partial<Resources>;

const checkMemory: Step = (wanted, host, warnings, update) => {
  let { Memory: limit, MemorySwap: swap, MemorySwappiness: swappiness, MemoryReservation: reservation } = wanted;
  if (limit !== 0 && limit < minimumMemory) throw invalid('Minimum memory limit allowed is 6MB');
  if (limit > 0 && !host.controllers.includes('memory')) {
    warnings.push('Your kernel does not support memory limit capabilities or the cgroup is not mounted. Limitation discarded.');
    limit = 0;
    swap = -1;
  }
  if (limit > 0 && swap !== -1 && !host.swapLimit) {
    warnings.push('Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.');
    swap = -1;
  }
  if (limit > 0 && swap > 0 && swap < limit) throw invalid('Minimum memoryswap limit should be larger than memory limit, see usage');
  if (limit === 0 && swap > 0 && !update) {
    throw invalid('You should always set the Memory limit when using Memoryswap limit, see usage');
  }
  if (swappiness !== null && host.cgroupVersion === 2) {
    warnings.push('Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.');
    swappiness = null;
  }
  if (swappiness !== null && (swappiness < 0 || swappiness > 100)) {
    throw invalid(`Invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
  }
  if (reservation > 0 && !host.controllers.includes('memory')) {
    warnings.push('Your kernel does not support memory soft limit capabilities or the cgroup is not mounted. Limitation discarded.');
    reservation = 0;
  }
  if (reservation > 0 && reservation < minimumMemory) throw invalid('Minimum memory reservation allowed is 6MB');
  if (limit > 0 && reservation > 0 && limit < reservation) {
    throw invalid('Minimum memory limit can not be less than memory reservation limit, see usage');
  }
  return { Memory: limit, MemorySwap: swap, MemorySwappiness: swappiness, MemoryReservation: reservation };
};

const checkOom: Step = (wanted, host, warnings) => {
  if (wanted.OomKillDisable === true && host.cgroupVersion === 2) {
    warnings.push('Your kernel does not support OomKillDisable. OomKillDisable discarded.');
    return { OomKillDisable: null };
  }
  if (wanted.OomKillDisable === true && wanted.Memory === 0) {
    warnings.push(
      'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
    );
  }
  return {};
};

const checkPids: Step = (wanted, host, warnings) => {
  if (wanted.PidsLimit === null || host.controllers.includes('pids')) return {};
  if (wanted.PidsLimit > 0) {
    warnings.push('Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded.');
  }
  return { PidsLimit: null };
};

const checkCpu: Step = (wanted, host, warnings) => {
  const { NanoCpus: nano, CpuPeriod: period, CpuQuota: quota } = wanted;
  if (nano > 0 && period > 0) throw invalid('Conflicting options: Nano CPUs and CPU Period cannot both be set');
  if (nano > 0 && quota > 0) throw invalid('Conflicting options: Nano CPUs and CPU Quota cannot both be set');
  if (nano < 0 || nano > host.cpus * 1e9) {
    throw invalid(`range of CPUs is from 0.01 to ${host.cpus}.00, as there are only ${host.cpus} CPUs available`);
  }
  if (period !== 0 && (period < 1000 || period > 1_000_000)) {
    throw invalid('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  }
  if (quota > 0 && quota < 1000) throw invalid('CPU cfs quota can not be less than 1ms (i.e. 1000)');
  if (wanted.CpuShares < 0) throw invalid(`invalid CPU shares (${wanted.CpuShares}): value must be a positive integer`);
  if (wanted.CpuPercent > 0) warnings.push('linux does not support CPU percent. Percent discarded.');
  return { CpuPercent: 0 };
};

const checkCpuset: Step = (wanted, host) => {
  checkSet(wanted.CpusetCpus, 'cpus', 'CPUs', host.cpus - 1);
  checkSet(wanted.CpusetMems, 'mems', 'memory nodes', host.memoryNodes - 1);
  return {};
};

function checkSet(text: string, file: string, words: string, last: number): void {
  const wanted = parseCpuSet(text);
  if (wanted === undefined) throw invalid(`Invalid value ${text} for cpuset ${file}`);
  if (wanted.some((each) => each > last)) {
    throw invalid(`Requested ${words} are not available - requested ${text}, available: ${last === 0 ? '0' : `0-${last}`}`);
  }
}

const checkBlkio: Step = (wanted, host, warnings) => {
  if (wanted.IOMaximumBandwidth !== 0 || wanted.IOMaximumIOps !== 0) {
    throw invalid('Invalid QoS settings: linux does not support Maximum IO Bandwidth or Maximum IO IOps');
  }
  if (wanted.BlkioWeight > 0 && !host.blkioWeight) {
    warnings.push('Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.');
    return { BlkioWeight: 0 };
  }
  if (wanted.BlkioWeight !== 0 && (wanted.BlkioWeight < 10 || wanted.BlkioWeight > 1000)) {
    throw invalid('Range of blkio weight is from 10 to 1000');
  }
  return {};
};

function invalid(message: string): EngineError {
  return new EngineError('InvalidArgument', message);
}
