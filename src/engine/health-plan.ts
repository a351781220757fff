import type { ContainerConfig } from '../spec/index.ts';
import type { HealthState } from './contract.ts';

/** How a container is checked; defaults filled in. */
export interface HealthPlan {
  readonly command: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly startPeriodMs: number;
  readonly startIntervalMs: number;
  readonly retries: number;
}

export interface ProbeResult {
  readonly startedAt: Date;
  readonly endedAt: Date;
  /** 0 is healthy; -1 for one that could not run or took too long. */
  readonly exitCode: number;
  readonly output: string;
}

const keptResults = 5;

/** Undefined, when there is nothing to check. Defaults as moby daemon/health.go. */
export function healthPlan(config: Pick<ContainerConfig, 'Healthcheck' | 'Shell'>): HealthPlan | undefined {
  const check = config.Healthcheck;
  const [kind, ...words] = check?.Test ?? [];
  const command = kind === 'CMD' ? words : kind === 'CMD-SHELL' ? [...(config.Shell ?? ['/bin/sh', '-c']), ...words] : [];
  if (check === undefined || command.length === 0) return undefined;
  return {
    command,
    intervalMs: milliseconds(check.Interval, 30_000),
    timeoutMs: milliseconds(check.Timeout, 30_000),
    startPeriodMs: milliseconds(check.StartPeriod, 0),
    startIntervalMs: milliseconds(check.StartInterval, 5000),
    retries: check.Retries === undefined || check.Retries === 0 ? 3 : check.Retries,
  };
}

/** What a result makes of the health. Failures within the start period do not count until the first success. Pure. */
export function nextHealth(before: HealthState, result: ProbeResult, plan: HealthPlan, startedAt: Date): HealthState {
  const log = [...before.log, result].slice(-keptResults);
  if (result.exitCode === 0) return { status: 'healthy', failingStreak: 0, log };
  const excused = before.status === 'starting' && result.startedAt.getTime() - startedAt.getTime() < plan.startPeriodMs;
  if (excused) return { ...before, log };
  const failingStreak = before.failingStreak + 1;
  return { status: failingStreak >= plan.retries ? 'unhealthy' : before.status, failingStreak, log };
}

function milliseconds(nanos: number | undefined, otherwise: number): number {
  return nanos === undefined || nanos === 0 ? otherwise : Math.max(1, nanos / 1e6);
}
