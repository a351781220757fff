import { invalid } from './dockerfile-error.ts';
import { parsePattern, replacePattern, trimPrefix, trimSuffix } from './glob.ts';

/** How words are read. */
export interface Expansion {
  readonly escape: '\\' | '`';
  /** The value of a variable; undefined when it is not set. */
  readonly lookup: (name: string) => string | undefined;
  /** Quotes and escapes stay in the words. */
  readonly raw?: boolean;
  /** A variable that is not set stays as written. */
  readonly keepUnset?: boolean;
}

const longestResult = 1 << 20;
const deepest = 64;

/**
 * `text` as one word: variables replaced (all operators of the Dockerfile reference, "Environment replacement"), quotes and escapes taken off.
 * @throws {EngineError} InvalidArgument, in BuildKit's words; also for results over 1 MiB and more than 64 nested substitutions.
 */
export function expandWord(text: string, expansion: Expansion): string {
  return new WordReader(text, expansion).whole();
}

/** The words of `text`, split at blanks outside quotes; the value of an unquoted variable is split too. @throws as `expandWord`. */
export function expandWords(text: string, expansion: Expansion): string[] {
  const reader = new WordReader(text, expansion);
  reader.whole();
  return reader.words();
}

class WordReader {
  readonly #characters: readonly string[];
  readonly #expansion: Expansion;
  readonly #words: string[] = [];
  #word = '';
  #inWord = false;
  #at = 0;
  #depth = 0;

  constructor(text: string, expansion: Expansion) {
    this.#characters = Array.from(text);
    this.#expansion = expansion;
  }

  whole(): string {
    return this.#until(undefined, false);
  }

  words(): string[] {
    return this.#inWord ? [...this.#words, this.#word] : this.#words;
  }

  #until(stop: '}' | '/' | undefined, rawEscapes: boolean): string {
    let result = '';
    for (;;) {
      const character = this.#characters[this.#at];
      if (character === undefined) break;
      if (character === stop) {
        this.#at++;
        return result;
      }
      result += this.#piece(character, rawEscapes);
      if (result.length > longestResult) throw invalid('the value is too long: more than 1 MiB after expansion');
    }
    if (stop === undefined) return result;
    throw invalid(stop === '}' ? "syntax error: missing '}'" : "syntax error: missing '/' in ${}");
  }

  #piece(character: string, rawEscapes: boolean): string {
    if (character === "'") return this.#quoted(this.#single());
    if (character === '"') return this.#quoted(this.#double());
    if (character === '$') {
      const value = this.#variable();
      for (const one of value) this.#split(one);
      return value;
    }
    this.#at++;
    if (character !== this.#expansion.escape) {
      this.#split(character);
      return character;
    }
    const escaped = this.#characters[this.#at++] ?? '';
    const kept = rawEscapes || this.#expansion.raw === true ? character + escaped : escaped;
    return kept === '' ? '' : this.#quoted(kept);
  }

  #single(): string {
    const end = this.#characters.indexOf("'", this.#at + 1);
    if (end < 0) throw invalid('unexpected end of statement while looking for matching single-quote');
    const body = this.#characters.slice(this.#at + 1, end).join('');
    this.#at = end + 1;
    return this.#expansion.raw === true ? `'${body}'` : body;
  }

  #double(): string {
    const raw = this.#expansion.raw === true;
    let result = raw ? '"' : '';
    this.#at++;
    for (;;) {
      const character = this.#characters[this.#at];
      if (character === undefined) throw invalid('unexpected end of statement while looking for matching double-quote');
      if (character === '$') {
        result += this.#variable();
        if (result.length > longestResult) throw invalid('the value is too long: more than 1 MiB after expansion');
        continue;
      }
      this.#at++;
      if (character === '"') return raw ? `${result}"` : result;
      if (character !== this.#expansion.escape) {
        result += character;
        continue;
      }
      const escaped = this.#characters[this.#at];
      if (escaped === undefined) continue;
      this.#at++;
      const special = escaped === '"' || escaped === '$' || escaped === this.#expansion.escape;
      result += special && !raw ? escaped : character + escaped;
    }
  }

  #variable(): string {
    this.#at++;
    if (this.#characters[this.#at] !== '{') {
      const name = this.#name();
      return name === '' ? '$' : (this.#expansion.lookup(name) ?? (this.#expansion.keepUnset === true ? `$${name}` : ''));
    }
    this.#at++;
    const first = this.#characters[this.#at];
    if (first === undefined) throw invalid("syntax error: missing '}'");
    if (first === '{' || first === '}' || first === ':') throw invalid('syntax error: bad substitution');
    if (++this.#depth > deepest) throw invalid('syntax error: too many nested substitutions');
    const saved = { words: this.#words.length, word: this.#word, inWord: this.#inWord };
    const value = this.#braced(this.#name());
    // What stood inside the braces is no word of the text: only the value is.
    this.#words.length = saved.words;
    this.#word = saved.word;
    this.#inWord = saved.inWord;
    this.#depth--;
    return value;
  }

  #braced(name: string): string {
    const value = this.#expansion.lookup(name);
    const begin = this.#at;
    const first = this.#characters[this.#at++];
    if (first === undefined) throw invalid("syntax error: missing '}'");
    if (first === '}') return value ?? (this.#expansion.keepUnset === true ? `\${${name}}` : '');
    const colon = first === ':';
    const operator = colon ? this.#characters[this.#at++] : first;
    if (operator === undefined) throw invalid("syntax error: missing '}'");
    if (operator === '-' || operator === '+' || operator === '?') {
      const word = this.#until('}', false);
      const missing = value === undefined || (colon && value === '');
      if (this.#expansion.keepUnset === true && value === undefined) return `\${${name}${this.#characters.slice(begin, this.#at).join('')}`;
      if (operator === '-') return missing ? word : value;
      if (operator === '+') return missing ? '' : word;
      if (!missing) return value;
      throw invalid(`${name}: ${word !== '' ? word : `is not allowed to be ${value === undefined ? 'unset' : 'empty'}`}`);
    }
    if (!colon && (operator === '#' || operator === '%' || operator === '/')) {
      const matched = this.#matched(value ?? '', operator);
      if (value !== undefined || this.#expansion.keepUnset !== true) return matched;
      return `\${${name}${this.#characters.slice(begin, this.#at).join('')}`;
    }
    throw invalid(`unsupported modifier (${colon ? ':' : ''}${operator}) in substitution`);
  }

  #matched(value: string, operator: '#' | '%' | '/'): string {
    const doubled = this.#characters[this.#at] === operator;
    if (doubled) this.#at++;
    if (operator !== '/') {
      const pattern = parsePattern(this.#until('}', true));
      return operator === '#' ? trimPrefix(value, pattern, doubled) : trimSuffix(value, pattern, doubled);
    }
    const pattern = parsePattern(this.#until('/', true));
    return replacePattern(value, pattern, this.#until('}', true), doubled);
  }

  // A name is letters, digits and `_`, or digits alone, or one of the shell's special characters.
  #name(): string {
    const rest = this.#characters.slice(this.#at, this.#at + 1)[0] ?? '';
    if (/[@*#?\-$!0]/.test(rest)) {
      this.#at++;
      return rest;
    }
    const allowed = /\d/.test(rest) ? /\d/ : /[A-Za-z0-9_]/;
    const begin = this.#at;
    while (allowed.test(this.#characters[this.#at] ?? '')) this.#at++;
    return this.#characters.slice(begin, this.#at).join('');
  }

  #quoted(text: string): string {
    this.#word += text;
    this.#inWord = true;
    return text;
  }

  #split(character: string): void {
    if (!/\s/.test(character)) {
      this.#quoted(character);
      return;
    }
    if (this.#inWord) this.#words.push(this.#word);
    this.#word = '';
    this.#inWord = false;
  }
}
