import { expect, test } from 'bun:test';
import { DockerIgnore } from './dockerignore.ts';

const cases: ReadonlyArray<readonly [string, readonly string[], readonly string[]]> = [
  ['node_modules', ['node_modules', 'node_modules/a/b'], ['src/node_modules', 'node_modules2']],
  ['/node_modules/', ['node_modules', 'node_modules/a'], ['src/node_modules']],
  ['**/node_modules', ['node_modules', 'a/node_modules', 'a/b/node_modules/c'], ['a/node_modulesx']],
  ['*.md', ['README.md'], ['docs/README.md', 'md']],
  ['**/*.md', ['README.md', 'docs/a/README.md'], ['README.mdx']],
  ['*/temp*', ['a/temp', 'a/temporary.txt'], ['temp', 'a/b/temp']],
  ['temp?', ['tempa', 'temp1'], ['temp', 'temp12', 'temp/']],
  ['docs/**', ['docs/a', 'docs/a/b'], ['docs', 'doc']],
  ['a/**/b', ['a/b', 'a/x/b', 'a/x/y/b'], ['a/xb', 'ab']],
  ['**', ['a', 'a/b', '.git'], ['.']],
  ['*.md\n!README.md', ['a.md'], ['README.md']],
  ['*.md\n!README*.md\nREADME-secret.md', ['a.md', 'README-secret.md'], ['README.md', 'README-x.md']],
  ['*\n!src', ['a', 'a/b'], ['src', 'src/deep/file']],
  ['dir\n!dir/keep', ['dir', 'dir/a'], ['dir/keep', 'dir/keep/x']],
  ['# comment\n\n  spaced  \n#x', ['spaced'], ['# comment', '#x']],
  ['\uFEFFfirst', ['first'], []],
  ['./a/../b', ['b'], ['a']],
  ['[abc].txt\n[^x-z]1', ['a.txt', 'b.txt', 'a1'], ['d.txt', 'x1']],
  ['a\\*b', ['a*b'], ['axb']],
  ['a.b+c(d)', ['a.b+c(d)'], ['axb+c(d)']],
  ['! kept\nkept', ['kept'], []],
  ['.git', ['.git', '.git/config'], ['x/.git', '.gitignore']],
  ['', [], ['a']],
];

test('patterns match as moby matches them', () => {
  for (const [patterns, ignored, kept] of cases) {
    const ignore = new DockerIgnore(patterns);
    for (const path of ignored) expect([patterns, path, ignore.ignores(path)]).toEqual([patterns, path, true]);
    for (const path of kept) expect([patterns, path, ignore.ignores(path)]).toEqual([patterns, path, false]);
  }
});

test('malformed patterns are refused, exceptions are told', () => {
  for (const patterns of ['[a', 'a\\', '!', '[]', '[z-a]']) expect(() => new DockerIgnore(patterns)).toThrow(SyntaxError);
  expect(new DockerIgnore('a\n!b').hasExceptions).toBe(true);
  expect(new DockerIgnore('a').hasExceptions).toBe(false);
});
