import { expect, test } from 'bun:test';
import { Glob } from 'bun';
import { dirname, join, normalize } from 'node:path';

/** Which rooms a room may enter (docs/design.md, "Doors"). `main` constructs things and may enter all. */
const doors: Readonly<Record<string, readonly string[] | 'all'>> = {
  base: [],
  spec: ['base'],
  kernel: ['base'],
  archive: ['base', 'kernel'],
  content: ['base', 'spec'],
  volume: ['base', 'spec'],
  client: ['base', 'spec'],
  runtime: ['base', 'spec', 'kernel'],
  network: ['base', 'spec', 'kernel'],
  snapshot: ['base', 'spec', 'kernel', 'archive'],
  registry: ['base', 'spec', 'content'],
  image: ['base', 'spec', 'archive', 'content', 'snapshot'],
  build: ['base', 'spec', 'archive', 'content', 'snapshot', 'image'],
  engine: ['base', 'spec', 'kernel', 'archive', 'content', 'volume', 'runtime', 'network', 'snapshot', 'registry', 'image', 'build'],
  api: ['base', 'spec', 'engine'],
  compose: ['base', 'spec', 'archive', 'client'],
  cli: ['base', 'spec', 'archive', 'client', 'compose'],
  dashboard: ['spec'],
  main: 'all',
};

interface Import {
  readonly file: string;
  readonly target: string;
  /** Loaded with the file: neither a type alone nor an `import()` for later. */
  readonly atOnce: boolean;
}

const imports = await allImports();

test('every room has a rule, and every rule a meaning', () => {
  const rooms = new Set(imports.map(({ file }) => roomOf(file)));
  expect([...rooms].filter((room) => doors[room] === undefined)).toEqual([]);
  expect(imports.length).toBeGreaterThan(100);
});

test('rooms import only the rooms they may', () => {
  const forbidden = imports.filter(({ file, target }) => {
    const from = roomOf(file);
    const to = roomOf(target);
    const allowed = doors[from];
    return from !== to && allowed !== 'all' && !(allowed ?? []).includes(to);
  });
  expect(forbidden).toEqual([]);
});

test('a room is entered through its index.ts', () => {
  const sideways = imports.filter(
    ({ file, target }) =>
      roomOf(file) !== roomOf(target) && !/^src\/[a-z]+\/(index|suite)\.ts$/.test(target) && !isTest(file) && isSource(target),
  );
  expect(sideways).toEqual([]);
});

test('the command line does not load the engine', () => {
  const seen = new Set<string>();
  const walk = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const each of imports) if (each.atOnce && each.file === file) walk(each.target);
  };
  walk('src/cli/index.ts');
  expect([...seen].filter((file) => /^src\/(engine|api|runtime|kernel|image)\//.test(file))).toEqual([]);
});

function roomOf(file: string): string {
  return file.split('/')[1] ?? '';
}

function isTest(file: string): boolean {
  return file.endsWith('.test.ts') || file.endsWith('/suite.ts');
}

function isSource(file: string): boolean {
  return file.endsWith('.ts');
}

// Only real imports count: the transpiler reads them, so comments and strings do not. Type-only ones are erased by it, hence the second scan.
async function allImports(): Promise<readonly Import[]> {
  const found: Import[] = [];
  for await (const path of new Glob('src/**/*.ts').scan('.')) {
    const text = await Bun.file(path).text();
    const scanned = new Bun.Transpiler({ loader: 'ts' }).scanImports(text);
    const specifiers = new Set(scanned.map((each) => each.path));
    const atOnce = new Set(scanned.filter((each) => each.kind === 'import-statement').map((each) => each.path));
    for (const match of text.matchAll(/^(?:import|export) type [^;]*? from '(\.[^']+)';/gm)) specifiers.add(match[1]!);
    for (const specifier of specifiers) {
      if (!specifier.startsWith('.')) continue;
      found.push({ file: path, target: normalize(join(dirname(path), specifier)), atOnce: atOnce.has(specifier) });
    }
  }
  return found.filter(({ file, target }) => target.startsWith('src/') && !(isTest(file) && target.startsWith('test/')));
}
