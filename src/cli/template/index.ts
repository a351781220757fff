import { evaluateTemplate } from './evaluate.ts';
import { functions } from './functions.ts';
import { parseTemplate } from './parse.ts';

export { TemplateError } from './lex.ts';
export { isTruthy, textOf, type Shown } from './text-of.ts';

/** A template ready to be shown for any value. */
export type Template = (value: unknown) => string;

const names: ReadonlySet<string> = new Set([...Object.keys(functions), 'and', 'or', 'not']);

/**
 * Compiles a Go text/template with Docker's functions. Fields are an object's properties; methods are called. `missing` says what an absent
 * field is and throws to refuse it. @throws {TemplateError} with Go's words; the template itself throws the same class.
 */
export function compileTemplate(source: string, missing: (name: string, owner: unknown) => unknown = refuse): Template {
  const nodes = parseTemplate(source, names);
  return (value) => evaluateTemplate(nodes, value, { source, missing });
}

function refuse(name: string, owner: unknown): unknown {
  const found = inOtherCase(name, owner);
  if (found !== undefined) return found;
  throw new Error(`map has no entry for key ${JSON.stringify(name)}`);
}

/**
 * The property of `owner` that `name` means in Go: Docker's structs call some fields otherwise than their JSON does, but for case alone
 * (`APIVersion` and `ApiVersion`, `ID` and `Id`). Undefined when there is none.
 */
export function inOtherCase(name: string, owner: unknown): unknown {
  const wanted = name.toLowerCase();
  return Object.entries(owner as object).find(([key]) => key.toLowerCase() === wanted)?.[1];
}
