import type { ContainerProcess } from '../runtime/index.ts';
import type { CreateExecRequest, ExecRecord } from './contract.ts';
import type { ExecTable } from './ports.ts';

/** How long an exec that has ended can still be inspected; moby looks every five minutes. */
const keptMs = 5 * 60_000;

/** One exec instance and where it is in its life. */
export interface ExecInstance {
  readonly id: string;
  readonly containerId: string;
  readonly request: CreateExecRequest;
  state: ExecState;
}

export type ExecState =
  | { readonly status: 'created' }
  | { readonly status: 'starting' }
  | { readonly status: 'running'; readonly process: ContainerProcess }
  | { readonly status: 'ended'; readonly exitCode: number; readonly pid: number };

/** Makes the table of exec instances; it lives in memory only, as Docker's. */
export function createExecTable(): ExecTable {
  return new Execs();
}

class Execs implements ExecTable {
  readonly #byId = new Map<string, ExecInstance>();
  readonly #byContainer = new Map<string, Set<string>>();

  add(id: string, containerId: string, request: CreateExecRequest): ExecInstance {
    const instance: ExecInstance = { id, containerId, request, state: { status: 'created' } };
    this.#byId.set(id, instance);
    const siblings = this.#byContainer.get(containerId) ?? new Set();
    this.#byContainer.set(containerId, siblings.add(id));
    return instance;
  }

  instance(id: string): ExecInstance | undefined {
    return this.#byId.get(id);
  }

  idsOf(containerId: string): readonly string[] {
    // Docker lists those that could still do something: not the ended ones.
    return [...(this.#byContainer.get(containerId) ?? [])].filter((id) => this.#byId.get(id)?.state.status !== 'ended');
  }

  find(id: string): ExecRecord | undefined {
    const instance = this.#byId.get(id);
    return instance === undefined ? undefined : toRecord(instance);
  }

  ended(instance: ExecInstance, exitCode: number): void {
    if (instance.state.status === 'ended') return;
    const pid = instance.state.status === 'running' ? instance.state.process.pid : 0;
    instance.state = { status: 'ended', exitCode, pid };
    setTimeout(() => this.#drop(instance), keptMs).unref();
  }

  containerEnded(containerId: string): void {
    for (const id of this.#byContainer.get(containerId) ?? []) {
      const instance = this.#byId.get(id);
      if (instance?.state.status === 'running') this.ended(instance, 137);
    }
  }

  forget(containerId: string): void {
    for (const id of this.#byContainer.get(containerId) ?? []) this.#byId.delete(id);
    this.#byContainer.delete(containerId);
  }

  #drop(instance: ExecInstance): void {
    this.#byId.delete(instance.id);
    this.#byContainer.get(instance.containerId)?.delete(instance.id);
  }
}

function toRecord(instance: ExecInstance): ExecRecord {
  const { id, containerId, request, state } = instance;
  return {
    id,
    containerId,
    request,
    running: state.status === 'running' || state.status === 'starting',
    exitCode: state.status === 'ended' ? state.exitCode : null,
    pid: state.status === 'running' ? state.process.pid : state.status === 'ended' ? state.pid : 0,
  };
}
