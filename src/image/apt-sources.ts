import { readdirSync, readFileSync } from 'node:fs';

/** One `deb` source: where packages of which suites come from. */
interface AptSource {
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
}

/**
 * One-line sources (sources.list(5)) for `suite` and its updates from what this machine's apt uses; empty when it uses another suite.
 * `texts` are the contents of its source files, of either form.
 */
export function sourcesFor(suite: string, texts: readonly string[]): readonly string[] {
  const lines: string[] = [];
  for (const { uri, suites, components } of texts.flatMap(parseSources)) {
    const wanted = suites.filter((name) => name === suite || name === `${suite}-updates` || name === `${suite}-security`);
    if (/^(?:https?|file|copy):/.test(uri) && components.includes('main')) for (const name of wanted) lines.push(`deb ${uri} ${name} main`);
  }
  // A base system comes from the suite itself; updates alone are no mirror.
  return lines.some((line) => line.endsWith(` ${suite} main`)) ? [...new Set(lines)] : [];
}

/** The contents of this machine's apt source files. */
export function hostSources(directory: string = '/etc/apt'): readonly string[] {
  const read = (path: string): string[] => {
    try {
      return [readFileSync(path, 'utf8')];
    } catch {
      return [];
    }
  };
  let names: string[] = [];
  try {
    names = readdirSync(`${directory}/sources.list.d`).filter((name) => /\.(?:list|sources)$/.test(name));
  } catch {
    // A machine without apt has no sources.
  }
  return [...read(`${directory}/sources.list`), ...names.toSorted().flatMap((name) => read(`${directory}/sources.list.d/${name}`))];
}

function parseSources(text: string): readonly AptSource[] {
  const plain = text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('\n');
  return /^Types:/im.test(plain) ? plain.split(/\n\s*\n/).flatMap(parseStanza) : plain.split('\n').flatMap(parseLine);
}

function parseLine(line: string): readonly AptSource[] {
  const match = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(\S.*)$/.exec(line);
  return match === null ? [] : [{ uri: match[1] ?? '', suites: [match[2] ?? ''], components: words(match[3]) }];
}

function parseStanza(stanza: string): readonly AptSource[] {
  const field = (name: string): readonly string[] => words(new RegExp(`^${name}:(.*(?:\n[ \t].*)*)`, 'im').exec(stanza)?.[1]);
  if (!field('Types').includes('deb') || field('Enabled')[0] === 'no') return [];
  return field('URIs').map((uri) => ({ uri, suites: field('Suites'), components: field('Components') }));
}

function words(text: string | undefined): readonly string[] {
  return (text ?? '').split(/\s+/).filter((word) => word !== '');
}
