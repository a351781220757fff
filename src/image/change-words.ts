import { EngineError } from '../base/index.ts';

/**
 * The words of an instruction's rest: split at blanks, quotes and backslashes taken off unless `raw`, `$name` and `${name}` (with `:-` and
 * `:+`) replaced from `env` outside single quotes. Dockerfile reference, "Environment replacement".
 * @throws {EngineError} InvalidArgument, for an unsupported `${…}`.
 */
export function expandWords(text: string, env: ReadonlyMap<string, string>): string[] {
  return new WordReader(text, env).words();
}

/** The whole rest as one word, blanks kept. */
export function expandText(text: string, env: ReadonlyMap<string, string>): string {
  return new WordReader(text, env).whole();
}

/** `a=b c="d e"` as pairs; `a b c` is the old form of one pair. @throws {EngineError} InvalidArgument, in BuildKit's words. */
export function readPairs(instruction: string, text: string, env: ReadonlyMap<string, string>): ReadonlyArray<readonly [string, string]> {
  const old = /^([^\s=]+)\s+(.*)$/s.exec(text);
  if (old !== null) return [[expandText(old[1] ?? '', env), expandText(old[2] ?? '', env)]];
  const words = expandWords(text, env);
  if (words.length === 0 || !text.includes('=')) throw new EngineError('InvalidArgument', `${instruction} must have two arguments`);
  return words.map((word) => {
    const equals = word.indexOf('=');
    if (equals < 0) {
      const message = `Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`;
      throw new EngineError('InvalidArgument', message);
    }
    if (equals === 0) throw new EngineError('InvalidArgument', `${instruction} names can not be blank`);
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}

class WordReader {
  readonly #text: string;
  readonly #env: ReadonlyMap<string, string>;
  #at = 0;

  constructor(text: string, env: ReadonlyMap<string, string>) {
    this.#text = text;
    this.#env = env;
  }

  words(): string[] {
    const words: string[] = [];
    for (;;) {
      while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
      if (this.#at >= this.#text.length) return words;
      words.push(this.#word(true));
    }
  }

  whole(): string {
    return this.#word(false);
  }

  #word(stopAtBlank: boolean): string {
    let word = '';
    let quote = '';
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at] ?? '';
      if (quote === '' && stopAtBlank && /\s/.test(char)) break;
      this.#at++;
      if (char === quote) quote = '';
      else if (quote === '' && (char === '"' || char === "'")) quote = char;
      else if (char === '\\' && quote !== "'") word += this.#escaped(quote);
      else if (char === '$' && quote !== "'") word += this.#variable();
      else word += char;
    }
    return word;
  }

  #escaped(quote: string): string {
    const next = this.#text[this.#at] ?? '';
    this.#at++;
    return quote === '"' && !['"', '$', '\\'].includes(next) ? `\\${next}` : next;
  }

  #variable(): string {
    const rest = this.#text.slice(this.#at);
    const plain = /^[A-Za-z_][A-Za-z0-9_]*/.exec(rest);
    if (plain !== null) {
      this.#at += plain[0].length;
      return this.#env.get(plain[0]) ?? '';
    }
    if (!rest.startsWith('{')) return '$';
    const braced = /^\{([A-Za-z_][A-Za-z0-9_]*)(?::([-+])([^}]*))?\}/.exec(rest);
    if (braced === null)
      throw new EngineError('InvalidArgument', `failed to process ${JSON.stringify(this.#text)}: unsupported substitution`);
    this.#at += braced[0].length;
    const value = this.#env.get(braced[1] ?? '') ?? '';
    if (braced[2] === undefined) return value;
    if (braced[2] === '-') return value === '' ? (braced[3] ?? '') : value;
    return value === '' ? '' : (braced[3] ?? '');
  }
}
