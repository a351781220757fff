import { messageOf } from '../base/index.ts';
import type { ContainerProcess } from '../runtime/index.ts';
import type { ContainerRecord, HealthState } from './contract.ts';
import { publishContainerEvent } from './events/index.ts';
import { healthPlan, nextHealth, type HealthPlan, type ProbeResult } from './health-plan.ts';
import { probe, type HealthParts } from './health-probe.ts';
import type { HealthMonitor } from './ports.ts';

/** Makes the engine's one health monitor; see `HealthMonitor`. */
export function createHealthMonitor(parts: HealthParts): HealthMonitor {
  return new Monitor(parts);
}

class Monitor implements HealthMonitor {
  readonly #parts: HealthParts;
  readonly #running = new Map<string, AbortController>();

  constructor(parts: HealthParts) {
    this.#parts = parts;
    parts.closing.addEventListener('abort', () => {
      for (const id of [...this.#running.keys()]) this.stopped(id);
    });
  }

  started(record: ContainerRecord, process: ContainerProcess): void {
    this.stopped(record.id);
    const plan = healthPlan(record.config);
    if (plan === undefined) return;
    const abort = new AbortController();
    this.#running.set(record.id, abort);
    const before = record.health;
    this.#write(record.id, { status: 'starting', failingStreak: 0, log: before?.log ?? [] });
    void this.#watch(record.id, process.startedAt, plan, abort.signal);
  }

  stopped(id: string): void {
    this.#running.get(id)?.abort();
    this.#running.delete(id);
  }

  async #watch(id: string, startedAt: Date, plan: HealthPlan, signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        await sleep(this.#waitMs(id, startedAt, plan), signal);
        const record = this.#parts.records.find(id);
        if (signal.aborted || record === undefined) return;
        // A frozen container cannot answer: its checks rest.
        if (record.state.status !== 'running') continue;
        const result = await probe(this.#parts, record, plan, signal);
        if (signal.aborted) return;
        this.#judge(id, startedAt, plan, result);
      }
    } catch (error) {
      if (!signal.aborted) this.#parts.log.warn('Health checks ended', { container: id, error: messageOf(error) });
    }
  }

  #waitMs(id: string, startedAt: Date, plan: HealthPlan): number {
    const starting = this.#parts.records.find(id)?.health?.status === 'starting';
    return starting && Date.now() - startedAt.getTime() < plan.startPeriodMs ? plan.startIntervalMs : plan.intervalMs;
  }

  #judge(id: string, startedAt: Date, plan: HealthPlan, result: ProbeResult): void {
    const before = this.#parts.records.find(id)?.health ?? { status: 'starting', failingStreak: 0, log: [] };
    const after = nextHealth(before, result, plan, startedAt);
    const record = this.#write(id, after);
    if (record !== undefined && after.status !== before.status) {
      publishContainerEvent(this.#parts.events, record, `health_status: ${after.status}`);
    }
  }

  #write(id: string, health: HealthState): ContainerRecord | undefined {
    if (this.#parts.records.find(id) === undefined) return undefined;
    return this.#parts.records.update(id, { health });
  }
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    resolve();
  };
  const timer = setTimeout(stop, milliseconds);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  return promise;
}
