import { afterAll, beforeAll, expect, test } from 'bun:test';
import { digestOf, type Digest } from '../spec/index.ts';
import { Bench, leftovers, makeLayers, packed, signal, streamOf, type Layers } from './fixtures.ts';
import type { Image, ImageUser, RoomImageStore } from './index.ts';

const bench = new Bench();
let layers: Layers;
beforeAll(async () => void (layers = await makeLayers()));
afterAll(async () => bench[Symbol.asyncDispose]());

const nobody = (): readonly ImageUser[] => [];
const plain = { force: false, prune: true, usedBy: nobody };

test('an imported root is an image that can be named, listed, inspected', async () => {
  const { images, content, directory } = await bench.openStores();
  const config = { Cmd: ['sh'] };
  const image = await images.importRoot(streamOf(layers.busybox), { reference: 'busybox', config }, { signal });
  expect(image.repoTags).toEqual(['busybox:latest']);
  expect(image.config.config).toEqual(config);
  expect(image.size).toBeGreaterThan(4);
  expect(image.id).toBe(digestOf(await content.read(image.id)));
  expect(images.list()).toEqual([image]);
  for (const words of [
    'busybox',
    'docker.io/library/busybox:latest',
    image.id,
    image.id.slice(7),
    image.id.slice(7, 19),
    image.id.slice(0, 20),
  ])
    expect(images.resolve(words).id).toBe(image.id);
  const history = images.history(image);
  expect(history.map(({ id, comment, size }) => ({ id, comment, size }))).toEqual([
    { id: image.id, comment: 'Imported from -', size: image.size },
  ]);
  expect(() => images.resolve('busybox:1')).toThrow('No such image: busybox:1');
  expect(() => images.resolve('nothing')).toThrow('No such image: nothing:latest');
  expect(() => images.resolve(digestOf('x'))).toThrow(`No such image: ${digestOf('x')}`);
  expect(() => images.resolve('Upper')).toThrow('repository name (library/Upper) must be lowercase');
  images.tag(image, 'other/name:v1');
  expect(images.resolve('other/name:v1').repoTags).toEqual(['busybox:latest', 'other/name:v1']);
  expect(() => images.tag(image, 'a b')).toThrow('invalid reference format');
  expect(() => images.tag(image, `x@${image.id}`)).toThrow('refusing to create a tag with a digest reference');
  expect(leftovers(directory)).toEqual([]);
});

test('packed roots are unpacked; the same root twice with the same time is one image', async () => {
  const { images } = await bench.openStores();
  const createdAt = new Date(1_700_000_000_000);
  const ids = new Set<string>();
  for (const tar of [streamOf(layers.busybox), packed(layers.busybox, 'gzip'), packed(layers.busybox, 'zstd')])
    ids.add((await images.importRoot(tar, { reference: 'same', createdAt }, { signal })).id);
  expect(ids.size).toBe(1);
  expect(images.list()[0]?.createdAt).toEqual(createdAt);
});

test('rows survive the engine', async () => {
  const before = await bench.openStores();
  const image = await before.images.importRoot(streamOf(layers.busybox), { reference: 'kept:1' }, { signal });
  before.database.close();
  const after = await bench.openStores(before.directory);
  expect(after.images.resolve('kept:1')).toEqual(image);
  await after.images.sweep();
  expect(after.snapshots.listCommitted().map((layer) => layer.chainId)).toEqual([image.chainId!]);
  expect((await Array.fromAsync(after.content.list())).length).toBe(3);
});

test('removal follows Docker: untagged first, then image and layers', async () => {
  const { images, snapshots, content } = await bench.openStores();
  const image = await images.importRoot(streamOf(layers.busybox), { reference: 'a:1' }, { signal });
  images.tag(image, 'b:1');
  const short = image.id.slice(7, 19);
  await expect(images.remove(short, plain)).rejects.toThrow(
    `conflict: unable to delete ${short} (must be forced) - image is referenced in multiple repositories`,
  );
  expect(await images.remove('b:1', plain)).toEqual([{ kind: 'untagged', name: 'b:1' }]);
  await expect(images.remove('b:1', plain)).rejects.toThrow('No such image: b:1');
  const stopped = { ...plain, usedBy: () => [{ containerId: 'c'.repeat(64), running: false }] };
  await expect(images.remove('a:1', stopped)).rejects.toThrow(
    `conflict: unable to remove repository reference "a:1" (must force) - container ${'c'.repeat(12)} is using its referenced image ${short}`,
  );
  await expect(images.remove(short, stopped)).rejects.toThrow(
    `conflict: unable to delete ${short} (must be forced) - image is being used by stopped container ${'c'.repeat(12)}`,
  );
  const running = { ...plain, force: true, usedBy: () => [{ containerId: 'd'.repeat(64), running: true }] };
  await expect(images.remove(image.id, running)).rejects.toThrow(
    `conflict: unable to delete ${short} (cannot be forced) - image is being used by running container ${'d'.repeat(12)}`,
  );
  expect(await images.remove('a:1', plain)).toEqual([
    { kind: 'untagged', name: 'a:1' },
    { kind: 'deleted', id: image.id },
    { kind: 'deleted', id: image.chainId! },
  ]);
  expect(snapshots.listCommitted()).toEqual([]);
  expect(await Array.fromAsync(content.list())).toEqual([]);
});

test('an image that children stand on stays; a name that moves leaves a dangling image', async () => {
  const { images } = await bench.openStores();
  const base = await images.importRoot(streamOf(layers.busybox), { reference: 'base' }, { signal });
  const child = await child_(images, base, 'child:1', 'made on base');
  expect(images.history(child).map((row) => [row.id, row.createdBy, row.size > 0])).toEqual([
    [child.id, 'made on base', false],
    [base.id, '', true],
  ]);
  const short = base.id.slice(7, 19);
  await expect(images.remove(short, { ...plain, force: true })).rejects.toThrow(
    `conflict: unable to delete ${short} (cannot be forced) - image has dependent child images`,
  );
  expect(await images.remove('base', plain)).toEqual([{ kind: 'untagged', name: 'base:latest' }]);
  const next = await child_(images, base, 'child:1', 'again');
  expect(images.resolve(child.id).repoTags).toEqual([]);
  const { removed, reclaimed } = await images.prune({ all: false, accepts: () => true, usedBy: nobody });
  expect(removed).toEqual([{ kind: 'deleted', id: child.id }]);
  expect(reclaimed).toBe(0);
  expect((await images.remove(next.id, plain)).map((removal) => (removal.kind === 'deleted' ? removal.id : removal.name))).toEqual([
    'child:1',
    next.id,
    base.id,
    base.chainId!,
  ]);
  expect(images.list()).toEqual([]);
});

test('prune --all leaves what containers use', async () => {
  const { images } = await bench.openStores();
  const used = await images.importRoot(streamOf(layers.busybox), { reference: 'used' }, { signal });
  const free = await child_(images, used, 'free', 'x');
  const usedBy = (id: Digest): readonly ImageUser[] => (id === used.id ? [{ containerId: 'e'.repeat(64), running: false }] : []);
  const { removed } = await images.prune({ all: true, accepts: () => true, usedBy });
  expect(removed).toEqual([
    { kind: 'untagged', name: 'free:latest' },
    { kind: 'deleted', id: free.id },
  ]);
  expect(images.list().map((image) => image.id)).toEqual([used.id]);
});

test('the start of an id must mean one image; digests mean the image of that repository', async () => {
  const { images } = await bench.openStores();
  const base = await images.importRoot(streamOf(layers.busybox), { reference: 'base' }, { signal });
  // Seventeen ids: two share their first digit.
  for (let count = 0; count < 16; count++) await child_(images, base, `child:${count}`, String(count));
  const digits = images.list().map((image) => image.id.slice(7, 8));
  const shared = digits.find((digit, at) => digits.indexOf(digit) !== at) ?? '';
  expect(() => images.resolve(`sha256:${shared}`)).toThrow('ambiguous image id');
  expect(images.resolve(`base@${base.manifest}`).id).toBe(base.id);
  expect(() => images.resolve(`other@${base.manifest}`)).toThrow(`No such image: other@${base.manifest}`);
});

test('layers under a container outlive their image, and go with a later removal', async () => {
  const { images, snapshots } = await bench.openStores();
  const image = await images.importRoot(streamOf(layers.busybox), { reference: 'used' }, { signal });
  const other = await images.importRoot(streamOf(layers.change), { reference: 'other' }, { signal });
  await snapshots.prepare('container', image.chainId);
  const removed = await images.remove('used', { ...plain, force: true, usedBy: () => [{ containerId: 'f'.repeat(64), running: false }] });
  expect(removed).toEqual([
    { kind: 'untagged', name: 'used:latest' },
    { kind: 'deleted', id: image.id },
  ]);
  // What a commit has just made is nobody's yet, and stays.
  await snapshots.apply({ diffId: digestOf(layers.change), parent: image.chainId, tar: streamOf(layers.change) }, { signal });
  await images.remove('other', plain);
  expect(snapshots.listCommitted().length).toBe(2);
  await snapshots.remove('container');
  await images.sweep();
  expect(snapshots.listCommitted()).toEqual([]);
  expect(other.chainId).not.toBeNull();
});

async function child_(images: RoomImageStore, base: Image, reference: string, by: string): Promise<Image> {
  const { rootfs, ...config } = base.config;
  const history = [...(base.config.history ?? []), { created_by: by, empty_layer: true }];
  return images.create({ reference, config, diffIds: rootfs.diff_ids, history, parent: base.id });
}
