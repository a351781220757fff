import { EngineError } from '../base/index.ts';
import type { CreateContainerRequest } from './contract.ts';
import type { CreatedContainer } from './requests.ts';
import type { House } from './house.ts';
import type { Options } from './requests.ts';

export async function createContainer(_house: House, _request: CreateContainerRequest, _options: Options): Promise<CreatedContainer> {
  throw new EngineError('NotImplemented', 'createContainer is being built');
}
