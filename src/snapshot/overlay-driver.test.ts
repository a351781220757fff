import { describe, expect, test } from 'bun:test';
import { Database } from 'bun:sqlite';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
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

test('125 layers make one root', async () => {
  const { signal } = new AbortController();
  const place = mkdtempSync(join(tmpdir(), 'berth-many-layers-with-a-rather-long-name-'));
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
