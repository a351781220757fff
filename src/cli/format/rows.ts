import type { CliIo } from '../io.ts';
import { tabulate } from './tabulate.ts';

/** How rows of a kind are shown. */
export interface RowFormat<Row> {
  /** Every field a template may name. */
  readonly fields: Readonly<Record<string, (row: Row, ...args: never[]) => unknown>>;
  /** The field's title in a table; a field without one has an empty title. */
  readonly headers: Readonly<Record<string, string>>;
  /** The columns of the plain table, in order. */
  readonly columns: readonly string[];
  /** Go's name for the row, in messages. */
  readonly typeName: string;
  /** The fields `--format json` leaves out, as they need an argument. */
  readonly methods?: readonly string[];
}

/** Writes `rows` as `--format` says: '' or `table` for the plain table, `table TEMPLATE`, `json`, or a template for each row. */
export async function writeRows<Row>(io: CliIo, format: string, rows: readonly Row[], spec: RowFormat<Row>): Promise<void> {
  await io.stdout.write(await renderRows(format, rows, spec));
}

// Go's encoder escapes what means something in HTML.
function goJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`);
}

/** The text `writeRows` writes. @throws with Docker's words when the template is wrong. */
export async function renderRows<Row>(format: string, rows: readonly Row[], spec: RowFormat<Row>): Promise<string> {
  if (format === '' || format === 'table') return plainTable(rows, spec);
  if (format === 'json') return rows.map((row) => `${goJson(contextOf(row, spec))}\n`).join('');
  const isTable = format.startsWith('table');
  const source = (isTable ? format.slice('table'.length).trim() : format).replaceAll('\\t', '\t').replaceAll('\\n', '\n');
  const show = await compile(source, spec.typeName);
  const lines = rows.map((row) => `${show(contextOf(row, spec))}\n`);
  if (!isTable) return lines.join('');
  return tabulate(`${show(headerContext(spec))}\n${lines.join('')}`);
}

function plainTable<Row>(rows: readonly Row[], spec: RowFormat<Row>): string {
  const cells = rows.map((row) => spec.columns.map((name) => String(spec.fields[name]!(row))).join('\t'));
  return tabulate(`${[spec.columns.map((name) => spec.headers[name] ?? '').join('\t'), ...cells].join('\n')}\n`);
}

/** Compiles a user's template; an unknown field is Docker's error for `typeName`. */
export async function compile(source: string, typeName: string): Promise<(value: unknown) => string> {
  const { compileTemplate, TemplateError } = await import('../template/index.ts');
  const wrap = <T>(prefix: string, work: () => T): T => {
    try {
      return work();
    } catch (error) {
      if (error instanceof TemplateError) throw new Error(`${prefix}: ${error.message}`, { cause: error });
      throw error;
    }
  };
  const template = wrap('failed to parse template', () =>
    compileTemplate(source, (name) => {
      throw new Error(`can't evaluate field ${name} in type ${typeName}`);
    }),
  );
  return (value) => wrap('failed to execute template', () => template(value));
}

class Context {
  [name: string]: unknown;

  toJSON(): unknown {
    const names = Object.keys(this).sort();
    return Object.fromEntries(names.map((name) => [name, (this[name] as () => unknown)()]));
  }
}

function contextOf<Row>(row: Row, spec: RowFormat<Row>): Context {
  const context = new Context();
  for (const [name, field] of Object.entries(spec.fields)) {
    const isMethod = spec.methods?.includes(name) === true;
    const value = (...args: unknown[]) => (field as (row: Row, ...args: unknown[]) => unknown)(row, ...args);
    Object.defineProperty(context, name, { value, enumerable: !isMethod });
  }
  return context;
}

// A method's title is its argument in capitals, as of `{{.Label "com.example"}}`.
function headerContext<Row>(spec: RowFormat<Row>): Context {
  const context = new Context();
  for (const name of Object.keys(spec.fields)) {
    const isMethod = spec.methods?.includes(name) === true;
    context[name] = isMethod ? (text: unknown) => labelTitle(String(text)) : (spec.headers[name] ?? '<no value>');
  }
  return context;
}

function labelTitle(name: string): string {
  return name.split('.').at(-1)!.replaceAll('-', ' ').replaceAll('_', ' ');
}
