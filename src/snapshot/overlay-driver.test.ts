import { describe, expect, test } from 'bun:test';
import { Database } from 'bun:sqlite';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRootWorkers, writeTar } from '../archive/index.ts';
import { silentLog } from '../base/index.ts';
import { digestOf, type Digest } from '../spec/index.ts';
import { openSnapshotStore } from './open-snapshot-store.ts';
import { overlayDriver } from './overlay-driver.ts';
import { file, snapshotSuite } from './suite.ts';

describe('overlay', () => snapshotSuite(() => Promise.resolve(overlayDriver())));

test('mounts are plain data: a bind for one directory, an overlay for more', () => {
  const driver = overlayDriver();
  const top = { upper: '/s/9/fs', work: '/s/9/work' };
  expect(driver.mounts({ top, lower: [] })).toEqual([{ type: 'bind', source: '/s/9/fs', options: ['bind', 'rw'] }]);
  expect(driver.mounts({ top: null, lower: ['/s/1/fs'] })).toEqual([{ type: 'bind', source: '/s/1/fs', options: ['bind', 'ro'] }]);
  expect(driver.mounts({ top, lower: ['/s/2/fs', '/s/1/fs'] })[0]?.options.slice(0, 3)).toEqual([
    'lowerdir=/s/2/fs:/s/1/fs',
    'upperdir=/s/9/fs',
    'workdir=/s/9/work',
  ]);
  expect(overlayDriver({ userNamespace: true }).mounts({ top, lower: ['/s/1/fs'] })[0]?.options).toContain('userxattr');
});

test('125 layers make one root, in a folder of any name', async () => {
  const { signal } = new AbortController();
  const place = mkdtempSync(join(tmpdir(), 'berth-many layers: with a long, odd name-'));
  await using workers = openRootWorkers();
  const store = openSnapshotStore({
    database: new Database(':memory:'),
    directory: join(place, 's'),
    runDirectory: join(place, 'run'),
    workers,
    log: silentLog,
  });
  let top: Digest | null = null;
  for (let at = 0; at < 125; at++) {
    const tar = await new Response(writeTar([file(`f${at}`)], { signal })).bytes();
    top = (await store.apply({ diffId: digestOf(tar), parent: top, tar: new Blob([tar]).stream() }, { signal })).chainId;
  }
  await store.prepare('key', top);
  {
    await using root = await store.mountTemporarily('key');
    expect(readdirSync(root.path).length).toBe(125);
  }
  rmSync(place, { recursive: true, force: true });
}, 60_000);

test('a full disk is said to be full, and nothing is left', async () => {
  const { signal } = new AbortController();
  const place = mkdtempSync(join(tmpdir(), 'berth-full-'));
  await using workers = openRootWorkers();
  await workers.mount({ from: '/', type: 'tmpfs', source: 'tmpfs', options: 'size=1m', target: place }, { signal });
  const store = openSnapshotStore({
    database: new Database(':memory:'),
    directory: join(place, 's'),
    runDirectory: join(place, 'run'),
    workers,
    log: silentLog,
  });
  const tar = writeTar([file('big', 'x'.repeat(3_000_000))], { signal });
  const failed = await store.apply({ diffId: digestOf(''), parent: null, tar }, { signal }).catch((error: unknown) => error);
  expect(failed).toMatchObject({ code: 'Internal', message: 'write /big: no space left on device' });
  await store.settled();
  expect(readdirSync(join(place, 's'))).toEqual(['trash']);
  await workers.unmount(place, { signal });
  rmSync(place, { recursive: true, force: true });
});

test('an engine killed while it unpacks leaves what the next one sweeps', async () => {
  const place = mkdtempSync(join(tmpdir(), 'berth-killed-'));
  const script = join(place, 'victim.ts');
  writeFileSync(
    script,
    `import { Database } from 'bun:sqlite';
import { openRootWorkers } from ${JSON.stringify(join(import.meta.dir, '../archive/index.ts'))};
import { encodeTarHeader } from ${JSON.stringify(join(import.meta.dir, '../archive/index.ts'))};
import { silentLog } from ${JSON.stringify(join(import.meta.dir, '../base/index.ts'))};
import { digestOf } from ${JSON.stringify(join(import.meta.dir, '../spec/index.ts'))};
import { openSnapshotStore } from ${JSON.stringify(join(import.meta.dir, 'index.ts'))};
const place = ${JSON.stringify(place)};
const store = openSnapshotStore({ database: new Database(place + '/db'), directory: place + '/s', runDirectory: place + '/run', workers: openRootWorkers(), log: silentLog });
let sent = 0;
const tar = new ReadableStream({
  pull(controller) {
    if (sent++ === 0) controller.enqueue(encodeTarHeader({ type: 'file', name: 'half', size: 100_000_000 }));
    else if (sent < 12) controller.enqueue(new Uint8Array(1024 * 1024));
    else { process.stdout.write('half'); return new Promise(() => undefined); }
  },
});
await store.prepare('named', null);
await store.apply({ diffId: digestOf('never'), parent: null, tar }, { signal: new AbortController().signal });
`,
  );
  const victim = Bun.spawn({ cmd: [process.execPath, script], stdout: 'pipe', stderr: 'inherit' });
  await victim.stdout.getReader().read();
  victim.kill('SIGKILL');
  await victim.exited;
  await using workers = openRootWorkers();
  expect(readdirSync(join(place, 's')).sort()).toEqual(['1', '2', 'trash']);
  const store = openSnapshotStore({
    database: new Database(join(place, 'db')),
    directory: join(place, 's'),
    runDirectory: join(place, 'run'),
    workers,
    log: silentLog,
  });
  await store.sweep();
  expect(readdirSync(join(place, 's')).sort()).toEqual(['1', 'trash']);
  expect(readdirSync(join(place, 's/trash'))).toEqual([]);
  expect([store.listActive(), store.listCommitted()]).toEqual([['named'], []]);
  rmSync(place, { recursive: true, force: true });
});
