import type { Clock } from '../clock.ts';
import type { EngineEvent } from '../contract.ts';
import type { EventBus, EventsRequest } from '../ports.ts';
import type { Options } from '../requests.ts';
import { eventFilter } from './event-filter.ts';

/** Events kept for those who ask with `since`. moby keeps 256; scripts that poll miss fewer with more. */
const keptEvents = 1024;
/** Events a subscriber may lag behind before it is cut off. */
const queueLimit = 8192;

export function createEventBus(clock: Clock): EventBus {
  return new Bus(clock);
}

interface Subscriber {
  readonly accepts: (event: EngineEvent) => boolean;
  readonly queue: EngineEvent[];
  ended: boolean;
  wake: () => void;
}

class Bus implements EventBus {
  readonly #clock: Clock;
  readonly #subscribers = new Set<Subscriber>();
  #kept: EngineEvent[] = [];
  #lastNanos = 0n;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get listeners(): number {
    return this.#subscribers.size;
  }

  publish(event: Pick<EngineEvent, 'type' | 'action' | 'actor'>): void {
    const stamped = { ...event, ...this.#stamp() };
    this.#kept.push(stamped);
    // Trimmed in strides: one copy for each thousand events.
    if (this.#kept.length >= 2 * keptEvents) this.#kept = this.#kept.slice(-keptEvents);
    for (const subscriber of this.#subscribers) {
      if (subscriber.ended || !subscriber.accepts(stamped)) continue;
      if (subscriber.queue.length >= queueLimit) this.#end(subscriber);
      else subscriber.queue.push(stamped);
      subscriber.wake();
    }
  }

  subscribe(request: EventsRequest, options: Options): AsyncIterable<EngineEvent> {
    const accepts = eventFilter(request.filters);
    const { since, until } = request;
    const subscriber: Subscriber = { accepts, queue: [], ended: false, wake() {} };
    if (since !== undefined || until !== undefined) {
      const kept = this.#kept.slice(-keptEvents).filter((event) => accepts(event) && isWithin(event, since, until));
      subscriber.queue.push(...kept);
    }
    const stop = () => {
      this.#end(subscriber);
      clearTimeout(timer);
      options.signal.removeEventListener('abort', stop);
    };
    const wait = until === undefined ? undefined : until.getTime() - this.#clock.now().getTime();
    const timer = wait === undefined || wait > 2 ** 31 - 1 ? undefined : setTimeout(stop, Math.max(0, wait));
    if (options.signal.aborted || (wait !== undefined && wait <= 0)) stop();
    else {
      this.#subscribers.add(subscriber);
      options.signal.addEventListener('abort', stop, { once: true });
    }
    return read(subscriber, stop);
  }

  #end(subscriber: Subscriber): void {
    subscriber.ended = true;
    this.#subscribers.delete(subscriber);
    subscriber.wake();
  }

  /** Strictly later than the event before: clients take up again with the last time they saw. */
  #stamp(): Pick<EngineEvent, 'at' | 'nanos'> {
    const now = this.#clock.unixNanos();
    this.#lastNanos = now > this.#lastNanos ? now : this.#lastNanos + 1n;
    return { at: new Date(Number(this.#lastNanos / 1_000_000n)), nanos: Number(this.#lastNanos % 1_000_000_000n) };
  }
}

function isWithin(event: EngineEvent, since: Date | undefined, until: Date | undefined): boolean {
  return (since === undefined || event.at >= since) && (until === undefined || event.at <= until);
}

async function* read(subscriber: Subscriber, stop: () => void): AsyncGenerator<EngineEvent> {
  try {
    for (;;) {
      const events = subscriber.queue.splice(0);
      yield* events;
      if (subscriber.queue.length > 0) continue;
      if (subscriber.ended) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      subscriber.wake = resolve;
      await promise;
    }
  } finally {
    stop();
  }
}
