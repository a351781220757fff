import { EngineError } from '../base/index.ts';
import type { ContainerSummary, ListContainersRequest } from './requests.ts';
import type { House } from './house.ts';
import type { Options } from './requests.ts';

export async function listContainers(
  _house: House,
  _request: ListContainersRequest,
  _options: Options,
): Promise<readonly ContainerSummary[]> {
  throw new EngineError('NotImplemented', 'listContainers is being built');
}
