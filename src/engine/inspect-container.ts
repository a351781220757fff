import { EngineError } from '../base/index.ts';
import type { ContainerDetails } from './requests.ts';
import type { House } from './house.ts';
import type { Options } from './requests.ts';

export async function inspectContainer(
  _house: House,
  _words: string,
  _request: { readonly size: boolean },
  _options: Options,
): Promise<ContainerDetails> {
  throw new EngineError('NotImplemented', 'inspectContainer is being built');
}
