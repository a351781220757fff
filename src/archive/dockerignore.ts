interface Pattern {
  readonly negated: boolean;
  /** Cleaned, without leading slash. */
  readonly text: string;
  readonly expression: RegExp;
}

/**
 * The patterns of a `.dockerignore` file, by moby's rules (github.com/moby/patternmatcher, ignorefile): `#` starts a comment line, `!` takes a
 * path back in, `**` spans directories, the last pattern that matches a path or one of its parents decides.
 */
export class DockerIgnore {
  readonly #patterns: readonly Pattern[];

  /** @throws {SyntaxError} when a pattern is malformed: `syntax error in pattern`. */
  constructor(text: string) {
    this.#patterns = text
      .replace(/^\uFEFF/, '')
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .map(toPattern);
  }

  /** Whether any pattern takes paths back in: then an ignored directory must still be walked. */
  get hasExceptions(): boolean {
    return this.#patterns.some(({ negated }) => negated);
  }

  /** Whether `path` (slash separated, relative to the context) is left out. The context itself never is. */
  ignores(path: string): boolean {
    const parts = path.split('/').filter((part) => part !== '' && part !== '.');
    const parents = parts.map((_, at) => parts.slice(0, at + 1).join('/'));
    let ignored = false;
    for (const { negated, expression } of this.#patterns) {
      // A pattern can only turn the answer over.
      if (negated === ignored && parents.some((parent) => expression.test(parent))) ignored = !negated;
    }
    return ignored;
  }
}

function toPattern(line: string): Pattern {
  const negated = line.startsWith('!');
  const bare = negated ? line.slice(1).trim() : line;
  if (bare === '') throw new SyntaxError('illegal exclusion pattern: "!"');
  const text = clean(bare);
  return { negated, text, expression: toExpression(text) };
}

// filepath.Clean, then without its leading slash: patterns start at the context.
function clean(pattern: string): string {
  const parts: string[] = [];
  const rooted = pattern.startsWith('/');
  for (const part of pattern.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part !== '..' || !rooted) parts.push(part);
  }
  return parts.join('/') || '.';
}

function toExpression(pattern: string): RegExp {
  let source = '^';
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at] ?? '';
    if (char === '*' && pattern[at + 1] === '*') {
      at++;
      if (pattern[at + 1] === '/') at++;
      // At the end `**` takes all; before a slash it takes any number of whole directories.
      source += at + 1 >= pattern.length ? '.*' : '(.*/)?';
    } else if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    else if (char === '\\') source += escape(pattern[++at] ?? malformed(pattern));
    else if (char === '[') {
      const end = classEnd(pattern, at);
      source += toClass(pattern.slice(at + 1, end), pattern);
      at = end;
    } else source += escape(char);
  }
  try {
    return new RegExp(`${source}$`, 's');
  } catch {
    return malformed(pattern);
  }
}

function classEnd(pattern: string, start: number): number {
  for (let at = start + 1; at < pattern.length; at++) {
    if (pattern[at] === '\\') at++;
    else if (pattern[at] === ']') return at;
  }
  return malformed(pattern);
}

function toClass(inside: string, pattern: string): string {
  const negated = inside.startsWith('^');
  const body = negated ? inside.slice(1) : inside;
  if (body === '') return malformed(pattern);
  return `[${negated ? '^' : ''}${body.replaceAll('[', '\\[')}]`;
}

function escape(char: string): string {
  return char.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

function malformed(pattern: string): never {
  throw new SyntaxError(`syntax error in pattern: ${pattern}`);
}
