import { readFileSync, readdirSync, statfsSync } from 'node:fs';
import { availableParallelism, hostname, release, totalmem } from 'node:os';

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
    swapLimit: cgroupVersion === 2 || exists('/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes'),
    securityOptions: ['name=seccomp,profile=builtin', ...(cgroupVersion === 2 ? ['name=cgroupns'] : [])],
  };
}

function exists(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}
