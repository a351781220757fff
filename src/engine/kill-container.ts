import { EngineError } from '../base/index.ts';
import type { House } from './house.ts';
import type { Options } from './requests.ts';

export async function killContainer(_house: House, _words: string, _killSignal: string, _options: Options): Promise<void> {
  throw new EngineError('NotImplemented', 'killContainer is being built');
}
