import { EngineError } from '../base/index.ts';
import type { RemoveContainerRequest } from './requests.ts';
import type { House } from './house.ts';
import type { Options } from './requests.ts';

export async function removeContainer(_house: House, _words: string, _request: RemoveContainerRequest, _options: Options): Promise<void> {
  throw new EngineError('NotImplemented', 'removeContainer is being built');
}
