import type { RuntimeResources } from '../../spec/index.ts';
import type { ContainerCgroup } from '../contract.ts';

/** Makes and removes cgroups; one for each of cgroup v1 (and hybrid) and v2. Paths are absolute in the hierarchy: `/berth/<id>`. */
export interface CgroupDriver {
  readonly version: 1 | 2;
  /** What the kernel can limit here, for `/info` and for the engine's warnings. */
  readonly features: CgroupFeatures;

  /**
   * Makes the cgroup with its limits, nobody inside yet; synchronous, for it is on the start path. Parents are made when missing.
   * Nothing is left behind when it throws.
   * @throws {EngineError} Conflict, while processes run in a cgroup of that path; InvalidArgument, for a limit that the kernel refuses.
   */
  create(path: string, resources: RuntimeResources): CreatedCgroup;

  /** The cgroup that `create` made, maybe by an earlier engine. Does not look whether it is there. */
  open(path: string): ContainerCgroup;

  /** Kills what is inside and removes the cgroup with its children, everywhere. Idempotent. @throws {EngineError} Unavailable, if it stays busy. */
  remove(path: string): Promise<void>;

  /** Removes a parent that has no cgroups and no processes in it any more; leaves any other. */
  removeEmpty(path: string): void;

  /** Names of the cgroups under `parent` that are container ids, for the sweep after a crash. */
  listOwned(parent: string): readonly string[];
}

export interface CreatedCgroup extends ContainerCgroup {
  readonly join: CgroupEntry;
  /** A file with a line `oom_kill N`: N grew when the kernel killed for memory. Undefined without a memory controller. */
  readonly oomWatch: string | undefined;
  /** What a container sees under /sys/fs/cgroup. */
  readonly mounts: CgroupMounts;
  /** Limits that this kernel cannot set and that were left out. */
  readonly warnings: readonly string[];
}

/**
 * How a process gets in. It is born into `directory` (`clone3` with CLONE_INTO_CGROUP): v2, and the v2 tree of a hybrid machine. Then, with its one
 * thread, it writes `0` into each of `files`, in order. These are v1's `tasks`: for a thread that moves itself the kernel takes no global lock, while
 * `cgroup.procs` may wait for a grace period (Linux 5.15, kernel commit 9a3284fad42f).
 */
export type CgroupEntry =
  | { readonly kind: 'write'; readonly files: readonly string[]; readonly directory?: string }
  | { readonly kind: 'clone'; readonly directory: string };

export type CgroupMounts =
  | { readonly kind: 'v2'; readonly directory: string }
  | {
      readonly kind: 'v1';
      readonly hierarchies: ReadonlyArray<{
        /** Directory under /sys/fs/cgroup: `cpu,cpuacct`, `systemd`, `unified`. */
        readonly name: string;
        readonly type: 'cgroup' | 'cgroup2';
        /** To mount the hierarchy anew, in a cgroup namespace. */
        readonly options: readonly string[];
        /** The container's own cgroup, to bind without one. */
        readonly directory: string;
      }>;
    };

export interface CgroupFeatures {
  readonly memory: boolean;
  readonly swap: boolean;
  readonly oomKillDisable: boolean;
  readonly swappiness: boolean;
  readonly cpuShares: boolean;
  readonly cpuQuota: boolean;
  readonly cpuset: boolean;
  readonly pids: boolean;
  readonly ioWeight: boolean;
  readonly ioThrottle: boolean;
}

/** One file of a cgroup and what to write into it. `controller` names the hierarchy on v1. */
export interface Setting {
  readonly controller: string;
  readonly file: string;
  readonly value: string;
  /** Said instead of failing when the kernel does not have the file. */
  readonly otherwise?: string;
}
