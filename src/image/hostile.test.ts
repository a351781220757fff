import { afterAll, beforeAll, expect, test } from 'bun:test';
import { writeTar } from '../archive/index.ts';
import {
  archiveOf,
  Bench,
  bytesOf,
  damagedLayout,
  dockerArchive,
  file,
  hugeManifest,
  json,
  leftovers,
  makeLayers,
  packed,
  signal,
  streamOf,
  type Layers,
} from './fixtures.ts';

const encoder = new TextEncoder();
const bench = new Bench();
let layers: Layers;
beforeAll(async () => void (layers = await makeLayers()));
afterAll(async () => bench[Symbol.asyncDispose]());

const hostile: ReadonlyArray<readonly [string, () => Promise<ReadableStream<Uint8Array>>, string | RegExp]> = [
  ['nothing at all', async () => streamOf(new Uint8Array(0)), 'neither manifest.json nor index.json'],
  ['no tar', async () => streamOf(encoder.encode('hello'.repeat(1000))), /invalid tar header|tar/],
  ['a cut archive', async () => streamOf((await dockerArchive(layers, ['x:1'])).slice(0, 300_000)), 'unexpected EOF'],
  [
    'a cut gzip',
    async () => streamOf((await bytesOf(packed(await dockerArchive(layers, ['x:1']), 'gzip'))).slice(0, 3000)),
    'unexpected EOF',
  ],
  ['a manifest.json of a gigabyte', async () => hugeManifest(), '"manifest.json" is larger than'],
  ['a name that leaves', async () => writeTar([file('../x', layers.change)], { signal }), 'leaves the archive'],
  ['an absolute name', async () => writeTar([file('/etc/x', layers.change)], { signal }), 'leaves the archive'],
  ['a broken manifest.json', async () => writeTar([file('manifest.json', encoder.encode('{'))], { signal }), 'not JSON'],
  ['an empty list', async () => writeTar([json('manifest.json', [])], { signal }), 'names no image'],
  ['a missing config', async () => archiveOf(layers, { Config: 'none.json' }), '"none.json" is missing'],
  ['a missing layer', async () => archiveOf(layers, { Layers: ['none.tar', 'change.tar'] }), '"none.tar" is missing'],
  ['a directory as a layer', async () => archiveOf(layers, { Layers: ['directory', 'change.tar'] }), '"directory" is a directory'],
  ['links in a circle', async () => archiveOf(layers, { Layers: ['loop', 'change.tar'] }), 'loop of links'],
  [
    'links to the outside',
    async () => archiveOf(layers, {}, [{ header: { type: 'symlink', name: 'l', linkName: '../../etc/passwd' } }]),
    'leaves the archive',
  ],
  [
    'a device',
    async () => archiveOf(layers, {}, [{ header: { type: 'char', name: 'null', deviceMajor: 1, deviceMinor: 3 } }]),
    'is no file',
  ],
  ['one layer too few', async () => archiveOf(layers, { Layers: ['change.tar'] }), 'layers length mismatch: expected 2, got 1'],
  ['layers in the wrong order', async () => archiveOf(layers, { Layers: ['change.tar', 'busybox.tar'] }), /sha256:/],
  ['a bad name', async () => archiveOf(layers, { RepoTags: ['Bad Name'] }), 'invalid reference format'],
  ['a wrong blob', async () => damagedLayout(layers, 'layer'), /digest|diffID/],
  ['a wrong manifest', async () => damagedLayout(layers, 'manifest'), 'digest mismatch'],
  ['a missing blob', async () => damagedLayout(layers, 'missing'), 'is missing'],
  ['an index in itself', async () => damagedLayout(layers, 'cycle'), /digest mismatch|names no image|no image/],
];

test.each(hostile)('%s is refused and leaves nothing', async (_name, make, message) => {
  const { images, snapshots, content, directory } = await bench.openStores();
  await expect(images.load(await make(), { signal })).rejects.toThrow(message);
  expect(images.list()).toEqual([]);
  expect(snapshots.listCommitted()).toEqual([]);
  expect(await Array.fromAsync(content.list())).toEqual([]);
  expect(leftovers(directory)).toEqual([]);
});

test('an abort ends a load that waits for its bytes, and leaves nothing', async () => {
  const { images, directory } = await bench.openStores();
  const archive = await dockerArchive(layers, ['x:1']);
  const abort = new AbortController();
  const reading = Promise.withResolvers<void>();
  let sent = false;
  const stalled = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (!sent) controller.enqueue(archive.slice(0, 700_000));
      else {
        reading.resolve();
        return new Promise(() => undefined);
      }
      sent = true;
    },
  });
  const loading = images.load(stalled, { signal: abort.signal });
  const failed = loading.then(
    () => null,
    (error: unknown) => error,
  );
  await reading.promise;
  abort.abort(new Error('stop it'));
  expect(String(await failed)).toContain('stop it');
  expect(leftovers(directory)).toEqual([]);
});
