import { dockerfileError, invalid, atLines, type LineRange } from './dockerfile-error.ts';
import { expandWord, expandWords } from './expand.ts';

/** A document that stands below its instruction: `<<EOF` … `EOF`. */
export interface Heredoc {
  readonly name: string;
  /** The file descriptor before `<<`, 0 where there is none. */
  readonly fileDescriptor: number;
  /** False when the name is quoted: variables in the text stay as they are. */
  readonly expand: boolean;
  /** `<<-`: tabs that begin a line are taken off. */
  readonly chomp: boolean;
  readonly text: string;
}

/** One instruction with its continuation lines joined. */
export interface LogicalLine extends LineRange {
  readonly text: string;
  readonly heredocs: readonly Heredoc[];
}

/** What `# name=value` lines at the top say. */
export interface Directives {
  readonly escape: '\\' | '`';
  readonly syntax?: string;
  readonly check?: string;
}

/** A Dockerfile in lines. */
export interface Lexed {
  readonly directives: Directives;
  readonly lines: readonly LogicalLine[];
}

const largest = 4 << 20;
const heredocWord = /^(\d*)<<(-?)([^<]+)$/;

/**
 * The instructions of a Dockerfile as text: comments left out, continued lines joined, here-documents attached. A BOM and CRLF are accepted.
 * @throws {EngineError} InvalidArgument, for a bad directive, an unfinished here-document, more than 4 MiB.
 */
export function lexDockerfile(source: string): Lexed {
  if (source.length > largest) throw invalid('dockerfile is too large: more than 4 MiB');
  const raw = source.replace(/^\uFEFF/, '').split('\n');
  if (raw.at(-1) === '') raw.pop();
  const directives = readDirectives(raw);
  const lines: LogicalLine[] = [];
  for (let at = 0; at < raw.length;) {
    const { text, next } = joinLines(raw, at, directives.escape);
    if (text === '') {
      at = next;
      continue;
    }
    const heads = mayHaveHeredoc(text) ? atLines({ startLine: at + 1, endLine: next }, () => heredocHeads(text, directives.escape)) : [];
    const { heredocs, after } = readHeredocs(raw, next, heads, at + 1);
    lines.push({ text, heredocs, startLine: at + 1, endLine: after });
    at = after;
  }
  return { directives, lines };
}

function readDirectives(raw: readonly string[]): Directives {
  const found = new Map<string, string>();
  for (const [index, line] of raw.entries()) {
    const match = /^#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(\S(?:.*\S)?)\s*$/.exec(line.slice(0, 4096));
    const name = match?.[1]?.toLowerCase() ?? '';
    if (name !== 'escape' && name !== 'syntax' && name !== 'check') break;
    const range = { startLine: index + 1, endLine: index + 1 };
    if (found.has(name)) throw dockerfileError(`only one ${name} parser directive can be used`, range);
    const value = match?.[2] ?? '';
    if (name === 'escape' && value !== '\\' && value !== '`')
      throw dockerfileError(`invalid escape token '${value}' does not match \` or \\`, range);
    found.set(name, value);
  }
  const syntax = found.get('syntax');
  const check = found.get('check');
  return {
    escape: found.get('escape') === '`' ? '`' : '\\',
    ...(syntax === undefined ? {} : { syntax }),
    ...(check === undefined ? {} : { check }),
  };
}

function joinLines(raw: readonly string[], start: number, escape: string): { readonly text: string; readonly next: number } {
  const first = plainLine(raw[start] ?? '').replace(/^\s+/, '');
  if (first === '' || first.startsWith('#')) return { text: '', next: start + 1 };
  const parts: string[] = [];
  let next = start + 1;
  let { kept, continues } = splitContinuation(first, escape);
  parts.push(kept);
  while (continues && next < raw.length) {
    const line = plainLine(raw[next++] ?? '');
    // Comments and empty lines between continued lines are skipped; the instruction goes on.
    if (line.trimStart() === '' || line.trimStart().startsWith('#')) continue;
    ({ kept, continues } = splitContinuation(line, escape));
    parts.push(kept);
  }
  return { text: parts.join('').trimEnd(), next };
}

function plainLine(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function splitContinuation(line: string, escape: string): { readonly kept: string; readonly continues: boolean } {
  let end = line.length;
  while (end > 0 && (line[end - 1] === ' ' || line[end - 1] === '\t')) end--;
  // Two escapes at the end are an escaped escape, as in moby's `([^\\])\\[ \t]*$|^\\[ \t]*$`.
  if (line[end - 1] !== escape || line[end - 2] === escape) return { kept: line, continues: false };
  return { kept: line.slice(0, end - 1), continues: true };
}

function mayHaveHeredoc(text: string): boolean {
  return text.includes('<<') && /^(?:ONBUILD\s+)?(?:ADD|COPY|RUN)\s/i.test(text) && !/^(?:ONBUILD\s+)?\S+(?:\s+--\S+)*\s+\[/i.test(text);
}

function heredocHeads(text: string, escape: '\\' | '`'): Array<Omit<Heredoc, 'text'>> {
  const lookup = (): undefined => undefined;
  let words: string[];
  try {
    words = expandWords(text, { escape, lookup, raw: true, keepUnset: true });
  } catch {
    return []; // A shell's text need not be words to us.
  }
  return words.flatMap((word) => {
    const match = heredocWord.exec(word);
    const rest = match?.[3] ?? '';
    if (match === null || rest === '' || /\s/.test(rest)) return [];
    const name = expandWord(rest, { escape, lookup, keepUnset: true });
    return name === ''
      ? []
      : [{ name, fileDescriptor: match[1] === '' ? 0 : Number(match[1]), expand: name === rest, chomp: match[2] === '-' }];
  });
}

function readHeredocs(
  raw: readonly string[],
  start: number,
  heads: ReadonlyArray<Omit<Heredoc, 'text'>>,
  startLine: number,
): { readonly heredocs: Heredoc[]; readonly after: number } {
  let at = start;
  const heredocs = heads.map((head) => {
    const body: string[] = [];
    for (;;) {
      const line = raw[at++];
      if (line === undefined) throw dockerfileError('unterminated heredoc', { startLine, endLine: raw.length });
      const bare = head.chomp ? line.replace(/^\t+/, '') : line;
      if (plainLine(bare) === head.name) break;
      body.push(`${bare}\n`);
    }
    return { ...head, text: body.join('') };
  });
  return { heredocs, after: at };
}
