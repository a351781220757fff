import { assertNever, EngineError } from '../base/index.ts';
import type { ExitRecord } from '../runtime/index.ts';
import type { ContainerState } from './contract.ts';

/** What can happen to a container. */
export type ContainerEvent =
  | { readonly kind: 'started'; readonly pid: number; readonly startedAt: Date }
  | { readonly kind: 'startFailed'; readonly message: string; readonly exitCode: number; readonly at: Date }
  /** `restarts`: its restart policy will start it again. */
  | { readonly kind: 'exited'; readonly exit: ExitRecord; readonly restarts: boolean }
  | { readonly kind: 'paused' }
  | { readonly kind: 'unpaused' }
  /** A user stopped it between two runs. */
  | { readonly kind: 'restartCancelled' };

/**
 * The next state. Pure: it decides, callers act.
 * @throws {EngineError} Conflict, when the event cannot happen now.
 */
export function next(state: ContainerState, event: ContainerEvent): ContainerState {
  switch (event.kind) {
    case 'started':
      if (state.status === 'running' || state.status === 'paused') throw impossible(state, event);
      return { status: 'running', pid: event.pid, startedAt: event.startedAt };
    case 'startFailed':
      return startFailed(state, event);
    case 'exited':
      return exited(state, event.exit, event.restarts);
    case 'paused':
      if (state.status !== 'running') throw impossible(state, event);
      return { ...state, status: 'paused' };
    case 'unpaused':
      if (state.status !== 'paused') throw impossible(state, event);
      return { ...state, status: 'running' };
    case 'restartCancelled':
      if (state.status !== 'restarting') throw impossible(state, event);
      return {
        status: 'exited',
        exitCode: state.last?.exitCode ?? 0,
        startedAt: state.startedAt,
        finishedAt: state.last?.finishedAt ?? state.startedAt,
        oomKilled: state.last?.oomKilled ?? false,
      };
    default:
      return assertNever(event);
  }
}

// Docker keeps a container that never ran in `created`; one that ran before stays `exited`, with the new error.
function startFailed(state: ContainerState, event: ContainerEvent & { readonly kind: 'startFailed' }): ContainerState {
  const { message: error, exitCode } = event;
  switch (state.status) {
    case 'created':
      return { status: 'created', error, exitCode };
    case 'exited':
      return { ...state, error, exitCode };
    case 'restarting':
      return { status: 'exited', startedAt: state.startedAt, finishedAt: event.at, oomKilled: false, error, exitCode };
    case 'running':
    case 'paused':
      throw impossible(state, event);
    default:
      return assertNever(state);
  }
}

// Any state may exit: an engine that was killed may find a process its row knows nothing of.
function exited(state: ContainerState, exit: ExitRecord, restarts: boolean): ContainerState {
  const startedAt = state.status === 'created' ? exit.finishedAt : state.startedAt;
  const { exitCode, finishedAt, oomKilled } = exit;
  if (restarts) return { status: 'restarting', pid: 0, startedAt, last: { exitCode, finishedAt, oomKilled } };
  return { status: 'exited', exitCode, startedAt, finishedAt, oomKilled };
}

function impossible(state: ContainerState, event: ContainerEvent): EngineError {
  return new EngineError('Conflict', `Cannot change container: ${event.kind} while ${state.status}`);
}
