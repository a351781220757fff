import { UsageError } from '../cli-error.ts';
import { checkValue } from './check.ts';
import { FlagValues, type FlagSpec } from './spec.ts';

export interface ParsedLine {
  readonly flags: FlagValues;
  readonly args: readonly string[];
  /** `--help` or `-h` was asked for. Nothing else counts then. */
  readonly help: boolean;
}

/**
 * Splits a command line into flags and arguments as pflag does: `--name=value`, `--name value`, `-n value`, `-nvalue`, `-abc`, `--` ends the
 * flags, a bool takes a value only by `=`. @throws {UsageError} for unknown flags and bad values.
 */
export function parseFlags(
  specs: readonly FlagSpec[],
  line: readonly string[],
  options: { readonly stopsAtArgument?: boolean; readonly passesUnknown?: boolean } = {},
): ParsedLine {
  const byName = new Map(specs.flatMap((spec) => [spec.name, ...(spec.formerly ?? [])].map((name) => [name, spec] as const)));
  const byShort = new Map(specs.flatMap((spec) => (spec.short === undefined ? [] : [[spec.short, spec] as const])));
  const values = new Map<string, string[]>();
  const args: string[] = [];
  let help = false;
  let index = 0;
  const next = (): string | undefined => line[index++];
  const set = (spec: FlagSpec, text: string) => setValue(values, spec, text);

  for (let word = next(); word !== undefined && !help; word = next()) {
    if (word === '--') {
      args.push(...line.slice(index));
      break;
    }
    if (options.passesUnknown === true && isUnknown(word, byName, byShort)) args.push(word);
    else if (word.startsWith('--')) help = readLong(word, byName, next, set);
    else if (word.startsWith('-') && word !== '-') help = readShort(word, byShort, next, set);
    else {
      args.push(word);
      if (options.stopsAtArgument === true) {
        args.push(...line.slice(index));
        break;
      }
    }
  }
  return { flags: new FlagValues(byName, values), args, help };
}

function isUnknown(word: string, byName: ReadonlyMap<string, FlagSpec>, byShort: ReadonlyMap<string, FlagSpec>): boolean {
  if (word.startsWith('--')) return !byName.has(word.slice(2).replace(/=.*$/s, '')) && word !== '--help';
  return word.startsWith('-') && word !== '-h' && !byShort.has(word.slice(1, 2));
}

type Next = () => string | undefined;
type Set = (spec: FlagSpec, text: string) => void;

function readLong(word: string, byName: ReadonlyMap<string, FlagSpec>, next: Next, set: Set): boolean {
  const equals = word.indexOf('=');
  const name = word.slice(2, equals === -1 ? undefined : equals);
  if (name === '' || name.startsWith('-')) throw new UsageError(`bad flag syntax: ${word}`);
  const spec = byName.get(name);
  if (spec === undefined && name === 'help') return true;
  if (spec === undefined) throw new UsageError(`unknown flag: --${name}`);
  if (equals !== -1) set(spec, word.slice(equals + 1));
  else if (spec.kind === 'bool') set(spec, 'true');
  else {
    const text = next();
    if (text === undefined) throw new UsageError(`flag needs an argument: --${name}`);
    set(spec, text);
  }
  return false;
}

function readShort(word: string, byShort: ReadonlyMap<string, FlagSpec>, next: Next, set: Set): boolean {
  for (let rest = word.slice(1); rest !== '';) {
    const short = rest[0]!;
    const spec = byShort.get(short);
    rest = rest.slice(1);
    if (spec === undefined && short === 'h') return true;
    if (spec === undefined) throw new UsageError(`unknown shorthand flag: '${short}' in ${word}`);
    if (rest.startsWith('=')) {
      set(spec, rest.slice(1));
      return false;
    }
    if (spec.kind === 'bool') {
      set(spec, 'true');
      continue;
    }
    const text = rest === '' ? next() : rest;
    if (text === undefined) throw new UsageError(`flag needs an argument: '${short}' in ${word}`);
    set(spec, text);
    return false;
  }
  return false;
}

function setValue(values: Map<string, string[]>, spec: FlagSpec, text: string): void {
  try {
    checkValue(spec, text);
  } catch (error) {
    const label = spec.short === undefined ? `--${spec.name}` : `-${spec.short}, --${spec.name}`;
    throw new UsageError(
      `invalid argument ${JSON.stringify(text)} for "${label}" flag: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const given = values.get(spec.name);
  if (given === undefined) values.set(spec.name, [text]);
  else given.push(text);
}
