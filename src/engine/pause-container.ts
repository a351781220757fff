import { EngineError } from '../base/index.ts';
import type { House } from './house.ts';
import type { Options } from './requests.ts';

export async function pauseContainer(_house: House, _words: string, _options: Options): Promise<void> {
  throw new EngineError('NotImplemented', 'pauseContainer is being built');
}
export async function unpauseContainer(_house: House, _words: string, _options: Options): Promise<void> {
  throw new EngineError('NotImplemented', 'unpauseContainer is being built');
}
