import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openVolumeStore, type CreateVolumeRequest } from './index.ts';

let directory: string;
let database: Database;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'berth-volume-'));
  database = new Database(':memory:', { strict: true });
});
afterEach(() => {
  database.close();
  rmSync(directory, { recursive: true });
});

const open = () => openVolumeStore({ database, root: join(directory, 'volumes') });
const request = (own: Partial<CreateVolumeRequest> = {}): CreateVolumeRequest => ({
  name: '',
  driver: '',
  labels: {},
  options: {},
  ...own,
});

test('a volume is a directory and a row, and comes back as it was', () => {
  const made = open().create(request({ name: 'data', labels: { a: 'b' } }));
  expect(made).toMatchObject({ name: 'data', driver: 'local', labels: { a: 'b' }, anonymous: false });
  expect(made.mountpoint).toBe(join(directory, 'volumes/data/_data'));
  expect(existsSync(made.mountpoint)).toBe(true);
  expect(open().get('data')).toEqual(made);
  expect(open().create(request({ name: 'data', labels: { other: 'x' } }))).toEqual(made);
});

test('a volume without a name gets one of 64 digits', () => {
  expect(open().create(request())).toMatchObject({ name: expect.stringMatching(/^[0-9a-f]{64}$/) as string, anonymous: true });
});

test('removing takes row and directory', async () => {
  const store = open();
  const { mountpoint } = store.create(request({ name: 'data' }));
  writeFileSync(join(mountpoint, 'file'), 'x');
  await store.remove('data');
  expect(readdirSync(join(directory, 'volumes'))).toEqual([]);
  expect(() => store.get('data')).toThrow('get data: no such volume');
  await expect(store.remove('data')).rejects.toThrow('get data: no such volume');
});

test.each([
  [{ name: 'x' }, 'volume name is too short'],
  [{ name: '../up' }, 'includes invalid characters for a local volume name'],
  [{ name: 'a/b' }, 'includes invalid characters for a local volume name'],
  [{ name: 'data', driver: 'nfs' }, 'plugin "nfs" not found'],
])('%p is refused', (own, message) => {
  expect(() => open().create(request(own))).toThrow(message);
  expect(open().list()).toEqual([]);
});

test('the sweep deletes what no row names and makes what a row misses', () => {
  const store = open();
  const { mountpoint } = store.create(request({ name: 'kept' }));
  rmSync(join(directory, 'volumes/kept'), { recursive: true });
  mkdirSync(join(directory, 'volumes/nobodys/_data'), { recursive: true });
  store.sweep();
  expect(readdirSync(join(directory, 'volumes'))).toEqual(['kept']);
  expect(existsSync(mountpoint)).toBe(true);
});

test('usage counts what is on disk, hard links once', async () => {
  const store = open();
  const { mountpoint } = store.create(request({ name: 'data' }));
  const before = await store.usage('data');
  writeFileSync(join(mountpoint, 'file'), new Uint8Array(8192).fill(1));
  linkSync(join(mountpoint, 'file'), join(mountpoint, 'same'));
  expect((await store.usage('data')) - before).toBe(8192);
});
