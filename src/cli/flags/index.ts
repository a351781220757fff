export { parseFlags, type ParsedLine } from './parse.ts';
export { FlagValues, type FlagKind, type FlagSpec } from './spec.ts';
