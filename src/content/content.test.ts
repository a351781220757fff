import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '../spec/index.ts';
import { openDiskStore, openMemoryStore, verify } from './index.ts';
import { contentStoreSuite } from './suite.ts';

const root = mkdtempSync(join(tmpdir(), 'berth-content-'));
let count = 0;
afterAll(() => rmSync(root, { recursive: true, force: true }));

contentStoreSuite(
  'disk store',
  async () => openDiskStore({ directory: join(root, String(++count)) }),
  async () => readdirSync(join(root, String(count), 'ingest')),
);
contentStoreSuite(
  'memory store',
  async () => openMemoryStore(),
  async () => [],
);

test('a sweep deletes half-written files and nothing else', async () => {
  const directory = join(root, 'sweep');
  const store = openDiskStore({ directory });
  const digest = await store.put(new Uint8Array([1, 2, 3]));
  writeFileSync(join(directory, 'ingest/left'), 'over');
  await openDiskStore({ directory }).sweep();
  expect(readdirSync(join(directory, 'ingest'))).toEqual([]);
  expect(store.size(digest)).toBe(3);
});

test('a blob damaged on disk is not handed out', async () => {
  const store = openDiskStore({ directory: join(root, 'damage') });
  const digest = await store.put(new Uint8Array([1, 2, 3]));
  writeFileSync(store.path(digest), 'abc');
  await expect(store.read(digest)).rejects.toThrow('is damaged');
});

test('a verified stream ends only when it was the blob', async () => {
  const bytes = new TextEncoder().encode('some bytes');
  const right = { digest: digestOf(bytes), size: bytes.length };
  const read = (descriptor: typeof right): Promise<string> => new Response(verify(new Blob([bytes]).stream(), descriptor)).text();
  expect(await read(right)).toBe('some bytes');
  await expect(read({ ...right, size: 3 })).rejects.toThrow('more than 3 bytes');
  await expect(read({ ...right, size: 30 })).rejects.toThrow('instead of 30 bytes');
  await expect(read({ ...right, digest: digestOf('') })).rejects.toThrow('digest mismatch');
});
