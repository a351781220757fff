import { expect, test } from 'bun:test';
import { systemClock } from '../clock.ts';
import type { EngineEvent } from '../contract.ts';
import type { EventBus } from '../ports.ts';
import { createEventBus, publishContainerEvent, publishImageEvent } from './index.ts';

const container = { id: 'c0ffee', name: 'web', config: { Image: 'debian:12', Labels: { tier: 'front' } } } as unknown as Parameters<
  typeof publishContainerEvent
>[1];

async function collect(events: AsyncIterable<EngineEvent>): Promise<string[]> {
  const found: string[] = [];
  for await (const event of events) found.push(`${event.type} ${event.action}`);
  return found;
}

function publishSome(bus: EventBus): void {
  publishContainerEvent(bus, container, 'create');
  publishContainerEvent(bus, container, 'health_status: healthy');
  publishContainerEvent(bus, container, 'die', { exitCode: '3' });
  publishImageEvent(bus, 'sha256:ab', 'debian:12', 'tag');
}

test('listening starts at the call, and ends with the signal', async () => {
  const bus = createEventBus(systemClock());
  const abort = new AbortController();
  const events = bus.subscribe({ filters: {} }, { signal: abort.signal });
  publishSome(bus);
  abort.abort();
  publishContainerEvent(bus, container, 'start');
  expect(await collect(events)).toEqual(['container create', 'container health_status: healthy', 'container die', 'image tag']);
  expect(bus.listeners).toBe(0);
});

test('attributes are labels, image, name and what the action adds', async () => {
  const bus = createEventBus(systemClock());
  publishContainerEvent(bus, container, 'die', { exitCode: '3' });
  const events = bus.subscribe({ since: new Date(0), until: new Date(), filters: {} }, { signal: new AbortController().signal });
  for await (const event of events) {
    expect(event.actor).toEqual({ id: 'c0ffee', attributes: { tier: 'front', exitCode: '3', image: 'debian:12', name: 'web' } });
  }
});

test.each([
  [{ type: ['image'] }, ['image tag']],
  [{ event: ['health_status'] }, ['container health_status: healthy']],
  [{ event: ['create', 'die'] }, ['container create', 'container die']],
  [{ container: ['we'], event: ['die'] }, ['container die']],
  [{ container: ['other'] }, []],
  [{ image: ['debian'], event: ['tag', 'create'] }, ['container create', 'image tag']],
  [{ label: ['tier=front'], event: ['die'] }, ['container die']],
  [{ label: ['tier', 'none'] }, []],
  [{ scope: ['swarm'] }, []],
])('the filter %p chooses %p', async (filters, expected) => {
  const bus = createEventBus(systemClock());
  publishSome(bus);
  const events = bus.subscribe({ since: new Date(0), until: new Date(), filters }, { signal: new AbortController().signal });
  expect(await collect(events)).toEqual(expected);
});

test('an unknown filter is refused', () => {
  expect(() => createEventBus(systemClock()).subscribe({ filters: { x: ['y'] } }, { signal: new AbortController().signal })).toThrow(
    "invalid filter 'x'",
  );
});

test('until a later time, events come as they happen', async () => {
  const bus = createEventBus(systemClock());
  const until = new Date(Date.now() + 300);
  const events = bus.subscribe({ since: new Date(0), until, filters: {} }, { signal: new AbortController().signal });
  publishSome(bus);
  expect((await collect(events)).length).toBe(4);
});

test('a subscriber that does not read is cut off, others are not held up, and times only rise', async () => {
  const bus = createEventBus(systemClock());
  const abort = new AbortController();
  const stuck = bus.subscribe({ filters: {} }, { signal: abort.signal });
  const reader = bus.subscribe({ filters: {} }, { signal: abort.signal })[Symbol.asyncIterator]();
  let last = 0n;
  for (let count = 0; count < 20_000; count++) {
    publishContainerEvent(bus, container, 'start');
    const { value } = (await reader.next()) as { value: EngineEvent };
    const time = BigInt(Math.floor(value.at.getTime() / 1000)) * 1_000_000_000n + BigInt(value.nanos);
    expect(time > last).toBe(true);
    last = time;
  }
  expect((await collect(stuck)).length).toBeLessThan(10_000);
  abort.abort();
});
