import { atLines, didYouMean, dockerfileError, invalid, type LineRange } from './dockerfile-error.ts';
import { lexDockerfile, type Directives, type Heredoc } from './lex.ts';

const keywords = [
  'ADD',
  'ARG',
  'CMD',
  'COPY',
  'ENTRYPOINT',
  'ENV',
  'EXPOSE',
  'FROM',
  'HEALTHCHECK',
  'LABEL',
  'MAINTAINER',
  'ONBUILD',
  'RUN',
  'SHELL',
  'STOPSIGNAL',
  'USER',
  'VOLUME',
  'WORKDIR',
] as const;

/** An instruction's name. */
export type Keyword = (typeof keywords)[number];

/** One instruction, its flags apart from the rest; nothing is expanded yet. */
export interface Node extends LineRange {
  readonly keyword: Keyword;
  /** `--name=value` words before the rest, as written. */
  readonly flags: readonly string[];
  readonly rest: string;
  readonly heredocs: readonly Heredoc[];
  /** The whole instruction on one line, for history and progress. */
  readonly original: string;
}

/** A Dockerfile's syntax. */
export interface Ast {
  readonly directives: Directives;
  readonly nodes: readonly Node[];
}

/** The syntax of a Dockerfile. @throws {EngineError} InvalidArgument with the line, in BuildKit's words. */
export function parseDockerfile(source: string): Ast {
  const { directives, lines } = lexDockerfile(source);
  const nodes = lines.map(({ text, heredocs, startLine, endLine }) => {
    const range = { startLine, endLine };
    return atLines(range, () => ({ ...parseNode(text, directives.escape), heredocs, ...range }));
  });
  if (nodes.length === 0) throw invalid('file with no instructions');
  const first = nodes.find(({ keyword }) => keyword !== 'ARG');
  if (first !== undefined && first.keyword !== 'FROM') throw dockerfileError('no build stage in current context', first);
  return { directives, nodes };
}

/** The parts of an instruction; used for what follows ONBUILD as well. @throws {EngineError} InvalidArgument. */
export function parseNode(text: string, escape: '\\' | '`'): Pick<Node, 'keyword' | 'flags' | 'rest' | 'original'> {
  const [, word = '', tail = ''] = /^(\S+)\s*([^]*)$/.exec(text) ?? [];
  const keyword = keywords.find((one) => one === word.toUpperCase());
  if (keyword === undefined) throw invalid(`unknown instruction: ${word}${didYouMean(word, keywords)}`);
  return { keyword, ...splitFlags(tail, escape), original: text };
}

function splitFlags(text: string, escape: '\\' | '`'): { readonly flags: readonly string[]; readonly rest: string } {
  const flags: string[] = [];
  let at = 0;
  for (;;) {
    while (/\s/.test(text[at] ?? '')) at++;
    if (!text.startsWith('--', at)) return { flags, rest: text.slice(at) };
    const { word, end } = flagWord(text, at, escape);
    at = end;
    if (word === '--') return { flags, rest: text.slice(at).trimStart() };
    flags.push(word);
  }
}

// Quotes and escapes only keep blanks together here; they are taken off.
function flagWord(text: string, start: number, escape: string): { readonly word: string; readonly end: number } {
  let word = '';
  let quote = '';
  let at = start;
  for (; at < text.length; at++) {
    const character = text[at]!;
    if (quote === '' && /\s/.test(character)) break;
    if (character === escape && quote !== "'" && at + 1 < text.length) word += text[++at];
    else if (quote === '' && (character === '"' || character === "'")) quote = character;
    else if (character === quote) quote = '';
    else word += character;
  }
  return { word, end: at };
}
