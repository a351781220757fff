import { EngineError } from '../base/index.ts';
import type { UpdateContainerRequest } from './requests.ts';
import type { House } from './house.ts';
import type { Options } from './requests.ts';

export async function updateContainer(
  _house: House,
  _words: string,
  _request: UpdateContainerRequest,
  _options: Options,
): Promise<{ readonly warnings: readonly string[] }> {
  throw new EngineError('NotImplemented', 'updateContainer is being built');
}
