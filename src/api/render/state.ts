import { formatDuration } from '../../base/index.ts';
import type { ContainerRecord, HealthState } from '../../engine/index.ts';
import { formatTime } from './time.ts';

/** inspect's State. */
export function renderState({ state, health }: Pick<ContainerRecord, 'state' | 'health'>) {
  const alive = state.status === 'running' || state.status === 'paused' || state.status === 'restarting';
  return {
    Status: state.status,
    Running: alive,
    Paused: state.status === 'paused',
    Restarting: state.status === 'restarting',
    OOMKilled: state.status === 'exited' ? state.oomKilled : alive && state.last?.oomKilled === true,
    Dead: false,
    Pid: alive ? state.pid : 0,
    ExitCode: exitCodeOf(state),
    Error: (state.status === 'created' || state.status === 'exited' ? state.error : undefined) ?? '',
    StartedAt: formatTime(state.status === 'created' ? undefined : state.startedAt),
    FinishedAt: formatTime(finishedAtOf(state)),
    ...(health === undefined || health.status === 'none' ? {} : { Health: renderHealth(health) }),
  };
}

/** The words of `docker ps`: `Up 3 minutes (healthy)`. moby container/state.go (String). */
export function statusText({ state, health }: Pick<ContainerRecord, 'state' | 'health'>, now: Date): string {
  const since = (at: Date) => formatDuration(Math.max(0, now.getTime() - at.getTime()));
  switch (state.status) {
    case 'created':
      return 'Created';
    case 'running':
      return `Up ${since(state.startedAt)}${healthWords(health)}`;
    case 'paused':
      return `Up ${since(state.startedAt)} (Paused)`;
    case 'restarting':
      return `Restarting (${exitCodeOf(state)}) ${since(finishedAtOf(state) ?? state.startedAt)} ago`;
    case 'exited':
      return `Exited (${state.exitCode}) ${since(state.finishedAt)} ago`;
  }
}

function exitCodeOf(state: ContainerRecord['state']): number {
  switch (state.status) {
    case 'created':
      return state.exitCode ?? 0;
    case 'exited':
      return state.exitCode;
    case 'restarting':
      return state.last?.exitCode ?? 0;
    case 'running':
    case 'paused':
      return 0;
  }
}

function finishedAtOf(state: ContainerRecord['state']): Date | undefined {
  if (state.status === 'created') return undefined;
  return state.status === 'exited' ? state.finishedAt : state.last?.finishedAt;
}

function healthWords(health: HealthState | undefined): string {
  if (health === undefined || health.status === 'none') return '';
  return ` (${health.status === 'starting' ? 'health: starting' : health.status})`;
}

function renderHealth(health: HealthState) {
  return {
    Status: health.status,
    FailingStreak: health.failingStreak,
    Log: health.log.map(({ startedAt, endedAt, exitCode, output }) => ({
      Start: formatTime(startedAt),
      End: formatTime(endedAt),
      ExitCode: exitCode,
      Output: output,
    })),
  };
}
