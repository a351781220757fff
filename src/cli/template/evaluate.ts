import { functions, type TemplateFunction } from './functions.ts';
import { lineOf, TemplateError } from './lex.ts';
import type { Command, Node, Operand, Pipe } from './nodes.ts';
import { isTruthy, textOf } from './text-of.ts';

export interface EvaluateOptions {
  readonly source: string;
  /** What a field is that the object does not have: a value, or an error text thrown. */
  readonly missing: (name: string, owner: unknown) => unknown;
}

/** The text of a parsed template for one value. @throws {TemplateError} with Go's words and place. */
export function evaluateTemplate(nodes: readonly Node[], value: unknown, options: EvaluateOptions): string {
  const evaluator = new Evaluator(value, options);
  evaluator.run(nodes, value);
  return evaluator.text;
}

interface Variable {
  readonly name: string;
  value: unknown;
}

type Flow = 'next' | 'break' | 'continue';

class Evaluator {
  text = '';
  readonly #options: EvaluateOptions;
  readonly #variables: Variable[];

  constructor(value: unknown, options: EvaluateOptions) {
    this.#options = options;
    this.#variables = [{ name: '$', value }];
  }

  run(nodes: readonly Node[], dot: unknown): Flow {
    for (const node of nodes) {
      const flow = this.#node(node, dot);
      if (flow !== 'next') return flow;
    }
    return 'next';
  }

  #node(node: Node, dot: unknown): Flow {
    switch (node.kind) {
      case 'text':
        this.text += node.text;
        return 'next';
      case 'action': {
        const value = this.#pipe(node.pipe, dot);
        if (node.pipe.variables.length === 0) this.text += textOf(value);
        return 'next';
      }
      case 'if':
      case 'with': {
        const scope = this.#variables.length;
        const value = this.#pipe(node.pipe, dot);
        const flow = isTruthy(value) ? this.run(node.body, node.kind === 'with' ? value : dot) : this.run(node.otherwise, dot);
        this.#variables.length = scope;
        return flow;
      }
      case 'range':
        return this.#range(node, dot);
      case 'break':
      case 'continue':
        return node.kind;
    }
  }

  #range(node: Extract<Node, { kind: 'range' }>, dot: unknown): Flow {
    const scope = this.#variables.length;
    const value = this.#pipe({ ...node.pipe, variables: [] }, dot);
    const pairs = this.#pairs(value, node.pipe);
    for (const [key, each] of pairs) {
      const names = node.pipe.variables;
      if (names.length === 1) this.#set(names[0]!, each, node.pipe.declares);
      if (names.length === 2) {
        this.#set(names[0]!, key, node.pipe.declares);
        this.#set(names[1]!, each, node.pipe.declares);
      }
      const flow = this.run(node.body, each);
      this.#variables.length = scope;
      if (flow === 'break') break;
    }
    return pairs.length === 0 ? this.run(node.otherwise, dot) : 'next';
  }

  #pairs(value: unknown, pipe: Pipe): ReadonlyArray<readonly [unknown, unknown]> {
    if (Array.isArray(value)) return value.map((each, index) => [index, each] as const);
    if (value === null || value === undefined) return [];
    if (typeof value === 'number') return Array.from({ length: value }, (_, index) => [index, index] as const);
    if (typeof value === 'object') return Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
    throw this.#error(pipe.commands[0]!.operands[0]!, `range can't iterate over ${textOf(value)}`);
  }

  #set(name: string, value: unknown, declares: boolean): void {
    if (declares) this.#variables.push({ name, value });
    else this.#variables.findLast((variable) => variable.name === name)!.value = value;
  }

  #pipe(pipe: Pipe, dot: unknown): unknown {
    let value: unknown;
    for (const [index, command] of pipe.commands.entries()) value = this.#command(command, dot, index === 0 ? [] : [value]);
    if (pipe.variables.length > 0) this.#set(pipe.variables[0]!, value, pipe.declares);
    return value;
  }

  #command(command: Command, dot: unknown, piped: readonly unknown[]): unknown {
    const first = command.operands[0]!;
    const rest = command.operands.slice(1);
    if (first.kind === 'function') return this.#call(first, rest, dot, piped);
    if (first.kind === 'fields' && first.names.length > 0) {
      return this.#fields(first, dot, [...rest.map((operand) => this.#operand(operand, dot)), ...piped]);
    }
    if (rest.length > 0 || piped.length > 0) throw this.#error(first, `can't give argument to non-function ${first.source}`);
    if (first.kind === 'nil') throw this.#error(first, 'nil is not a command');
    return this.#operand(first, dot);
  }

  #call(first: Operand & { kind: 'function' }, rest: readonly Operand[], dot: unknown, piped: readonly unknown[]): unknown {
    if (first.name === 'and' || first.name === 'or') return this.#shortCircuit(first.name, rest, dot, piped);
    const values = [...rest.map((operand) => this.#operand(operand, dot)), ...piped];
    if (first.name === 'not') return !isTruthy(values[0]);
    try {
      return functions[first.name]!(...values);
    } catch (error) {
      throw this.#error(first, error instanceof Error ? error.message : String(error));
    }
  }

  #shortCircuit(name: 'and' | 'or', rest: readonly Operand[], dot: unknown, piped: readonly unknown[]): unknown {
    let value: unknown;
    for (const operand of rest) {
      value = this.#operand(operand, dot);
      if (isTruthy(value) === (name === 'or')) return value;
    }
    return piped.length > 0 ? piped[0] : value;
  }

  #operand(operand: Operand, dot: unknown): unknown {
    switch (operand.kind) {
      case 'dot':
        return dot;
      case 'nil':
        return null;
      case 'literal':
        return operand.value;
      case 'function':
        return this.#call(operand, [], dot, []);
      case 'fields':
        return this.#fields(operand, dot, []);
    }
  }

  #fields(operand: Operand & { kind: 'fields' }, dot: unknown, args: readonly unknown[]): unknown {
    let value = this.#base(operand, dot);
    for (const [index, name] of operand.names.entries()) {
      const isLast = index === operand.names.length - 1;
      value = this.#field(operand, value, name, isLast ? args : []);
    }
    return value;
  }

  #base(operand: Operand & { kind: 'fields' }, dot: unknown): unknown {
    const base = operand.base;
    if (base.kind === 'dot') return dot;
    if (base.kind === 'pipe') return this.#pipe(base.pipe, dot);
    return this.#variables.findLast((variable) => variable.name === base.name)!.value;
  }

  #field(operand: Operand & { kind: 'fields' }, owner: unknown, name: string, args: readonly unknown[]): unknown {
    if (owner === null || owner === undefined) throw this.#error(operand, `nil pointer evaluating interface {}.${name}`);
    if (typeof owner !== 'object' || Array.isArray(owner)) {
      const type = Array.isArray(owner)
        ? '[]interface {}'
        : typeof owner === 'string'
          ? 'string'
          : typeof owner === 'number'
            ? 'int'
            : 'bool';
      throw this.#error(operand, `can't evaluate field ${name} in type ${type}`);
    }
    const value = (owner as Record<string, unknown>)[name];
    const known = Object.hasOwn(owner, name) || (Object.getPrototypeOf(owner) !== Object.prototype && name in owner && /^[A-Z]/.test(name));
    try {
      if (!known) return this.#options.missing(name, owner);
      return typeof value === 'function' ? (value as TemplateFunction).apply(owner, [...args]) : value;
    } catch (error) {
      throw error instanceof TemplateError ? error : this.#error(operand, error instanceof Error ? error.message : String(error));
    }
  }

  #error(operand: Operand, message: string): TemplateError {
    const { source } = this.#options;
    const column = operand.at - (source.lastIndexOf('\n', operand.at - 1) + 1);
    const place = operand.kind === 'fields' && operand.names.length > 0 ? lastField(operand, column) : column;
    return new TemplateError(`template: :${lineOf(source, operand.at)}:${place}: executing "" at <${operand.source}>: ${message}`);
  }
}

// Go reports a chain of fields at its last dot.
function lastField(operand: Operand & { kind: 'fields' }, column: number): number {
  return column + operand.source.length - operand.names.at(-1)!.length - 1;
}
