import { CliError } from './cli-error.ts';
import type { Call } from './command.ts';
import { describe } from './describe.ts';
import { indentJson } from './format/indent-json.ts';

/** Shows each argument's JSON as one list, or as `--format` says. `fetch` gives the JSON text of one. Exit code 1 when one failed. */
export async function inspectEach({ args, flags, io }: Call, fetch: (name: string) => Promise<string>): Promise<number> {
  const format = flags.string('format');
  const show = format === '' || format === 'json' ? undefined : await templated(format);
  const texts: string[] = [];
  let failures = '';
  for (const name of args) {
    try {
      const text = await fetch(name);
      texts.push(show === undefined ? text : show(text));
    } catch (error) {
      if (error instanceof BrokenTemplate) {
        await io.stdout.write(`${texts.join('')}\n`);
        throw new Error(error.message, { cause: error });
      }
      failures += `${describe(error)}\n`;
    }
  }
  if (show !== undefined) await io.stdout.write(texts.join('') || '\n');
  else if (format === 'json') await io.stdout.write(`[${texts.map((text) => text.trim()).join(',')}]\n`);
  else await io.stdout.write(`${texts.length === 0 ? '[]' : indentJson(`[${texts.join(',')}]`)}\n`);
  if (failures !== '') await io.stderr.write(failures);
  return failures === '' ? 0 : 1;
}

class BrokenTemplate extends Error {}

async function templated(format: string): Promise<(json: string) => string> {
  const [{ compileTemplate, TemplateError }, { shaped, missingField }] = await Promise.all([
    import('./template/index.ts'),
    import('./inspect-shape.ts'),
  ]);
  const source = format.replaceAll('\\t', '\t').replaceAll('\\n', '\n');
  const parse = () => {
    try {
      return compileTemplate(source, missingField);
    } catch (error) {
      throw new CliError(error instanceof TemplateError ? `template parsing error: ${error.message}` : String(error), 64);
    }
  };
  const template = parse();
  return (json) => {
    try {
      return `${template(shaped(JSON.parse(json)))}\n`;
    } catch (error) {
      throw error instanceof TemplateError ? new BrokenTemplate(`template parsing error: ${error.message}`) : error;
    }
  };
}
