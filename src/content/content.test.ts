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

const signal = new AbortController().signal;

function part(bytes: Uint8Array<ArrayBuffer>, from: number, to: number, failure?: Error): ReadableStream<Uint8Array> {
  let sent = false;
  return new ReadableStream(
    {
      pull(controller) {
        if (!sent) controller.enqueue(bytes.slice(from, to));
        else if (failure === undefined) controller.close();
        else controller.error(failure);
        sent = true;
      },
    },
    { highWaterMark: 0 },
  );
}

test('an arrival that broke goes on where it was, in the next store too, and is read meanwhile', async () => {
  const directory = join(root, 'arrival');
  const bytes = crypto.getRandomValues(new Uint8Array(60_000));
  const descriptor = { mediaType: 'x', digest: digestOf(bytes), size: bytes.length };
  {
    await using arrival = await openDiskStore({ directory }).arrive(descriptor, { signal });
    expect(arrival.size).toBe(0);
    const seen = new Response(arrival.follow({ signal })).bytes();
    seen.catch(() => undefined);
    await expect(arrival.fill(async () => part(bytes, 0, 20_000, new Error('cut')), { signal })).rejects.toThrow('cut');
    await expect(seen).rejects.toThrow('cut');
  }
  const store = openDiskStore({ directory });
  await store.sweep();
  await using arrival = await store.arrive(descriptor, { signal });
  await expect(store.arrive(descriptor, { signal })).rejects.toMatchObject({ code: 'Conflict' });
  const readers = [0, 1].map(() => new Response(arrival.follow({ signal })).bytes());
  let told = 0;
  await arrival.fill(async (offset) => part(bytes, offset, bytes.length), { signal, progress: (size) => (told = size) });
  expect(told).toBe(bytes.length);
  for (const reader of readers) expect(digestOf(await reader)).toBe(descriptor.digest);
  expect(store.size(descriptor.digest)).toBe(bytes.length);
  expect(readdirSync(join(directory, 'ingest'))).toEqual([]);
});

test('what arrives and is not the blob is deleted; an abort keeps what came', async () => {
  const directory = join(root, 'arrival-bad');
  const store = openDiskStore({ directory });
  const bytes = new TextEncoder().encode('some bytes that are right');
  const descriptor = { mediaType: 'x', digest: digestOf(bytes), size: bytes.length };
  const wrong: ReadonlyArray<readonly [ReadableStream<Uint8Array>, string]> = [
    [part(bytes.toReversed(), 0, 25), 'digest mismatch'],
    [part(new Uint8Array(30), 0, 30), 'more than 25 bytes'],
    [part(bytes, 0, 20), '20 bytes instead of 25'],
  ];
  for (const [stream, message] of wrong) {
    await using arrival = await store.arrive(descriptor, { signal });
    expect(arrival.size).toBe(0);
    await expect(arrival.fill(async () => stream, { signal })).rejects.toThrow(message);
  }
  expect(readdirSync(join(directory, 'ingest'))).toEqual([]);
  {
    await using arrival = await store.arrive(descriptor, { signal });
    await expect(arrival.fill(async () => part(bytes, 0, 10, new Error('cut')), { signal })).rejects.toThrow('cut');
  }
  await using arrival = await store.arrive(descriptor, { signal });
  expect(arrival.size).toBe(10);
  const abort = new AbortController();
  const waiting = new Response(arrival.follow({ signal: abort.signal })).bytes();
  abort.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
});
