import type { RuntimeSeccomp } from '../../spec/index.ts';
import type { CreatedCgroup } from '../cgroup/index.ts';
import type { CompiledSeccomp } from '../seccomp/index.ts';

/** What a plan needs to know beside the spec; facts only, so that planning stays pure. */
export interface PlanContext {
  readonly id: string;
  /** Where monitor.sock and the exit record go. */
  readonly runDirectory: string;
  /** What a relative `root.path` is relative to. */
  readonly bundle: string;
  readonly stdio: PlannedStdio;
  /** Undefined: the process stays in the launcher's cgroups. */
  readonly cgroup: PlannedCgroup | undefined;
  /** Capabilities that can be given here, see `hostCapabilities`. */
  readonly hostCapabilities: bigint;
  readonly compileSeccomp: (seccomp: RuntimeSeccomp) => CompiledSeccomp;
  /** The first slot of the descriptor table that the caller does not use; the plan may take some from there on. */
  readonly freeSlot: number;
}

/** Slots of the container's and of the monitor's ends; -1 where there is none. */
export type PlannedStdio =
  | { readonly kind: 'inherit' }
  | { readonly kind: 'terminal'; readonly rows: number; readonly columns: number }
  | {
      readonly kind: 'pipes';
      readonly stdinRead: number;
      readonly stdinWrite: number;
      readonly stdoutRead: number;
      readonly stdoutWrite: number;
      readonly stderrRead: number;
      readonly stderrWrite: number;
    };

export interface PlannedCgroup extends Pick<CreatedCgroup, 'join' | 'oomWatch' | 'mounts'> {
  /** Slot that holds the directory of `join`, -1 without one. */
  readonly slot: number;
}

/** Hands out slots of the launcher's descriptor table. */
export class Slots {
  #next: number;

  constructor(first: number) {
    this.#next = first;
  }

  take(): number {
    return this.#next++;
  }
}
