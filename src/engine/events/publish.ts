import type { Digest } from '../../spec/index.ts';
import type { ContainerRecord } from '../contract.ts';
import type { EventBus } from '../ports.ts';

type Attributes = Readonly<Record<string, string>>;

/** Tells of a container with Docker's attributes: its labels, `image`, `name`, and what the action adds (`exitCode`, `signal`, `execID` …). */
export function publishContainerEvent(
  events: EventBus,
  record: Pick<ContainerRecord, 'id' | 'name' | 'config'>,
  action: string,
  extra: Attributes = {},
): void {
  const attributes = { ...record.config.Labels, ...extra, image: record.config.Image, name: record.name };
  events.publish({ type: 'container', action, actor: { id: record.id, attributes } });
}

/** Tells of an image; `name` is what the user called it. */
export function publishImageEvent(events: EventBus, id: Digest | string, name: string, action: string, labels: Attributes = {}): void {
  events.publish({ type: 'image', action, actor: { id, attributes: { ...labels, name } } });
}

/** Tells of a prune; `reclaimed` in bytes. */
export function publishPruneEvent(events: EventBus, type: 'container' | 'image' | 'volume' | 'network', reclaimed: number): void {
  events.publish({ type, action: 'prune', actor: { id: '', attributes: { reclaimed: String(reclaimed) } } });
}
