import type { EngineEvent } from '../../engine/index.ts';
import { unixSeconds } from './time.ts';

/** One line of GET /events. `timeNano` is past what a double holds, so it is spliced in as text. */
export function renderEvent(event: EngineEvent): string {
  const { type, action, actor, at, nanos } = event;
  const legacy =
    type === 'container'
      ? { status: action, id: actor.id, from: actor.attributes['image'] ?? '' }
      : type === 'image'
        ? { status: action, id: actor.id }
        : {};
  const seconds = unixSeconds(at);
  const text = JSON.stringify({
    ...legacy,
    Type: type,
    Action: action,
    Actor: { ID: actor.id, Attributes: actor.attributes },
    scope: 'local',
    time: seconds,
  });
  return `${text.slice(0, -1)},"timeNano":${seconds}${String(nanos).padStart(9, '0')}}\n`;
}
