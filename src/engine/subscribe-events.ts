import type { EngineEvent } from './contract.ts';
import type { House } from './house.ts';
import type { EventsRequest } from './ports.ts';
import type { Options } from './requests.ts';

/** See `EventBus.subscribe`; ends when the engine closes as well. @throws {EngineError} InvalidArgument, for an unknown filter. */
export function subscribeEvents(house: House, request: EventsRequest, options: Options): AsyncIterable<EngineEvent> {
  return house.events.subscribe(request, { signal: AbortSignal.any([options.signal, house.closing]) });
}
