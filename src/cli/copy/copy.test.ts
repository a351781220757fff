import { afterEach, beforeEach, expect, test } from 'bun:test';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeTar, type TarEntryToWrite } from '../../archive/index.ts';
import { entriesOf } from './in.ts';
import { unpackTo } from './out.ts';
import { parsePathStat } from './path-stat.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-copy-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const { signal } = new AbortController();
const file = (name: string, text = 'x'): TarEntryToWrite => ({ header: { type: 'file', name }, body: new TextEncoder().encode(text) });
const directory = (name: string): TarEntryToWrite => ({ header: { type: 'directory', name } });
const unpack = (entries: TarEntryToWrite[], sourcePath: string, target: string, isDirectory = true) =>
  unpackTo(writeTar(entries, { signal }), { sourcePath, isDirectory, target: join(folder, target), keepOwner: false, signal });
const tree = () => readdirSync(folder, { recursive: true }).map(String).sort();

test('into a directory that is there, under a new name otherwise', async () => {
  mkdirSync(join(folder, 'there'));
  await unpack([directory('src/'), file('src/a')], '/src', 'there');
  await unpack([directory('src/'), file('src/a')], '/src', 'new');
  await unpack([file('a', 'text')], '/src/a', 'b', false);
  expect(tree()).toEqual(['b', 'new', 'new/a', 'there', 'there/src', 'there/src/a']);
  expect(readFileSync(join(folder, 'b'), 'utf8')).toBe('text');
});

test('a source that ends in /. means its content', async () => {
  await unpack([directory('./'), file('./a'), directory('./sub/'), file('./sub/b')], '/src/.', 'new');
  await unpack([directory('./'), file('./c')], '/src/.', 'new');
  expect(tree()).toEqual(['new', 'new/a', 'new/c', 'new/sub', 'new/sub/b']);
});

test('names that point outside stay inside', async () => {
  await unpack([directory('src/'), file('src/../../a/evil'), file('/abs/b')], '/src', 'new');
  expect(tree()).toEqual(['new', 'new/b', 'new/evil']);
  await expect(unpack([directory('src/'), file('src/../../../evil')], '/src', 'new2')).rejects.toThrow('cannot overwrite directory');
});

test('a link in the archive leads nothing elsewhere', async () => {
  mkdirSync(join(folder, 'outside'));
  const link: TarEntryToWrite = { header: { type: 'symlink', name: 'src/l', linkName: join(folder, 'outside') } };
  await expect(unpack([directory('src/'), link, file('src/l/evil')], '/src', 'new')).rejects.toThrow('not a directory');
  expect(readdirSync(join(folder, 'outside'))).toEqual([]);
  // A file of the same name takes the link's place.
  await unpack([directory('src/'), link, file('src/l', 'mine')], '/src', 'other');
  expect(lstatSync(join(folder, 'other/l')).isFile()).toBe(true);
  expect(readdirSync(join(folder, 'outside'))).toEqual([]);
});

test('what does not fit is refused', async () => {
  writeFileSync(join(folder, 'file'), 'x');
  await expect(unpack([directory('src/')], '/src', 'file')).rejects.toThrow('cannot copy directory');
  await expect(unpack([file('a')], '/a', 'nowhere/x', false)).rejects.toThrow('invalid output path: directory');
  await expect(unpack([file('a')], '/a', 'nodir/', false)).rejects.toThrow('no such directory');
});

test('the entries of a folder are its files, links and folders', async () => {
  mkdirSync(join(folder, 'src/sub'), { recursive: true });
  writeFileSync(join(folder, 'src/a'), 'text');
  symlinkSync('a', join(folder, 'src/l'));
  const entries: Array<[string, string]> = [];
  for await (const { header } of entriesOf(join(folder, 'src'), 'name', { followsLink: false, keepOwner: false })) {
    entries.push([String(header.name), header.type]);
  }
  expect(entries).toEqual([
    ['name/', 'directory'],
    ['name/a', 'file'],
    ['name/l', 'symlink'],
    ['name/sub/', 'directory'],
  ]);
  await unpackTo(writeTar(entriesOf(join(folder, 'src'), 'src', { followsLink: false, keepOwner: false }), { signal }), {
    sourcePath: '/src',
    isDirectory: true,
    target: join(folder, 'back'),
    keepOwner: true,
    signal,
  });
  expect([readFileSync(join(folder, 'back/a'), 'utf8'), readlinkSync(join(folder, 'back/l'))]).toEqual(['text', 'a']);
});

test('a path stat says directory and link by the bits of Go', () => {
  const header = (mode: number) => Buffer.from(JSON.stringify({ name: 'x', size: 1, mode, linkTarget: '/t' })).toString('base64');
  expect(parsePathStat(header(2 ** 31 + 0o755))).toEqual({ name: 'x', size: 1, isDirectory: true, isLink: false, linkTarget: '/t' });
  expect(parsePathStat(header(2 ** 27 + 0o777)).isLink).toBe(true);
  expect(() => parsePathStat(undefined)).toThrow();
});
