/** One character of a shell pattern. */
type Token = { readonly kind: 'many' } | { readonly kind: 'one' } | { readonly kind: 'literal'; readonly character: string };

/** A shell pattern of `*`, `?` and `\`, for `${name#pattern}` and its kin. It is matched in linear time per start: no backtracking. */
export interface Pattern {
  readonly tokens: readonly Token[];
}

/** The pattern that `text` says. A backslash takes the meaning of the character after it away. */
export function parsePattern(text: string): Pattern {
  const tokens: Token[] = [];
  const characters = Array.from(text);
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at]!;
    if (character === '*') tokens.push({ kind: 'many' });
    else if (character === '?') tokens.push({ kind: 'one' });
    else if (character === '\\' && at + 1 < characters.length) tokens.push({ kind: 'literal', character: characters[++at]! });
    else tokens.push({ kind: 'literal', character });
  }
  return { tokens };
}

/** `text` without the shortest or longest beginning that matches. */
export function trimPrefix(text: string, pattern: Pattern, longest: boolean): string {
  const characters = Array.from(text);
  const ends = matchEnds(characters, pattern.tokens, 0);
  const end = longest ? ends.at(-1) : ends[0];
  return end === undefined ? text : characters.slice(end).join('');
}

/** `text` without the shortest or longest end that matches. */
export function trimSuffix(text: string, pattern: Pattern, longest: boolean): string {
  const reversed = Array.from(text).toReversed();
  const ends = matchEnds(reversed, pattern.tokens.toReversed(), 0);
  const end = longest ? ends.at(-1) : ends[0];
  return end === undefined ? text : reversed.slice(end).toReversed().join('');
}

/** `text` with the first match, or all of them, replaced; the longest match at each place counts. */
export function replacePattern(text: string, pattern: Pattern, replacement: string, all: boolean): string {
  const characters = Array.from(text);
  const result: string[] = [];
  let at = 0;
  while (at < characters.length) {
    const end = matchEnds(characters, pattern.tokens, at).at(-1);
    if (end === undefined || end === at) {
      result.push(characters[at++]!);
      continue;
    }
    result.push(replacement);
    at = end;
    if (!all) break;
  }
  return result.concat(characters.slice(at)).join('');
}

// Every place where a match that begins at `start` may end, in rising order: a walk of all states at once.
function matchEnds(characters: readonly string[], tokens: readonly Token[], start: number): number[] {
  const ends: number[] = [];
  let states = closure(new Set([0]), tokens);
  for (let at = start; ; at++) {
    if (states.has(tokens.length)) ends.push(at);
    const character = characters[at];
    if (character === undefined || states.size === 0) return ends;
    const next = new Set<number>();
    for (const state of states) {
      const token = tokens[state];
      if (token === undefined) continue;
      if (token.kind === 'many') next.add(state);
      else if (token.kind === 'one' || token.character === character) next.add(state + 1);
    }
    states = closure(next, tokens);
  }
}

function closure(states: Set<number>, tokens: readonly Token[]): Set<number> {
  for (const state of states) if (tokens[state]?.kind === 'many') states.add(state + 1);
  return states;
}
