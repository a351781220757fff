import { EngineError } from '../base/index.ts';
import type { Filters } from './requests.ts';

/** @throws {EngineError} InvalidArgument `invalid filter 'x'`, for a key that is not known. */
export function checkFilters(filters: Filters, known: readonly string[]): void {
  for (const key of Object.keys(filters)) {
    if (!known.includes(key)) throw new EngineError('InvalidArgument', `invalid filter '${key}'`);
  }
}
