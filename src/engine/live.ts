import type { ContainerProcess } from '../runtime/index.ts';

/** What only this engine's memory holds about a container that runs or is about to run again. */
export type LiveContainer =
  | {
      readonly kind: 'running';
      readonly process: ContainerProcess;
      /** Resolves when its log and sessions have all output. */
      readonly drained: Promise<void>;
      /** Resolves when its row says that it has ended. */
      readonly recorded: Promise<void>;
      readonly markRecorded: () => void;
      /** Resolves after the exit was written, told and acted upon. */
      readonly ended: Promise<void>;
      /** The wait before this run, when the restart policy made it; else 0. */
      readonly restartDelayMs: number;
      /** A user asked it to stop: no restart policy applies to this exit. */
      stopRequested: boolean;
    }
  | { readonly kind: 'restarting'; readonly cancel: () => void };

/** Per container id. Changed under the container's lock. */
export class LiveContainers {
  readonly #byId = new Map<string, LiveContainer>();

  get(id: string): LiveContainer | undefined {
    return this.#byId.get(id);
  }

  /** The process of a container that runs. */
  process(id: string): ContainerProcess | undefined {
    const live = this.#byId.get(id);
    return live?.kind === 'running' ? live.process : undefined;
  }

  set(id: string, live: LiveContainer): void {
    this.#byId.set(id, live);
  }

  delete(id: string): void {
    this.#byId.delete(id);
  }

  entries(): IterableIterator<[string, LiveContainer]> {
    return this.#byId.entries();
  }
}
