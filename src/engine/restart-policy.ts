import type { RestartPolicy } from '../spec/index.ts';

/** What happened, as far as a restart policy cares. */
export interface EndedRun {
  readonly exitCode: number;
  readonly ranForMs: number;
  /** A user stopped or killed it. */
  readonly stopRequested: boolean;
  /** Restarts by the policy since a user last started it. */
  readonly restartCount: number;
  /** Wait before the last restart; 0 when there was none. */
  readonly lastDelayMs: number;
}

const firstDelayMs = 100;
const longestDelayMs = 60_000;
const resetAfterMs = 10_000;

/** How long to wait before the container is started again, or undefined when it stays as it is. moby restartmanager/restartmanager.go. */
export function restartDelay(policy: RestartPolicy, run: EndedRun): number | undefined {
  if (run.stopRequested) return undefined;
  switch (policy.Name) {
    case 'always':
    case 'unless-stopped':
      break;
    case 'on-failure':
      if (run.exitCode === 0) return undefined;
      if (policy.MaximumRetryCount > 0 && run.restartCount >= policy.MaximumRetryCount) return undefined;
      break;
    default:
      return undefined;
  }
  if (run.lastDelayMs === 0 || run.ranForMs >= resetAfterMs) return firstDelayMs;
  return Math.min(run.lastDelayMs * 2, longestDelayMs);
}

/** Whether an engine that starts brings back a container that does not run, having run before. */
export function restartsWithEngine(
  policy: RestartPolicy,
  ended: { readonly exitCode: number; readonly stoppedByUser: boolean; readonly restartCount: number },
): boolean {
  switch (policy.Name) {
    case 'always':
      return true;
    case 'unless-stopped':
      return !ended.stoppedByUser;
    case 'on-failure':
      return (
        !ended.stoppedByUser && ended.exitCode !== 0 && (policy.MaximumRetryCount === 0 || ended.restartCount < policy.MaximumRetryCount)
      );
    default:
      return false;
  }
}
