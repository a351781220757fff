import { expect, test } from 'bun:test';
import { Glob } from 'bun';
import { readFileSync } from 'node:fs';

test('the launcher stays small: under 1,500 lines of C', () => {
  const files = [...new Glob('native/*.{c,h}').scanSync('.')].filter((path) => !path.endsWith('/hello.c'));
  const lines = files.reduce((sum, path) => sum + readFileSync(path, 'utf8').split('\n').length - 1, 0);
  expect(files.length).toBeGreaterThan(4);
  expect(lines).toBeLessThan(1500);
});

test('the launcher is one static binary without libraries', () => {
  // The last program header of a static executable names no interpreter.
  expect(readFileSync('build/launcher').includes('/lib64/ld-linux')).toBe(false);
});
