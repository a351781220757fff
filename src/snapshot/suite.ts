import { afterAll, beforeEach, expect, test } from 'bun:test';
import { Database } from 'bun:sqlite';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRootWorkers, writeTar, type TarEntryToWrite } from '../archive/index.ts';
import { silentLog } from '../base/index.ts';
import { chainId, digestOf, type Digest } from '../spec/index.ts';
import type { SnapshotDriver } from './driver.ts';
import { DirectorySnapshotStore } from './store.ts';

const { signal } = new AbortController();

export const file = (name: string, body = name): TarEntryToWrite => ({ header: { type: 'file', name }, body: Buffer.from(body) });
export const directory = (name: string, mode = 0o755): TarEntryToWrite => ({
  header: { type: 'directory', name, mode, mtimeSeconds: 1000 },
});

/** What every snapshot store must do, whatever its driver. */
export function snapshotSuite(driver: () => Promise<SnapshotDriver>): void {
  const workers = openRootWorkers();
  const top = mkdtempSync(join(tmpdir(), 'berth-snapshot-'));
  let place = '';
  let count = 0;
  let database: Database;
  let store: DirectorySnapshotStore;

  const open = async (): Promise<DirectorySnapshotStore> =>
    new DirectorySnapshotStore({
      database,
      directory: join(place, 's'),
      runDirectory: join(place, 'run'),
      workers,
      driver: await driver(),
      log: silentLog,
    });
  const stream = (bytes: Uint8Array) => new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
  const layer = async (parent: Digest | null, ...entries: TarEntryToWrite[]) => {
    const tar = await new Response(writeTar(entries, { signal })).bytes();
    return { diffId: digestOf(tar), parent, tar: stream(tar), bytes: tar };
  };
  const apply = async (parent: Digest | null, ...entries: TarEntryToWrite[]): Promise<Digest> =>
    (await store.apply(await layer(parent, ...entries), { signal })).chainId;
  const look = async (name: string): Promise<Record<string, string>> => {
    await using root = await store.mountTemporarily(name);
    const seen: Record<string, string> = {};
    for (const entry of readdirSync(root.path, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      seen[path.slice(root.path.length + 1)] = entry.isDirectory() ? '/' : readFileSync(path, 'utf8');
    }
    return seen;
  };
  const write = async (key: string, change: (root: string) => void): Promise<void> => {
    await using root = await store.mountTemporarily(key);
    change(root.path);
  };
  const directories = (): string[] => readdirSync(join(place, 's')).filter((name) => name !== 'trash');

  beforeEach(async () => {
    place = join(top, String(count++));
    mkdirSync(place);
    database = new Database(':memory:');
    store = await open();
  });
  afterAll(async () => {
    await store.settled();
    await workers[Symbol.asyncDispose]();
    rmSync(top, { recursive: true, force: true });
  });

  test('layers apply over each other, with what they hide', async () => {
    const one = await apply(null, directory('d'), file('d/a', 'one'), file('d/b', 'one'), file('gone'));
    const two = await apply(one, directory('d'), file('d/b', 'two'), file('.wh.gone', ''), file('d/.wh.a', ''));
    const three = await apply(two, directory('d'), file('d/.wh..wh..opq', ''), file('d/c', 'three'));
    expect(await look(one)).toEqual({ d: '/', 'd/a': 'one', 'd/b': 'one', gone: 'gone' });
    expect(await look(two)).toEqual({ d: '/', 'd/b': 'two' });
    expect(await look(three)).toEqual({ d: '/', 'd/c': 'three' });
    expect(store.has(two)).toBe(true);
    expect(store.listCommitted().map(({ chainId: id, parent, size }) => [id, parent, size])).toEqual([
      [one, null, 10],
      [two, one, 3],
      [three, two, 5],
    ]);
  });

  test('a layer may come before the one it stands on', async () => {
    const one = await layer(null, directory('d', 0o700), file('d/a', 'one'));
    const two = await layer(one.diffId, file('d/.wh.a', ''), file('d/b', 'two'));
    const below = Promise.withResolvers<void>();
    const upper = store.apply({ ...two, below: below.promise }, { signal });
    await store.apply(one, { signal });
    below.resolve();
    expect(await look((await upper).chainId)).toEqual({ d: '/', 'd/b': 'two' });
    const orphan = await layer(one.diffId, file('c'));
    await expect(store.apply({ ...orphan, below: Promise.reject(new Error('the lower one broke')) }, { signal })).rejects.toThrow(
      'the lower one broke',
    );
    expect(store.listCommitted().length).toBe(2);
  });

  test('bytes that are known to be right are taken as they are', async () => {
    const known = await layer(null, file('x'));
    expect((await store.apply({ ...known, verified: true }, { signal })).chainId).toBe(known.diffId);
    expect(await look(known.diffId)).toEqual({ x: 'x' });
  });

  test('applying what is there cancels the stream; twice at once makes one layer', async () => {
    const once = await layer(null, file('x'));
    const again = await layer(null, file('x'));
    const [a, b] = await Promise.all([store.apply(once, { signal }), store.apply(again, { signal })]);
    expect(a).toEqual(b);
    expect(directories().length).toBe(1);
    let cancelled = false;
    const tar = new ReadableStream<Uint8Array>({ cancel: () => void (cancelled = true) });
    await store.apply({ diffId: once.diffId, parent: null, tar }, { signal });
    expect(cancelled).toBe(true);
  });

  test('a layer with another digest, a broken one, one without parent and an abort leave nothing', async () => {
    const good = await layer(null, file('x', 'y'.repeat(5000)));
    const other = digestOf('other');
    const refused = [
      { layer: { ...good, diffId: other }, code: 'InvalidArgument' },
      { layer: { ...good, tar: stream(good.bytes.subarray(0, 1000)) }, code: 'InvalidArgument' },
      { layer: { ...good, parent: other, tar: stream(good.bytes) }, code: 'NotFound' },
    ];
    for (const { layer: bad, code } of refused) {
      await expect(store.apply(bad, { signal })).rejects.toMatchObject({ code });
    }
    const abort = new AbortController();
    const silent = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => undefined) });
    const waiting = store.apply({ ...good, tar: silent }, { signal: abort.signal });
    abort.abort(new Error('stop'));
    await expect(waiting).rejects.toThrow('stop');
    await store.settled();
    expect(directories()).toEqual([]);
    expect(readdirSync(join(place, 's/trash'))).toEqual([]);
    expect(store.listCommitted()).toEqual([]);
  });

  test('active snapshots are written apart from each other and from their parent', async () => {
    const image = await apply(null, file('shared', 'image'), directory('etc'));
    expect((await store.prepare('one', image)).length).toBe(1);
    await store.prepare('two', image);
    await store.prepare('empty', null);
    await write('one', (root) => {
      writeFileSync(join(root, 'shared'), 'changed');
      writeFileSync(join(root, 'etc/new'), 'added');
    });
    await write('empty', (root) => writeFileSync(join(root, 'x'), 'y'));
    expect(await look('one')).toEqual({ shared: 'changed', etc: '/', 'etc/new': 'added' });
    expect(await look('two')).toEqual({ shared: 'image', etc: '/' });
    expect(await look(image)).toEqual({ shared: 'image', etc: '/' });
    expect(await look('empty')).toEqual({ x: 'y' });
    expect(await store.usage('one')).toBe(12);
    expect(await store.usage('two')).toBe(0);
    expect([...store.listActive()].sort()).toEqual(['empty', 'one', 'two']);
    expect(existsSync(store.directories('one').upper)).toBe(true);
    expect(store.directories('one').lower.length).toBeGreaterThan(0);
  });

  test('names are taken once and missing ones are said to be missing', async () => {
    const none = digestOf('none');
    await store.prepare('key', null);
    await expect(store.prepare('key', null)).rejects.toMatchObject({ code: 'AlreadyExists' });
    await expect(store.prepare('new', none)).rejects.toMatchObject({ code: 'NotFound' });
    await expect(store.mountTemporarily('none')).rejects.toMatchObject({ code: 'NotFound' });
    expect(() => store.mounts('none')).toThrow('does not exist');
    expect(() => store.view(none)).toThrow('does not exist');
    expect(store.has(none)).toBe(false);
    await store.remove('none');
    await store.removeCommitted(none);
    await store.settled();
    expect(directories().length).toBe(1);
  });

  test('changes are listed as docker diff does, and packed as a layer', async () => {
    const image = await apply(
      null,
      directory('d'),
      file('d/keep'),
      file('d/edit'),
      file('d/drop'),
      directory('whole'),
      file('whole/x'),
      directory('quiet'),
    );
    await store.prepare('key', image);
    expect(await store.changes('key', { signal })).toEqual([]);
    await write('key', (root) => {
      writeFileSync(join(root, 'd/edit'), 'edited');
      rmSync(join(root, 'd/drop'));
      mkdirSync(join(root, 'd/new'));
      writeFileSync(join(root, 'd/new/file'), 'x');
      rmSync(join(root, 'whole'), { recursive: true });
    });
    const letters = { modified: 'C', added: 'A', deleted: 'D' };
    const changes = await store.changes('key', { signal });
    expect(changes.map(({ kind, path }) => `${letters[kind]} ${path}`)).toEqual([
      'C /d',
      'D /d/drop',
      'C /d/edit',
      'A /d/new',
      'A /d/new/file',
      'D /whole',
    ]);
    const tar = await new Response(store.diffTar('key', { signal })).bytes();
    expect(digestOf(await new Response(store.diffTar('key', { signal })).bytes())).toBe(digestOf(tar));
    const { chainId: copied } = await store.apply({ diffId: digestOf(tar), parent: image, tar: stream(tar) }, { signal });
    expect(await look(copied)).toEqual(await look('key'));
    await store.settled();
    expect(readdirSync(join(place, 's')).some((name) => name.startsWith('scratch'))).toBe(false);
  });

  test('commit turns a key into a layer', async () => {
    const image = await apply(null, file('base'));
    await store.prepare('key', image);
    await write('key', (root) => writeFileSync(join(root, 'more'), 'data'));
    const tar = await new Response(store.diffTar('key', { signal })).bytes();
    const committed = await store.commit('key', digestOf(tar));
    expect(committed).toBe(chainId(image, digestOf(tar)));
    expect(store.listActive()).toEqual([]);
    expect(await look(committed)).toEqual({ base: 'base', more: 'data' });
    expect(store.listCommitted().at(-1)).toMatchObject({ chainId: committed, parent: image, size: 4 });
    expect(digestOf(await new Response(store.layerTar(committed, { signal })).bytes())).toBe(digestOf(tar));
    await store.prepare('over', committed);
    expect(await look('over')).toEqual({ base: 'base', more: 'data' });
  });

  test('nothing is removed while something stands on it, and all of it after', async () => {
    const one = await apply(null, file('a'));
    const two = await apply(one, file('b'));
    await store.prepare('key', two);
    await expect(store.removeCommitted(one)).rejects.toMatchObject({ code: 'Conflict' });
    await expect(store.removeCommitted(two)).rejects.toMatchObject({ code: 'Conflict' });
    await store.remove('key');
    await store.removeCommitted(two);
    await store.removeCommitted(one);
    await store.settled();
    expect(directories()).toEqual([]);
    expect(readdirSync(join(place, 's/trash'))).toEqual([]);
    expect(store.has(one) || store.has(two)).toBe(false);
  });

  test('a layer that does not name a directory leaves it as it was below', async () => {
    const one = await apply(null, directory('private', 0o700), file('private/a'));
    const two = await apply(one, file('private/b'));
    await using root = await store.mountTemporarily(two);
    const stat = await Bun.file(join(root.path, 'private')).stat();
    expect(stat.mode & 0o777).toBe(0o700);
    expect(readdirSync(join(root.path, 'private')).sort()).toEqual(['a', 'b']);
  });

  test('sweep finishes what a crash cut short, and keeps what is named', async () => {
    const image = await apply(null, file('a'));
    await store.prepare('kept', image);
    await store.prepare('lost', image);
    await store.settled();
    // Half made, half removed, packed halfway, and a row whose directory is gone.
    mkdirSync(join(place, 's/900/fs'), { recursive: true });
    writeFileSync(join(place, 's/900/fs/half'), '');
    mkdirSync(join(place, 's/trash/901/fs'), { recursive: true });
    mkdirSync(join(place, 's/scratch-7'));
    rmSync(join(store.directories('lost').upper, '..'), { recursive: true });
    const left = await store.mountTemporarily('kept');
    const reopened = await open();
    await reopened.sweep();
    expect(directories().length).toBe(2);
    expect(readdirSync(join(place, 's/trash'))).toEqual([]);
    expect(reopened.listActive()).toEqual(['kept']);
    expect(reopened.has(image)).toBe(true);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(join(place, 'run'));
    await left[Symbol.asyncDispose]();
    await reopened.prepare('next', image);
    expect(directories().length).toBe(3);
    rmSync(join(reopened.directories('kept').lower[0] ?? '', '..'), { recursive: true });
    await reopened.sweep();
    expect(reopened.has(image)).toBe(false);
  });

  test('who looks at the same root shares its mount, the last one takes it down', async () => {
    const one = await apply(null, file('a'));
    const two = await apply(one, file('b'));
    const [a, b] = await Promise.all([store.mountTemporarily(two), store.mountTemporarily(two)]);
    expect(a.path).toBe(b.path);
    await a[Symbol.asyncDispose]();
    await a[Symbol.asyncDispose]();
    expect(readdirSync(b.path).sort()).toEqual(['a', 'b']);
    await b[Symbol.asyncDispose]();
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(place);
  });
}
