import { EngineError } from '../base/index.ts';
import type { House } from './house.ts';
import type { Options } from './requests.ts';

export async function startContainer(_house: House, _words: string, _options: Options): Promise<void> {
  throw new EngineError('NotImplemented', 'startContainer is being built');
}
