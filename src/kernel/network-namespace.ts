import { closeSync, openSync } from 'node:fs';
import { EngineError } from '../base/index.ts';
import type { Libc } from './libc.ts';

const cloneNewNet = 0x40000000;

/**
 * Visits of the calling thread to other network namespaces. setns(2) of a network namespace changes one thread only, and costs a microsecond;
 * a socket stays in the namespace it was made in. Nothing else of the process sees a visit, as `work` is synchronous.
 */
export class NetworkNamespaces implements Disposable {
  readonly #libc: Libc;
  readonly #own = openSync('/proc/thread-self/ns/net', 'r');

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** What `work` gives, done inside the namespace at `path` (`/proc/<pid>/ns/net`). @throws {EngineError} NotFound, when it is gone; what `work` throws. */
  visit<Result>(path: string, work: () => Result): Result {
    let namespace: number;
    try {
      namespace = openSync(path, 'r');
    } catch (error) {
      throw new EngineError('NotFound', `network namespace ${path} is gone`, { cause: error });
    }
    try {
      this.#libc.check(this.#set(namespace), `enter network namespace ${path}`);
      try {
        return work();
      } finally {
        // A thread that cannot come back would do everything else in the wrong network.
        if (this.#set(this.#own) < 0) process.abort();
      }
    } finally {
      closeSync(namespace);
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#own);
  }

  #set(descriptor: number): number {
    return this.#libc.result(this.#libc.symbols.setns(descriptor, cloneNewNet));
  }
}
