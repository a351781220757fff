import { readText } from '../transfer.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `NAME=value` of `--env-file` and then of `--env`. A name alone takes the value of `environment`; without one a line of a file counts for
 * nothing, and a flag stays a name alone. @throws with the docker CLI's words.
 */
export async function readEnvironment(files: readonly string[], flags: readonly string[], environment: Environment): Promise<string[]> {
  const fromFiles = await readLines(files, (name) => (environment[name] === undefined ? undefined : `${name}=${environment[name]}`));
  const fromFlags = flags.map((text) => {
    if (text.includes('=') || environment[text] === undefined) return text;
    return `${text}=${environment[text]}`;
  });
  return [...fromFiles, ...fromFlags];
}

/** Labels of `--label-file`, where a name alone counts for nothing, and then of `--label`. */
export async function readLabels(files: readonly string[], flags: readonly string[]): Promise<Record<string, string>> {
  return pairs([...(await readLines(files, () => undefined)), ...flags]);
}

/** `{a: '1'}` of `a=1`; a name alone has the value ''. */
export function pairs(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf('=');
      return equals === -1 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
}

async function readLines(files: readonly string[], ofName: (name: string) => string | undefined): Promise<string[]> {
  const lines: string[] = [];
  for (const path of files) {
    for (const line of (await readText(path)).replace(/^\uFEFF/, '').split('\n')) {
      const read = readLine(line.replace(/\r$/, ''), path, ofName);
      if (read !== undefined) lines.push(read);
    }
  }
  return lines;
}

function readLine(line: string, path: string, ofName: (name: string) => string | undefined): string | undefined {
  const text = line.trimStart();
  if (text === '' || text.startsWith('#')) return undefined;
  const equals = text.indexOf('=');
  const name = equals === -1 ? text : text.slice(0, equals);
  if (/\s/.test(name.trimStart()) && equals !== -1) throw new Error(`invalid env file (${path}): variable '${name}' contains whitespaces`);
  if (/\s/.test(name.trim())) throw new Error(`invalid env file (${path}): variable '${name}' contains whitespaces`);
  if (name === '') throw new Error(`invalid env file (${path}): no variable name on line '${line}'`);
  return equals === -1 ? ofName(name.trim()) : text;
}
