import { EngineError } from '../base/index.ts';
import type { House } from './house.ts';
import type { Options } from './requests.ts';

export async function renameContainer(_house: House, _words: string, _name: string, _options: Options): Promise<void> {
  throw new EngineError('NotImplemented', 'renameContainer is being built');
}
