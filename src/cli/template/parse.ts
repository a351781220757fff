import { lexTemplate, lineOf, TemplateError, type Token } from './lex.ts';
import type { Base, Command, Node, Operand, Pipe } from './nodes.ts';

/** The tree of a Go text/template, without `define`, `template` and `block`. @throws {TemplateError} with Go's words. */
export function parseTemplate(source: string, functions: ReadonlySet<string>): readonly Node[] {
  return new Parser(source, functions).parse();
}

class Parser {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  readonly #functions: ReadonlySet<string>;
  #index = 0;
  #variables: string[] = ['$'];
  #rangeDepth = 0;

  constructor(source: string, functions: ReadonlySet<string>) {
    this.#source = source;
    this.#tokens = lexTemplate(source);
    this.#functions = functions;
  }

  parse(): readonly Node[] {
    const { nodes, end } = this.#nodes(false);
    if (end !== undefined) throw this.#error(`unexpected {{${end}}}`);
    return nodes;
  }

  // Nodes up to an `end` or `else`, whose word is given back with its action still open.
  #nodes(nested: boolean): { nodes: Node[]; end: string | undefined } {
    const nodes: Node[] = [];
    for (let token = this.#tokens[this.#index]; token !== undefined; token = this.#tokens[this.#index]) {
      this.#index++;
      if (token.kind === 'text') {
        nodes.push({ kind: 'text', text: token.text });
        continue;
      }
      const first = this.#peek();
      const word = first?.kind === 'word' ? first.text : '';
      if (word === 'end' || word === 'else') {
        this.#index++;
        return { nodes, end: word };
      }
      nodes.push(this.#action(word));
    }
    if (nested) throw this.#error('unexpected EOF');
    return { nodes, end: undefined };
  }

  #action(word: string): Node {
    switch (word) {
      case 'if':
      case 'with':
      case 'range':
        this.#index++;
        return this.#block(word);
      case 'break':
      case 'continue':
        if (this.#rangeDepth === 0) throw this.#error(`{{${word}}} outside {{range}}`);
        this.#index++;
        this.#close(word);
        return { kind: word };
      default: {
        const pipe = this.#pipe('command');
        this.#close('command');
        return { kind: 'action', pipe };
      }
    }
  }

  #block(kind: 'if' | 'with' | 'range'): Node {
    const scope = this.#variables.length;
    const pipe = this.#pipe(kind);
    this.#close(kind);
    if (kind === 'range') this.#rangeDepth++;
    const { nodes: body, end } = this.#nodes(true);
    if (kind === 'range') this.#rangeDepth--;
    const otherwise = end === 'else' ? this.#else(kind) : [];
    if (end === 'end') this.#close('end');
    this.#variables.length = scope;
    return { kind, pipe, body, otherwise };
  }

  #else(kind: 'if' | 'with' | 'range'): readonly Node[] {
    const next = this.#peek();
    if (next?.kind === 'word' && next.text === kind && kind !== 'range') {
      this.#index++;
      return [this.#block(kind)];
    }
    this.#close('else');
    const { nodes, end } = this.#nodes(true);
    if (end !== 'end') throw this.#error('expected end; found {{else}}');
    this.#close('end');
    return nodes;
  }

  #pipe(context: string): Pipe {
    const { variables, declares } = this.#declaration();
    const commands: Command[] = [];
    for (;;) {
      const command = this.#command(context);
      commands.push(command);
      const next = this.#peek();
      if (next?.kind !== 'symbol' || next.text !== '|') break;
      this.#index++;
    }
    if (declares) this.#variables.push(...variables);
    return { variables, declares, commands };
  }

  #declaration(): { variables: readonly string[]; declares: boolean } {
    const variables: string[] = [];
    let index = this.#index;
    for (;;) {
      const variable = this.#tokens[index];
      const after = this.#tokens[index + 1];
      if (variable?.kind !== 'variable' || after?.kind !== 'symbol') return { variables: [], declares: false };
      variables.push(variable.text);
      index += 2;
      if (after.text === ',') continue;
      if (after.text !== ':=' && after.text !== '=') return { variables: [], declares: false };
      this.#index = index;
      if (after.text === '=') for (const name of variables) this.#known(name);
      return { variables, declares: after.text === ':=' };
    }
  }

  #command(context: string): Command {
    const operands: Operand[] = [];
    const at = this.#peek()?.at ?? this.#source.length;
    for (let operand = this.#operand(); operand !== undefined; operand = this.#operand()) operands.push(operand);
    if (operands.length === 0) throw this.#error(`missing value for ${context}`);
    return { operands, at };
  }

  #operand(): Operand | undefined {
    const token = this.#peek();
    if (token === undefined || token.kind === 'close' || token.kind === 'open' || token.kind === 'text') return undefined;
    if (token.kind === 'symbol' && token.text !== '(') {
      if (token.text === '|' || token.text === ')') return undefined;
      throw this.#error(`unexpected ${JSON.stringify(token.text)} in operand`);
    }
    this.#index++;
    const { at, text: source } = token;
    switch (token.kind) {
      case 'string':
        return { kind: 'literal', value: unquote(token.text), at, source };
      case 'char':
        return { kind: 'literal', value: unquote(`"${token.text.slice(1, -1)}"`).codePointAt(0)!, at, source };
      case 'number':
        return { kind: 'literal', value: Number(token.text), at, source };
      case 'word':
        return this.#word(token.text, at);
      case 'dot':
        return { kind: 'dot', at, source };
      case 'field':
        return this.#fields({ kind: 'dot' }, [token.text.slice(1)], at);
      case 'variable':
        this.#known(token.text);
        return this.#fields({ kind: 'variable', name: token.text }, [], at);
      default:
        return this.#parenthesis(at);
    }
  }

  #word(text: string, at: number): Operand {
    if (text === 'true' || text === 'false') return { kind: 'literal', value: text === 'true', at, source: text };
    if (text === 'nil') return { kind: 'nil', at, source: text };
    if (!this.#functions.has(text)) throw this.#error(`function ${JSON.stringify(text)} not defined`);
    return { kind: 'function', name: text, at, source: text };
  }

  #parenthesis(at: number): Operand {
    const pipe = this.#pipe('parenthesized pipeline');
    const close = this.#peek();
    if (close?.kind !== 'symbol' || close.text !== ')') throw this.#error('unclosed left paren');
    this.#index++;
    return this.#fields({ kind: 'pipe', pipe }, [], at);
  }

  #fields(base: Base, names: string[], at: number): Operand {
    let token = this.#peek();
    while (token?.kind === 'field' && !token.spaced) {
      names.push(token.text.slice(1));
      this.#index++;
      token = this.#peek();
    }
    const end = this.#tokens[this.#index - 1]!;
    return { kind: 'fields', base, names, at, source: this.#source.slice(at, end.at + end.text.length) };
  }

  #known(name: string): void {
    if (!this.#variables.includes(name)) throw this.#error(`undefined variable ${JSON.stringify(name)}`);
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#index];
  }

  #close(context: string): void {
    const token = this.#tokens[this.#index++];
    if (token?.kind !== 'close') throw this.#error(`unexpected ${JSON.stringify(token?.text ?? 'EOF')} in ${context}`);
  }

  #error(message: string): TemplateError {
    return new TemplateError(`template: :${lineOf(this.#source, this.#peek()?.at ?? this.#source.length)}: ${message}`);
  }
}

function unquote(text: string): string {
  if (text.startsWith('`')) return text.slice(1, -1);
  return text.slice(1, -1).replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[0-7]{3}|.)/g, (_, escape: string) => {
    const simple = { n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v' }[escape];
    if (simple !== undefined) return simple;
    if (/^[xu]./.test(escape)) return String.fromCodePoint(Number.parseInt(escape.slice(1), 16));
    return /^[0-7]{3}$/.test(escape) ? String.fromCodePoint(Number.parseInt(escape, 8)) : escape;
  });
}
