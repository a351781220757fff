import { existsSync, readFileSync, readdirSync, statfsSync } from 'node:fs';
import { availableParallelism, hostname, release, totalmem } from 'node:os';
import { hostCapabilities } from '../runtime/index.ts';

/** What this machine has; read once. */
export interface HostFacts {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly hostname: string;
  readonly kernelVersion: string;
  /** Go's name: amd64, arm64. */
  readonly architecture: string;
  readonly cgroupVersion: 1 | 2;
  /** Controllers that containers can use: memory, cpu, cpuset, pids, blkio/io, devices, freezer … */
  readonly controllers: readonly string[];
  /** Whether swap can be limited. */
  readonly swapLimit: boolean;
  /** Whether block I/O can be weighted. */
  readonly blkioWeight: boolean;
  readonly memoryNodes: number;
  /** What this engine can give, by bit. */
  readonly capabilities: bigint;
  readonly securityOptions: readonly string[];
}

const cgroup2Magic = 0x63677270;
const goNames: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', ia32: '386', arm: 'arm' };

/** Reads the machine's facts from /proc and /sys. */
export function readHostFacts(): HostFacts {
  const cgroupVersion = statfsSync('/sys/fs/cgroup').type === cgroup2Magic ? 2 : 1;
  const controllers =
    cgroupVersion === 2
      ? readFileSync('/sys/fs/cgroup/cgroup.controllers', 'utf8').trim().split(' ')
      : [...new Set(readdirSync('/sys/fs/cgroup').flatMap((name) => name.split(',')))];
  return {
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    hostname: hostname(),
    kernelVersion: release(),
    architecture: goNames[process.arch] ?? process.arch,
    cgroupVersion,
    controllers,
    swapLimit: cgroupVersion === 2 || existsSync('/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes'),
    blkioWeight:
      cgroupVersion === 2
        ? controllers.includes('io')
        : existsSync('/sys/fs/cgroup/blkio/blkio.weight') || existsSync('/sys/fs/cgroup/blkio/blkio.bfq.weight'),
    memoryNodes: countNodes(),
    capabilities: hostCapabilities(readFileSync('/proc/self/status', 'utf8')),
    securityOptions: ['name=seccomp,profile=builtin', ...(cgroupVersion === 2 ? ['name=cgroupns'] : [])],
  };
}

function countNodes(): number {
  try {
    return Math.max(1, readdirSync('/sys/devices/system/node').filter((name) => /^node\d+$/.test(name)).length);
  } catch {
    return 1; // A kernel without NUMA has no such directory.
  }
}
