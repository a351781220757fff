import { didYouMean, invalid } from './dockerfile-error.ts';

/** What a flag takes: `text` once, `list` any number of times, `boolean` true, false or nothing. */
export type FlagKind = 'text' | 'list' | 'boolean';

/** Flags read by name. */
export interface Flags {
  text(name: string): string | undefined;
  list(name: string): readonly string[];
  boolean(name: string): boolean;
}

/** The flags of one instruction. @throws {EngineError} InvalidArgument, for unknown, doubled, empty or malformed ones. */
export function readFlags(words: readonly string[], known: Readonly<Record<string, FlagKind>>): Flags {
  const found = new Map<string, string[]>();
  for (const word of words) {
    const equals = word.indexOf('=');
    const name = word.slice(2, equals < 0 ? undefined : equals);
    const kind = Object.hasOwn(known, name) ? known[name] : undefined;
    if (kind === undefined) throw invalid(`unknown flag: --${name}${didYouMean(name, Object.keys(known))}`);
    const earlier = found.get(name) ?? [];
    if (kind !== 'list' && earlier.length > 0) throw invalid(`duplicate flag specified: ${name}`);
    if (equals < 0 && kind !== 'boolean') throw invalid(`missing a value on flag: ${name}`);
    const value = equals < 0 ? 'true' : word.slice(equals + 1);
    if (kind === 'boolean' && !/^(true|false)$/i.test(value)) throw invalid(`expecting boolean value for flag ${name}, not: ${value}`);
    found.set(name, [...earlier, value]);
  }
  return {
    text: (name) => found.get(name)?.[0],
    list: (name) => found.get(name) ?? [],
    boolean: (name) => found.get(name)?.[0]?.toLowerCase() === 'true',
  };
}
