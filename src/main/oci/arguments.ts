import { EngineError } from '../../base/index.ts';

/** Flags by their long names: whether each takes a value. `short` are other names. */
export interface FlagTable {
  readonly values: readonly string[];
  readonly switches: readonly string[];
  readonly short?: Readonly<Record<string, string>>;
}

export interface Arguments {
  /** Values of a flag, in order; a switch that is on has one, `true`. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
  readonly rest: readonly string[];
}

/**
 * Reads flags up to the first word that is none, as runc does: `--name value`, `--name=value`, `-n value`; `--` ends them.
 * @throws {EngineError} InvalidArgument, for a flag that is not in `table`.
 */
export function readArguments(words: readonly string[], table: FlagTable): Arguments {
  const flags = new Map<string, string[]>();
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--') {
      at++;
      break;
    }
    if (!word.startsWith('-') || word === '-') break;
    const [given = '', ...text] = word.replace(/^--?/, '').split('=');
    const name = table.short?.[given] ?? given;
    let value = text.length > 0 ? text.join('=') : undefined;
    if (table.values.includes(name)) {
      value ??= words[++at];
      if (value === undefined) throw new EngineError('InvalidArgument', `flag needs an argument: -${given}`);
    } else if (table.switches.includes(name)) value ??= 'true';
    else throw new EngineError('InvalidArgument', `flag provided but not defined: -${given}`);
    if (value === 'false' && table.switches.includes(name)) continue;
    flags.set(name, [...(flags.get(name) ?? []), value]);
  }
  return { flags, rest: words.slice(at) };
}

/** The last value of a flag. */
export function last(found: Arguments, name: string): string | undefined {
  return found.flags.get(name)?.at(-1);
}

/** The one word that is left, a container's id. @throws {EngineError} InvalidArgument. */
export function onlyId(found: Arguments, command: string): string {
  const [id, ...more] = found.rest;
  if (id === undefined || more.length > 0)
    throw new EngineError('InvalidArgument', `berth oci ${command}: requires exactly 1 argument, a container's id`);
  return id;
}
