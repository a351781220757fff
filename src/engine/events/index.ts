export { createEventBus } from './event-bus.ts';
export { publishContainerEvent, publishImageEvent, publishPruneEvent } from './publish.ts';
