import { EngineError } from '../base/index.ts';
import type { StopRequest } from './requests.ts';
import type { House } from './house.ts';
import type { Options } from './requests.ts';

export async function restartContainer(_house: House, _words: string, _request: StopRequest, _options: Options): Promise<void> {
  throw new EngineError('NotImplemented', 'restartContainer is being built');
}
