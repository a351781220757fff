/** One flag of a command. */
export interface FlagSpec {
  readonly name: string;
  readonly short?: string;
  readonly kind: FlagKind;
  readonly usage: string;
  /** The value when it is not given, as text. Shown in help unless it is the kind's zero. */
  readonly fallback?: string;
  /** The word for the value in help, when it is not the kind's. */
  readonly valueName?: string;
  /** Checks one value. @throws with the reason, which goes after `invalid argument "x" for "--name" flag: `. */
  readonly check?: (text: string) => void;
  /** Older names of the flag, which help does not show. */
  readonly formerly?: readonly string[];
  /** Text in place of the default in help. */
  readonly shownDefault?: string;
}

/** How a value is read. `list` and `map` may be repeated. */
export type FlagKind = 'bool' | 'string' | 'int' | 'uint' | 'uint16' | 'list' | 'map' | 'bytes' | 'decimal' | 'duration';

/** What a command line said. */
export class FlagValues {
  readonly #specs: ReadonlyMap<string, FlagSpec>;
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(specs: ReadonlyMap<string, FlagSpec>, values: ReadonlyMap<string, readonly string[]>) {
    this.#specs = specs;
    this.#values = values;
  }

  /** Whether the command line has it. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The last value, or the flag's fallback, or ''. */
  string(name: string): string {
    return this.#values.get(name)?.at(-1) ?? this.#spec(name).fallback ?? '';
  }

  bool(name: string): boolean {
    return isTrue(this.string(name));
  }

  /** A number; 0 when nothing was given. */
  int(name: string): number {
    return Number(this.string(name));
  }

  /** Every value in order. */
  list(name: string): readonly string[] {
    this.#spec(name);
    return this.#values.get(name) ?? [];
  }

  #spec(name: string): FlagSpec {
    const spec = this.#specs.get(name);
    if (spec === undefined) throw new RangeError(`no flag --${name}`);
    return spec;
  }
}

/** What Go's strconv.ParseBool takes for true. */
export function isTrue(text: string): boolean {
  return /^(1|t|T|TRUE|true|True)$/.test(text);
}
