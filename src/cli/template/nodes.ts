/** The tree of a template. `at` is the offset in the source, for messages. */
export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipe: Pipe }
  | { readonly kind: 'if' | 'with'; readonly pipe: Pipe; readonly body: readonly Node[]; readonly otherwise: readonly Node[] }
  | { readonly kind: 'range'; readonly pipe: Pipe; readonly body: readonly Node[]; readonly otherwise: readonly Node[] }
  | { readonly kind: 'break' | 'continue' };

/** `$a, $b := command | command`. */
export interface Pipe {
  readonly variables: readonly string[];
  /** `:=` makes new variables, `=` sets what there is. */
  readonly declares: boolean;
  readonly commands: readonly Command[];
}

/** A call: what to call or show, and the arguments. */
export interface Command {
  readonly operands: readonly Operand[];
  readonly at: number;
}

export type Operand =
  | { readonly kind: 'dot' | 'nil'; readonly at: number; readonly source: string }
  | { readonly kind: 'literal'; readonly value: string | number | boolean; readonly at: number; readonly source: string }
  /** `.A.B`, `$x.A.B` or `(pipe).A.B`. */
  | { readonly kind: 'fields'; readonly base: Base; readonly names: readonly string[]; readonly at: number; readonly source: string }
  | { readonly kind: 'function'; readonly name: string; readonly at: number; readonly source: string };

export type Base =
  | { readonly kind: 'dot' }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'pipe'; readonly pipe: Pipe };
