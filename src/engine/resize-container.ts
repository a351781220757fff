import { EngineError } from '../base/index.ts';
import type { TerminalSize } from '../runtime/index.ts';
import { publishContainerEvent } from './events/index.ts';
import type { House } from './house.ts';
import type { Options } from './requests.ts';

/** Tells a container's terminal its size; without a terminal nothing happens. @throws {EngineError} Conflict, when it does not run. */
export async function resizeContainer(house: House, words: string, size: TerminalSize, _options: Options): Promise<void> {
  const record = house.records.resolve(words);
  const process = house.live.process(record.id);
  if (process === undefined) throw new EngineError('Conflict', `Container ${record.id} is not running`);
  if (!process.terminal) return;
  await process.resize(size);
  publishContainerEvent(house.events, record, 'resize', { height: String(size.rows), width: String(size.columns) });
}
