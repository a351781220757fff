import type { RuntimeSpec } from '../../spec/index.ts';
import { monitorLeaves, type Op } from '../ops.ts';
import type { OciState } from './contract.ts';
import { hookOps } from './hooks.ts';

/** Where a container's process waits: for the hooks of the runtime's namespaces, and for `start`. */
export const heldAt = { hooks: 1, start: 2 } as const;

/**
 * A container's plan with the points of its life put in: prestart and createRuntime hooks run while it waits before the pivot, createContainer hooks
 * are its own steps there; then it is created, and goes on at `start` with its startContainer hooks. Pure.
 */
export function toHeldPlan(
  ops: readonly Op[],
  spec: RuntimeSpec,
  state: OciState,
  options: { readonly newKeyring: boolean; readonly leaves: boolean },
): readonly Op[] {
  const has = (point: 'prestart' | 'createRuntime') => (spec.hooks?.[point]?.length ?? 0) > 0;
  return ops.flatMap((op): readonly Op[] => {
    switch (op.op) {
      case 'monitor':
        return [options.leaves ? { ...op, stdio: op.stdio + monitorLeaves } : op];
      case 'keyring':
        return options.newKeyring ? [op] : [];
      case 'pivot': {
        const { args, env } = spec.process;
        const wait: readonly Op[] = has('prestart') || has('createRuntime') ? [{ op: 'wait', point: heldAt.hooks }] : [];
        return [
          ...wait,
          ...hookOps(spec, 'createContainer', { ...state, status: 'creating' }),
          op,
          { op: 'lookup', args, env },
          { op: 'wait', point: heldAt.start },
          ...hookOps(spec, 'startContainer', { ...state, status: 'created' }),
        ];
      }
      default:
        return [op];
    }
  });
}

/** An exec's plan: its monitor leaves when `leaves`, and a terminal waits until its master was fetched. */
export function toHeldExec(ops: readonly Op[], leaves: boolean): readonly Op[] {
  return ops.flatMap((op): readonly Op[] => {
    if (op.op === 'monitor' && leaves) return [{ ...op, stdio: op.stdio + monitorLeaves }];
    return op.op === 'terminal' ? [op, { op: 'wait', point: heldAt.start }] : [op];
  });
}
