import { afterAll, beforeAll, expect, test } from 'bun:test';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLog } from '../base/index.ts';
import { sourcesFor } from './apt-sources.ts';
import { bootstrapDebian } from './bootstrap.ts';
import { Bench, leftovers, makeLayers, signal } from './fixtures.ts';

const bench = new Bench();
const createdAt = new Date(1_700_000_000_000);
beforeAll(async () => await Bun.write(join(bench.root, 'root.tar'), (await makeLayers()).busybox));
afterAll(async () => bench[Symbol.asyncDispose]());

// A stand-in for the tool: what matters here is how the child is run and ended.
function tool(name: string, script: string): string {
  const path = join(bench.root, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

test('an image from what the tool wrote, named twice', async () => {
  const { images, directory } = await bench.openStores();
  const lines: string[] = [];
  const script = `echo "I: $* $SOURCE_DATE_EPOCH" >&2; : > "$TMPDIR/left"; echo "$TMPDIR" > ${bench.root}/tmpdir; cat ${bench.root}/root.tar`;
  const request = {
    suite: 'bookworm',
    include: ['curl'],
    mirror: 'deb file:///mirror bookworm main',
    createdAt,
    tool: tool('good', script),
  };
  const progress = (event: { readonly kind: string; readonly message?: string }): void => void lines.push(event.message ?? '');
  const image = await bootstrapDebian({ images, log: silentLog }, request, { signal, progress });
  expect(image.repoTags).toEqual(['debian:bookworm', 'debian:latest']);
  expect(image.createdAt).toEqual(createdAt);
  expect(image.config.config?.Cmd).toEqual(['bash']);
  expect(images.history(image)[0]?.createdBy).toBe('mmdebstrap --variant=minbase --include=curl bookworm');
  expect(lines).toEqual(['--variant=minbase --format=tar --include=curl bookworm - deb file:///mirror bookworm main 1700000000']);
  expect(existsSync((await Bun.file(join(bench.root, 'tmpdir')).text()).trim())).toBe(false);
  const again = await bootstrapDebian({ images, log: silentLog }, request, { signal });
  expect(again.id).toBe(image.id);
  expect(leftovers(directory)).toEqual([]);
});

test('a tool that fails, even after a whole tar, makes no image', async () => {
  const { images, directory } = await bench.openStores();
  const path = tool('bad', `cat ${bench.root}/root.tar; echo "E: no such suite" >&2; exit 25`);
  await expect(bootstrapDebian({ images, log: silentLog }, { suite: 'nope', tool: path }, { signal })).rejects.toThrow(
    'mmdebstrap failed with exit code 25: E: no such suite',
  );
  expect(images.list()).toEqual([]);
  expect(leftovers(directory)).toEqual([]);
});

test('an abort ends the tool and what it started', async () => {
  const { images, directory } = await bench.openStores();
  const abort = new AbortController();
  const path = tool('slow', `echo "$TMPDIR" > ${bench.root}/slow-tmpdir; sleep 1000 & echo "$$ $!" >&2; wait`);
  let pids: readonly number[] = [];
  const progress = (event: { readonly kind: string; readonly message?: string }): void => {
    pids = (event.message ?? '').split(' ').map(Number);
    abort.abort(new Error('enough'));
  };
  const failed = await bootstrapDebian({ images, log: silentLog }, { suite: 'x', tool: path }, { signal: abort.signal, progress }).then(
    () => null,
    (error: unknown) => error,
  );
  expect(String(failed)).toContain('enough');
  expect(pids.length).toBe(2);
  expect(() => process.kill(pids[0] ?? 0, 0)).toThrow();
  expect(leftovers(directory)).toEqual([]);
  expect(existsSync((await Bun.file(join(bench.root, 'slow-tmpdir')).text()).trim())).toBe(false);
});

test('a missing tool and bad words are told clearly', async () => {
  const { images } = await bench.openStores();
  const run = (request: Parameters<typeof bootstrapDebian>[1]) => bootstrapDebian({ images, log: silentLog }, request, { signal });
  await expect(run({ suite: 'x', tool: 'no-such-tool-here' })).rejects.toThrow('apt-get install mmdebstrap');
  await expect(run({ suite: '--hook', tool: 'sh' })).rejects.toThrow('invalid suite');
  await expect(run({ suite: 'x', include: ['--x'], tool: 'sh' })).rejects.toThrow('invalid package name');
});

test('mirrors are those of the machine', () => {
  const stanza = `Types: deb deb-src
# a comment
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib

Types: deb
URIs: http://mirror.example/security
Suites: bookworm-security
Components: main
`;
  expect(sourcesFor('bookworm', [stanza])).toEqual([
    'deb http://mirror.example/debian bookworm main',
    'deb http://mirror.example/debian bookworm-updates main',
    'deb http://mirror.example/security bookworm-security main',
  ]);
  expect(sourcesFor('sid', [stanza, ''])).toEqual([]);
  const old = '# x\ndeb [arch=amd64] http://m.example/d sid main non-free\ndeb-src http://m.example/d sid main\n';
  expect(sourcesFor('sid', [old])).toEqual(['deb http://m.example/d sid main']);
});
