import { afterAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChrootWorkers } from './chroot-worker.ts';

const { signal } = new AbortController();
const top = mkdtempSync(join(tmpdir(), 'berth-worker-'));
const entry = join(top, 'entry.ts');
writeFileSync(
  entry,
  `import { readdirSync } from 'node:fs';
import { JobServer } from ${JSON.stringify(join(import.meta.dir, 'index.ts'))};
const jobs = {
  list: { kind: 'call', run: () => readdirSync('/') },
  fail: { kind: 'call', run: () => { throw new Error('as told'); } },
  die: { kind: 'call', run: () => { setTimeout(() => { throw new Error('died'); }); return null; } },
  count: { kind: 'sink', open: () => { let n = 0; return { push: (b) => { n += b.length; }, end: () => n, close() {} }; } },
  numbers: { kind: 'source', *open(_, n) { for (let i = 0; i < n; i++) yield new Uint8Array([i]); return 'ended'; } },
};
const server = new JobServer(jobs, (message, transfer) => self.postMessage(message, transfer));
self.onmessage = (event) => server.receive(event.data);
`,
);
const pool = new ChrootWorkers({ entry, maxWorkers: 2, idleMs: 60_000 });
afterAll(async () => {
  await pool[Symbol.asyncDispose]();
  rmSync(top, { recursive: true, force: true });
});

test('a job sees its root alone, the process keeps the real one', async () => {
  const root = join(top, 'root');
  mkdirSync(join(root, 'only'), { recursive: true });
  const real = readdirSync('/').sort();
  expect(await pool.call({ job: 'list', root, argument: null }, { signal })).toEqual(['only']);
  expect(((await pool.call({ job: 'list', root: null, argument: null }, { signal })) as string[]).sort()).toEqual(real);
  expect(readdirSync('/').sort()).toEqual(real);
  await expect(pool.call({ job: 'list', root: join(top, 'none'), argument: null }, { signal })).rejects.toMatchObject({ code: 'NotFound' });
});

test('failures are answers, and the thread is good for more', async () => {
  await expect(pool.call({ job: 'fail', root: null, argument: null }, { signal })).rejects.toThrow('as told');
  await expect(pool.call({ job: 'nonsense', root: null, argument: null }, { signal })).rejects.toThrow('no such job');
  expect(pool.size).toBe(1);
});

test('streams go in and out, more of them than there are threads', async () => {
  const chunk = new Uint8Array(700_000);
  const input = (): ReadableStream<Uint8Array> => {
    let left = 20;
    return new ReadableStream({ pull: (controller) => (left-- > 0 ? controller.enqueue(chunk) : controller.close()) });
  };
  const sums = Array.from({ length: 5 }, () => pool.sink({ job: 'count', root: null, argument: null }, input(), { signal }));
  let result: unknown;
  const output = pool.source({ job: 'numbers', root: null, argument: 3 }, { signal, onResult: (value) => (result = value) });
  expect(await new Response(output).bytes()).toEqual(new Uint8Array([0, 1, 2]));
  expect(result).toBe('ended');
  expect(await Promise.all(sums)).toEqual(Array.from({ length: 5 }, () => 14_000_000));
  expect(pool.size).toBe(2);
});

test('who waits for a thread can give up', async () => {
  const silent = (): ReadableStream<Uint8Array> => new ReadableStream({ pull: () => new Promise(() => undefined) });
  const stop = new AbortController();
  const busy = [0, 1].map(() => pool.sink({ job: 'count', root: null, argument: null }, silent(), { signal: stop.signal }));
  const abort = new AbortController();
  const waiting = pool.call({ job: 'list', root: null, argument: null }, { signal: abort.signal });
  abort.abort(new Error('gave up'));
  await expect(waiting).rejects.toThrow('gave up');
  stop.abort(new Error('stopped'));
  expect((await Promise.allSettled(busy)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});

test('a thread that dies is replaced', async () => {
  await pool.call({ job: 'die', root: null, argument: null }, { signal });
  const root = join(top, 'after');
  mkdirSync(join(root, 'x'), { recursive: true });
  for (let tries = 0; ; tries++) {
    // The call that meets the dying thread is told; the next ones are served.
    const answer = await pool.call({ job: 'list', root, argument: null }, { signal }).catch((error: unknown) => error);
    if (Array.isArray(answer)) break;
    expect(answer).toMatchObject({ code: 'Unavailable' });
    expect(tries).toBeLessThan(3);
  }
});

test('an entry that is missing is an error, not a hang', async () => {
  await using broken = new ChrootWorkers({ entry: join(top, 'no-such-file.ts'), maxWorkers: 1, idleMs: 1000 });
  await expect(broken.call({ job: 'list', root: null, argument: null }, { signal })).rejects.toMatchObject({ code: 'Unavailable' });
});

test('a thread that ended leaves no descriptor', async () => {
  const root = join(top, 'leak');
  mkdirSync(root);
  const once = async (): Promise<number> => {
    await using own = new ChrootWorkers({ entry, maxWorkers: 1, idleMs: 60_000 });
    await own.call({ job: 'list', root, argument: null }, { signal });
    return readdirSync('/proc/self/fd').length;
  };
  const first = await once();
  for (let round = 0; round < 5; round++) await once();
  expect(await once()).toBeLessThanOrEqual(first + 1);
});
