import { EngineError } from '../base/index.ts';
import type { WaitCondition, WaitResult } from './contract.ts';
import type { House } from './house.ts';
import type { Options } from './requests.ts';

const conditions: readonly string[] = ['not-running', 'next-exit', 'removed'];

/**
 * How a container ended: at once for `not-running` on one that does not run, else after its next exit or removal.
 * Throws before it returns a promise when there is no such container or condition; the waiter is registered when it returns, so
 * that an exit between this and a start that follows is not missed.
 * @throws {EngineError} NotFound; InvalidArgument `invalid condition: "x"`.
 */
export function waitContainer(house: House, words: string, condition: WaitCondition, { signal }: Options): Promise<WaitResult> {
  if (!conditions.includes(condition)) throw new EngineError('InvalidArgument', `invalid condition: ${JSON.stringify(condition)}`);
  const { id, state } = house.records.resolve(words);
  if (condition === 'not-running' && (state.status === 'created' || state.status === 'exited')) {
    return Promise.resolve({ exitCode: state.exitCode ?? 0, ...(state.error === undefined ? {} : { error: state.error }) });
  }
  return house.waiters.wait(id, condition, signal);
}
