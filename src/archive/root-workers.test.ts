import { afterAll, beforeEach, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRootWorkers } from './root-workers.ts';
import type { WhiteoutMode } from './root-jobs.ts';
import { readTar } from './read-tar.ts';
import { writeTar, type TarEntryToWrite } from './write-tar.ts';

const { signal } = new AbortController();
const workers = openRootWorkers({ idleMs: 100 });
const top = mkdtempSync(join(tmpdir(), 'berth-roots-'));
afterAll(async () => {
  await workers[Symbol.asyncDispose]();
  rmSync(top, { recursive: true, force: true });
});

let root = '';
let outside = '';
let count = 0;
beforeEach(() => {
  root = join(top, `root${count}`);
  outside = join(top, `outside${count++}`);
  mkdirSync(root);
  mkdirSync(outside);
  writeFileSync(join(outside, 'secret'), 'untouched');
});

const directory = (name: string, mode = 0o755): TarEntryToWrite => ({ header: { type: 'directory', name, mode, mtimeSeconds: 1000 } });
const file = (name: string, body = name, more: Partial<TarEntryToWrite['header']> = {}): TarEntryToWrite => ({
  header: { type: 'file', name, mtimeSeconds: 2000, ...more },
  body: Buffer.from(body),
});
const symlink = (name: string, linkName: string): TarEntryToWrite => ({ header: { type: 'symlink', name, linkName } });
const hardlink = (name: string, linkName: string): TarEntryToWrite => ({ header: { type: 'hardlink', name, linkName } });

function apply(entries: readonly TarEntryToWrite[], whiteouts: WhiteoutMode = 'overlay', into = root) {
  return workers.applyTar(into, writeTar(entries, { signal }), { signal, whiteouts });
}

function untar(entries: readonly TarEntryToWrite[], path = '/', noOverwriteDirNonDir = false) {
  return workers.untarInto(root, path, writeTar(entries, { signal }), { signal, noOverwriteDirNonDir });
}

async function entriesOf(tar: ReadableStream<Uint8Array>): Promise<string[]> {
  const seen: string[] = [];
  for await (const { header, bytes } of readTar(tar, { signal })) {
    const more = header.type === 'file' ? Buffer.from(await bytes(1e6)).toString() : header.linkName;
    seen.push(`${header.type} ${header.name}${more === '' ? '' : ` ${more}`}`);
  }
  return seen;
}

test('unpacks owners, modes, times, links and devices', async () => {
  const applied = await apply([
    directory('d', 0o2775),
    file('d/suid', 'x', { mode: 0o4755, uid: 1000, gid: 1000 }),
    file('d/plain'),
    directory('d/sub'),
    hardlink('hard', 'd/plain'),
    symlink('link', '/d/plain'),
    { header: { type: 'char', name: 'null', deviceMajor: 1, deviceMinor: 3, mode: 0o666 } },
    { header: { type: 'fifo', name: 'pipe', mode: 0o600 } },
    file('implied/deep/file', 'abc', { mtimeNanos: 250_000_000 }),
  ]);
  expect(applied).toMatchObject({ size: 11, entries: 9, impliedDirectories: ['implied', 'implied/deep'] });
  expect(applied.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  const at = (name: string) => lstatSync(join(root, name));
  expect(at('d/suid')).toMatchObject({ mode: 0o104755, uid: 1000, gid: 1000 });
  expect(at('d/plain')).toMatchObject({ mode: 0o100644, uid: 0, gid: 0, nlink: 2 });
  expect(at('d/sub').mode).toBe(0o040755);
  expect(at('d')).toMatchObject({ mode: 0o042775, mtimeMs: 1_000_000 });
  expect(readlinkSync(join(root, 'link'))).toBe('/d/plain');
  expect(at('null')).toMatchObject({ mode: 0o020666, rdev: 0x103 });
  expect(at('pipe').mode).toBe(0o010600);
  expect(at('implied/deep/file').mtimeMs).toBe(2_000_250);
});

test('no entry reaches outside, whatever it and its parents are called', async () => {
  await apply([
    file('../../../../escape1', 'x'),
    file('/escape2', 'x'),
    symlink('up', '../../../../../../..'),
    file(`up${outside}/made`, 'x'),
    symlink('absolute', outside),
    file('absolute/through', 'x'),
    symlink('secret', join(outside, 'secret')),
    file('secret', 'replaced'),
  ]);
  expect(readdirSync(outside)).toEqual(['secret']);
  expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('untouched');
  expect(readFileSync(join(root, 'secret'), 'utf8')).toBe('replaced');
  expect(existsSync(join(root, 'escape1')) && existsSync(join(root, 'escape2'))).toBe(true);
  // The links lead to the root's own directories, which were made.
  expect(readFileSync(join(root, outside, 'through'), 'utf8')).toBe('x');
}, 20_000);

test('no hard link reaches outside', async () => {
  for (const target of [join(outside, 'secret'), `../../../../../../..${join(outside, 'secret')}`]) {
    await expect(apply([hardlink('stolen', target)])).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringMatching(/no such file/),
    });
  }
  await expect(apply([symlink('way', outside), hardlink('stolen', 'way/secret')])).rejects.toMatchObject({ code: 'InvalidArgument' });
  expect(statSync(join(outside, 'secret')).nlink).toBe(1);
});

test('a directory swapped for a link takes nothing along', async () => {
  symlinkSync(outside, join(root, 'swap'));
  mkdirSync(join(root, 'real'));
  writeFileSync(join(root, 'real/keep'), '');
  await expect(untar([directory('real'), symlink('real', outside), file('real/x')])).rejects.toThrow('not a directory');
  expect(readlinkSync(join(root, 'real'))).toBe(outside);
  expect(readdirSync(outside)).toEqual(['secret']);
  await untar([file('swap', 'now a file')]);
  expect(readFileSync(join(root, 'swap'), 'utf8')).toBe('now a file');
  expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('untouched');
});

test('links of a mounted /proc lead nowhere', async () => {
  mkdirSync(join(root, 'proc'));
  await workers.mount({ from: '/', type: 'proc', source: 'proc', options: '', target: join(root, 'proc') }, { signal });
  try {
    symlinkSync(`/proc/${process.pid}/root${outside}`, join(root, 'jump'));
    await expect(untar([file('jump/x')])).rejects.toMatchObject({ code: 'InvalidArgument' });
    await expect(untar([file('x')], '/jump')).rejects.toThrow();
    await expect(entriesOf(workers.tarPath(root, '/jump/', { signal }))).rejects.toThrow();
  } finally {
    await workers.unmount(join(root, 'proc'), { signal });
  }
  expect(readdirSync(outside)).toEqual(['secret']);
});

test('whiteouts become devices and marks, or delete, or are names', async () => {
  const layer = [
    directory('dir'),
    file('dir/.wh..wh..opq', ''),
    file('dir/new'),
    file('.wh.gone', ''),
    file('.wh..wh.aufs', ''),
    file('sub/.wh.x', ''),
  ];
  await apply(layer);
  expect(lstatSync(join(root, 'gone'))).toMatchObject({ mode: 0o020000, rdev: 0 });
  expect(readdirSync(root).sort()).toEqual(['dir', 'gone', 'sub']);
  expect(readdirSync(join(root, 'dir'))).toEqual(['new']);
  const back = await entriesOf(workers.layerTar(root, { signal }));
  expect(back).toEqual([
    'directory dir/',
    'file dir/.wh..wh..opq',
    'file dir/new dir/new',
    'file .wh.gone',
    'directory sub/',
    'file sub/.wh.x',
  ]);

  const plain = join(top, `plain${count}`);
  mkdirSync(join(plain, 'dir/old'), { recursive: true });
  mkdirSync(join(plain, 'sub'));
  for (const name of ['gone', 'kept', 'dir/old/x', 'sub/x']) writeFileSync(join(plain, name), '');
  await apply(layer, 'delete', plain);
  expect(readdirSync(plain, { recursive: true }).sort()).toEqual(['dir', 'dir/new', 'kept', 'sub']);

  const bottom = join(top, `bottom${count}`);
  mkdirSync(bottom);
  await apply(layer, 'bottom', bottom);
  expect(readdirSync(bottom).sort()).toEqual(['dir']);
  await expect(apply([file('.wh...', '')])).rejects.toThrow('invalid whiteout name');
  await untar([file('.wh.name', 'x')], '/');
  expect(readFileSync(join(root, '.wh.name'), 'utf8')).toBe('x');
});

test('a directory made after its whiteout hides what was below', async () => {
  await apply([file('.wh.d', ''), directory('d'), file('d/x', '')]);
  expect(await entriesOf(workers.layerTar(root, { signal }))).toEqual(['directory d/', 'file d/.wh..wh..opq', 'file d/x']);
  await apply([directory('e'), file('.wh.e', ''), file('f', 'kept'), file('.wh.f', '')]);
  expect(await entriesOf(workers.layerTar(root, { signal }))).toContain('file f kept');
});

test('marks of overlayfs in an archive are not taken over', async () => {
  const xattrs = new Map([
    ['trusted.overlay.redirect', Buffer.from('/etc')],
    ['trusted.overlay.opaque', Buffer.from('y')],
    ['user.mine', Buffer.from('value')],
  ]);
  await apply([
    { header: { type: 'directory', name: 'd', xattrs } },
    { header: { type: 'file', name: 'f', xattrs }, body: Buffer.from('x') },
  ]);
  for await (const { header } of readTar(workers.layerTar(root, { signal }), { signal })) {
    expect([...header.xattrs.keys()]).toEqual(['user.mine']);
    expect(header.name).not.toContain('.wh.');
  }
});

test('file capabilities survive there and back', async () => {
  const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');
  await apply([file('ping', 'x', { xattrs: new Map([['security.capability', capability]]) })]);
  for await (const { header } of readTar(workers.layerTar(root, { signal }), { signal })) {
    expect(Buffer.from(header.xattrs.get('security.capability') ?? [])).toEqual(capability);
  }
});

test('what GNU tar packs, sparse files and odd names too, comes out alike and packs alike', async () => {
  const source = join(top, `source${count}`);
  mkdirSync(join(source, 'sub/deeper'), { recursive: true });
  execFileSync('python3', [
    '-c',
    `import os
os.chdir(${JSON.stringify(source)})
open(b'not-utf8-\\xff\\xfe', 'w').write('odd')
f = open('sparse', 'wb'); f.seek(5000000); f.write(b'middle'); f.truncate(9000000); f.close()
open('sub/deeper/' + 'n' * 200, 'w').write('x' * 3000)
os.symlink('nowhere', 'dangling'); os.link('sparse', 'sub/second')
os.utime('sub', (1, 1000000000.5))`,
  ]);
  const packed = join(top, `packed${count}.tar`);
  execFileSync('tar', ['-cSf', packed, '--format=pax', '--xattrs', '-C', source, '.']);
  await workers.applyTar(root, Bun.file(packed).stream(), { signal, whiteouts: 'bottom' });
  execFileSync('diff', ['-r', '--no-dereference', source, root]);
  expect(lstatSync(join(root, 'sparse')).blocks * 512).toBeLessThan(1_000_000);
  expect(lstatSync(join(root, 'sub')).mtimeMs).toBe(1_000_000_000_500);
  const ours = join(top, `ours${count}.tar`);
  await Bun.write(ours, new Response(workers.layerTar(root, { signal })));
  const extracted = join(top, `extracted${count}`);
  mkdirSync(extracted);
  execFileSync('tar', ['-xf', ours, '-C', extracted]);
  execFileSync('diff', ['-r', '--no-dereference', source, extracted]);
  const again = await new Response(workers.layerTar(root, { signal })).bytes();
  expect(Bun.hash(again)).toBe(Bun.hash(await Bun.file(ours).bytes()));
});

test('a broken tar is refused and the thread is good for the next one', async () => {
  const whole = await new Response(writeTar([file('a', 'x'.repeat(100_000)), file('b')], { signal })).bytes();
  for (const cut of [100, 512, 50_000, whole.length - 1500]) {
    await expect(
      workers.applyTar(root, new Blob([whole.subarray(0, cut)]).stream(), { signal, whiteouts: 'bottom' }),
    ).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: 'unexpected EOF',
    });
  }
  await expect(apply([{ header: { type: 'file', name: 'x/y' }, body: Buffer.from('') }, file('x/y/z')])).rejects.toThrow('not a directory');
  expect((await apply([file('fine')])).size).toBe(4);
});

test('an abort and a failing source end the job, whatever it waits for', async () => {
  const silent = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => undefined) });
  const abort = new AbortController();
  const waiting = workers.applyTar(root, silent, { signal: abort.signal, whiteouts: 'bottom' });
  abort.abort(new Error('stop'));
  await expect(waiting).rejects.toThrow('stop');
  const failing = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.error(new Error('source broke'));
    },
  });
  await expect(workers.applyTar(root, failing, { signal, whiteouts: 'bottom' })).rejects.toThrow('source broke');
  const reader = workers.layerTar(root, { signal }).getReader();
  await reader.cancel();
  expect((await apply([file('fine')])).size).toBe(4);
});

test('untar keeps to the rules of docker cp', async () => {
  await apply([directory('dir'), file('dir/x', ''), file('plain'), symlink('way', 'dir')], 'bottom');
  await expect(untar([file('dir')], '/', true)).rejects.toThrow('cannot overwrite directory "/dir" with non-directory "dir"');
  await expect(untar([directory('plain')], '/', true)).rejects.toThrow('cannot overwrite non-directory "/plain" with directory "plain/"');
  await expect(untar([file('x')], '/plain')).rejects.toMatchObject({
    code: 'InvalidArgument',
    message: 'extraction point is not a directory',
  });
  await expect(untar([file('x')], '/missing')).rejects.toMatchObject({ code: 'NotFound' });
  await untar([file('y', 'new')], '/way');
  expect(readFileSync(join(root, 'dir/y'), 'utf8')).toBe('new');
  const options = { signal, noOverwriteDirNonDir: false, owner: { uid: 7, gid: 8 } };
  await workers.untarInto(root, '/dir', writeTar([file('owned')], { signal }), options);
  expect(lstatSync(join(root, 'dir/owned'))).toMatchObject({ uid: 7, gid: 8 });
});

test('tarPath and statPath see a path as docker cp does', async () => {
  await apply(
    [directory('dir'), file('dir/x', 'one'), directory('dir/sub'), symlink('link', '/dir/../dir/x'), symlink('loop', 'loop')],
    'bottom',
  );
  const tar = (path: string) => entriesOf(workers.tarPath(root, path, { signal }));
  expect(await tar('/dir')).toEqual(['directory dir/', 'directory dir/sub/', 'file dir/x one']);
  expect(await tar('dir/.')).toEqual(['directory ./', 'directory ./sub/', 'file ./x one']);
  expect(await tar('/dir/x')).toEqual(['file x one']);
  expect(await tar('/link')).toEqual(['symlink link /dir/../dir/x']);
  expect((await tar('/')).slice(0, 2)).toEqual(['directory dir/', 'directory dir/sub/']);
  await expect(tar('/none')).rejects.toMatchObject({ code: 'NotFound' });
  await expect(tar('/link/')).rejects.toMatchObject({ code: 'InvalidArgument' });
  const stat = (path: string) => workers.statPath(root, path, { signal });
  expect(await stat('/dir/x')).toMatchObject({ name: 'x', size: 3, mode: 0o100644, linkTarget: '', mtimeText: '1970-01-01T00:33:20Z' });
  expect(await stat('/link')).toMatchObject({ name: 'link', linkTarget: '/dir/x' });
  expect((await stat('/loop')).name).toBe('loop');
  expect((await stat('/dir/../dir/')).name).toBe('dir');
  await expect(stat('/dir/none')).rejects.toMatchObject({ code: 'NotFound' });
});

test('tarPath goes into the mounts it is told to, and shows others empty', async () => {
  await apply([directory('in'), directory('out'), file('beside', '')], 'bottom');
  for (const name of ['in', 'out']) {
    await workers.mount({ from: '/', type: 'tmpfs', source: 'tmpfs', options: 'size=64k', target: join(root, name) }, { signal });
    writeFileSync(join(root, name, 'x'), '');
  }
  try {
    const shown = await entriesOf(workers.tarPath(root, '/', { signal, crossInto: ['/in'] }));
    expect(shown).toEqual(['file beside', 'directory in/', 'file in/x', 'directory out/']);
    expect((await entriesOf(workers.tarPath(root, '/', { signal }))).length).toBe(5);
  } finally {
    for (const name of ['in', 'out']) await workers.unmount(join(root, name), { signal });
  }
});

test('deletes deep trees, leaves what links point to', async () => {
  execFileSync('python3', [
    '-c',
    `import os
os.chdir(${JSON.stringify(root)})
for i in range(1500): os.mkdir('d'); os.chdir('d')
open('bottom', 'w')`,
  ]);
  symlinkSync(outside, join(root, 'link'));
  await workers.emptyDirectory(root, { signal });
  expect(readdirSync(root)).toEqual([]);
  expect(readdirSync(outside)).toEqual(['secret']);
});

test('threads are few, and end when idle', async () => {
  const stats = Array.from({ length: 30 }, () => workers.statPath(root, '/', { signal }));
  await Promise.all(stats);
  expect(workers.size).toBeLessThanOrEqual(4);
  while (workers.size > 0) await Bun.sleep(20);
});
