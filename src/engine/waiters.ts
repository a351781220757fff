import type { WaitCondition, WaitResult } from './contract.ts';

interface Waiter {
  readonly condition: WaitCondition;
  readonly resolve: (result: WaitResult) => void;
}

/** Those who wait for a container to end. Woken only after the record was written. */
export class Waiters {
  readonly #byId = new Map<string, Set<Waiter>>();

  /** Registered when this returns. @throws the signal's reason, when it aborts first. */
  wait(id: string, condition: WaitCondition, signal: AbortSignal): Promise<WaitResult> {
    const { promise, resolve, reject } = Promise.withResolvers<WaitResult>();
    if (signal.aborted) {
      reject(signal.reason as Error);
      return promise;
    }
    const waiters = this.#byId.get(id) ?? new Set();
    this.#byId.set(id, waiters);
    const onAbort = () => {
      this.#drop(id, waiter);
      reject(signal.reason as Error);
    };
    const waiter: Waiter = {
      condition,
      resolve: (result) => {
        signal.removeEventListener('abort', onAbort);
        resolve(result);
      },
    };
    waiters.add(waiter);
    signal.addEventListener('abort', onAbort, { once: true });
    return promise;
  }

  /** A run has ended; `restarts`: the restart policy will start it again, so it does not count as not running. */
  ended(id: string, result: WaitResult, restarts: boolean): void {
    this.#wake(id, result, (condition) => condition === 'next-exit' || (condition === 'not-running' && !restarts));
  }

  /** It is gone. */
  removed(id: string, result: WaitResult): void {
    this.#wake(id, result, () => true);
  }

  #wake(id: string, result: WaitResult, matches: (condition: WaitCondition) => boolean): void {
    for (const waiter of this.#byId.get(id) ?? []) {
      if (!matches(waiter.condition)) continue;
      this.#drop(id, waiter);
      waiter.resolve(result);
    }
  }

  #drop(id: string, waiter: Waiter): void {
    const waiters = this.#byId.get(id);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.#byId.delete(id);
  }
}
