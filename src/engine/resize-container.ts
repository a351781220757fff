import { EngineError } from '../base/index.ts';
import type { TerminalSize } from '../runtime/index.ts';
import type { House } from './house.ts';
import type { Options } from './requests.ts';

export async function resizeContainer(_house: House, _words: string, _size: TerminalSize, _options: Options): Promise<void> {
  throw new EngineError('NotImplemented', 'resizeContainer is being built');
}
