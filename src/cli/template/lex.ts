/** A piece of a template's source. */
export type Token =
  | { readonly kind: 'text'; readonly text: string; readonly at: number }
  | { readonly kind: 'open' | 'close'; readonly at: number; readonly text: string }
  | { readonly kind: TokenKind; readonly text: string; readonly at: number; /** White space came before it. */ readonly spaced: boolean };

export type TokenKind = 'field' | 'dot' | 'variable' | 'word' | 'string' | 'number' | 'char' | 'symbol';

/** A template that cannot be read. The message is Go's, with the line. */
export class TemplateError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TemplateError';
  }
}

/** Splits a template into text and the tokens of its actions; `{{-` and `-}}` have trimmed the text already. @throws {TemplateError} */
export function lexTemplate(source: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  let trimNext = false;
  while (position < source.length) {
    const open = source.indexOf('{{', position);
    const end = open === -1 ? source.length : open;
    const trimsBefore = open !== -1 && /^-\s/.test(source.slice(open + 2, open + 4));
    let text = source.slice(position, end);
    if (trimNext) text = text.trimStart();
    if (trimsBefore) text = text.trimEnd();
    if (text !== '') tokens.push({ kind: 'text', text, at: position });
    if (open === -1) break;
    const start = open + 2 + (trimsBefore ? 2 : 0);
    const action = lexAction(source, start, open);
    tokens.push(...action.tokens);
    position = action.end;
    trimNext = action.trims;
  }
  return tokens;
}

const pattern =
  /(\s+)|("(?:[^"\\\n]|\\.)*"|`[^`]*`)|('(?:[^'\\]|\\.)+')|(\$[\p{L}\p{N}_]*)|(\.[\p{L}_][\p{L}\p{N}_]*)|([+-]?(?:0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?))|([\p{L}_][\p{L}\p{N}_]*)|(\.)|(:=|[=|(),])/uy;
const kinds = ['string', 'char', 'variable', 'field', 'number', 'word', 'dot', 'symbol'] as const;

function lexAction(source: string, start: number, open: number): { tokens: Token[]; end: number; trims: boolean } {
  if (source.startsWith('/*', start)) return lexComment(source, start, open);
  const tokens: Token[] = [{ kind: 'open', at: open, text: '{{' }];
  let position = start;
  let spaced = false;
  for (;;) {
    const close = /\s-\}\}|\}\}/y;
    close.lastIndex = position;
    const closed = close.exec(source) ?? (spaced ? trimmedClose(source, position) : null);
    if (closed !== null) {
      const end = position + closed[0].length;
      tokens.push({ kind: 'close', at: position, text: '}}' });
      return { tokens, end, trims: closed[0].includes('-') };
    }
    if (position >= source.length) throw new TemplateError(`template: :${lineOf(source, open)}: unclosed action`);
    pattern.lastIndex = position;
    const match = pattern.exec(source);
    if (match === null) throw unexpected(source, position, open);
    if (match[1] === undefined) {
      const kind = kinds[match.slice(2).findIndex((group) => group !== undefined)]!;
      tokens.push({ kind, text: match[0], at: position, spaced });
    }
    spaced = match[1] !== undefined;
    position += match[0].length;
  }
}

function trimmedClose(source: string, position: number): RegExpExecArray | null {
  const close = /-\}\}/y;
  close.lastIndex = position;
  return close.exec(source);
}

function lexComment(source: string, start: number, open: number): { tokens: Token[]; end: number; trims: boolean } {
  const end = source.indexOf('*/', start);
  if (end === -1) throw new TemplateError(`template: :${lineOf(source, open)}: unclosed comment`);
  const close = /(?:\s-)?\}\}/y;
  close.lastIndex = end + 2;
  const closed = close.exec(source);
  if (closed === null) throw new TemplateError(`template: :${lineOf(source, open)}: comment ends before closing delimiter`);
  return { tokens: [], end: end + 2 + closed[0].length, trims: closed[0].includes('-') };
}

function unexpected(source: string, position: number, open: number): TemplateError {
  const character = String.fromCodePoint(source.codePointAt(position)!);
  const line = lineOf(source, open);
  if (character === '"') return new TemplateError(`template: :${line}: unterminated quoted string`);
  if (character === '`') return new TemplateError(`template: :${line}: unterminated raw quoted string`);
  if (character === '{' || character === '}')
    return new TemplateError(`template: :${line}: unexpected ${JSON.stringify(character)} in operand`);
  const code = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
  return new TemplateError(`template: :${line}: unrecognized character in action: U+${code} '${character}'`);
}

/** The line of an offset, from 1. */
export function lineOf(source: string, at: number): number {
  return source.slice(0, at).split('\n').length;
}
