import { EngineError } from '../../base/index.ts';

/** For a spec that cannot be: `field` is its path in config.json. */
export function invalid(field: string, why: string): EngineError {
  return new EngineError('InvalidArgument', `Cannot use runtime spec: ${field}: ${why}`);
}
