import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTar, writeTar, type TarEntryToWrite } from '../archive/index.ts';
import { digestOf } from '../spec/index.ts';
import {
  Bench,
  bytesOf,
  configOf,
  dockerArchive,
  file,
  json,
  leftovers,
  makeLayers,
  ociBuilder,
  packed,
  signal,
  streamOf,
  type Layers,
} from './fixtures.ts';
import { ensureHelloWorld, seedHelloWorld, type ImageUser } from './index.ts';
import { split } from './split.ts';

const encoder = new TextEncoder();
const bench = new Bench();
let layers: Layers;
beforeAll(async () => void (layers = await makeLayers()));
afterAll(async () => bench[Symbol.asyncDispose]());

const nobody = (): readonly ImageUser[] => [];
const plain = { force: false, prune: true, usedBy: nobody };

test('a saved image comes back the same, byte for byte', async () => {
  const first = await bench.openStores();
  const loaded = await first.images.load(streamOf(await dockerArchive(layers, ['two:1', 'again/two:2'])), { signal });
  expect(loaded.map((one) => one.names)).toEqual([['two:1', 'again/two:2']]);
  const saved = await bytesOf(first.images.save(['two:1', 'again/two'], { signal }));
  expect(await bytesOf(first.images.save(['two:1', 'again/two'], { signal }))).toEqual(saved);
  const second = await bench.openStores();
  for (const tar of [streamOf(saved), packed(saved, 'gzip'), packed(saved, 'zstd')]) {
    const [back] = await second.images.load(tar, { signal });
    expect(back?.image.id).toBe(loaded[0]!.image.id);
    expect(back?.names).toEqual(['two:1', 'again/two:2']);
  }
  expect(await bytesOf(second.images.save(['two:1', 'again/two'], { signal }))).toEqual(saved);
  expect(second.images.list().length).toBe(1);
  expect(leftovers(second.directory)).toEqual([]);
  const byId = await bytesOf(second.images.save([loaded[0]!.image.id], { signal }));
  const third = await bench.openStores();
  expect((await third.images.load(streamOf(byId), { signal }))[0]?.names).toEqual([]);
  expect(() => third.images.save(['two:1'], { signal })).toThrow('No such image: two:1');
});

test('a layer made by commit is saved from its directory', async () => {
  const { images, snapshots, directory } = await bench.openStores();
  const base = await images.importRoot(streamOf(layers.busybox), { reference: 'base' }, { signal });
  await snapshots.prepare('work', base.chainId);
  writeFileSync(join(snapshots.directories('work').upper, 'new'), 'content');
  const tar = await bytesOf(bench.rootWorkers.layerTar(snapshots.directories('work').upper, { signal }));
  const diffId = digestOf(tar);
  await snapshots.commit('work', diffId);
  const { rootfs, ...config } = base.config;
  const image = await images.create({
    reference: 'committed',
    config,
    diffIds: [...rootfs.diff_ids, diffId],
    history: [...(base.config.history ?? []), { created_by: 'commit' }],
    parent: base.id,
  });
  expect(image.manifest).toBeNull();
  const saved = await bytesOf(images.save(['committed'], { signal }));
  const other = await bench.openStores();
  expect((await other.images.load(streamOf(saved), { signal }))[0]?.image.id).toBe(image.id);
  expect(images.resolve('committed').manifest).not.toBeNull();
  expect(leftovers(directory)).toEqual([]);
  expect((await images.remove('committed', plain)).at(-1)).toEqual({ kind: 'deleted', id: image.chainId! });
});

test('old archives: links between layers, packed layers, entries in any order', async () => {
  const { images, directory } = await bench.openStores();
  const gzipped = await bytesOf(packed(layers.change, 'gzip'));
  const config = configOf([layers.busybox, layers.change]);
  const entries: TarEntryToWrite[] = [
    { header: { type: 'directory', name: 'one/' } },
    file('./real.tar', layers.busybox),
    { header: { type: 'symlink', name: 'one/layer.tar', linkName: '../real.tar' } },
    file('two/VERSION', encoder.encode('1.0')),
    file('two/layer.tar', gzipped),
    file('config.json', config),
    json('manifest.json', [{ Config: 'config.json', RepoTags: ['old:1'], Layers: ['one/layer.tar', 'two/layer.tar'] }]),
    json('repositories', { old: { 1: 'two' } }),
  ];
  for (const order of [entries, entries.toReversed()]) {
    const [loaded] = await images.load(writeTar(order, { signal }), { signal });
    expect(loaded?.image.id).toBe(digestOf(config));
  }
  expect(images.history(images.resolve('old:1')).map((row) => row.createdBy)).toEqual(['two', 'one']);
  expect(leftovers(directory)).toEqual([]);
});

test('OCI layouts: nested index, names, the platform that fits, attestations left out', async () => {
  const { images } = await bench.openStores();
  const build = ociBuilder();
  const here = build.image([layers.busybox], { os: 'linux', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64' });
  const there = build.image([layers.change], { os: 'linux', architecture: 's390x' });
  const noise = { ...here, digest: digestOf('absent'), platform: { os: 'unknown', architecture: 'unknown' } };
  const index = build.index([there, noise, here]);
  const named = { ...index, annotations: { 'org.opencontainers.image.ref.name': 'multi:3' } };
  const [loaded, ...rest] = await images.load(build.tar([named]), { signal });
  expect(rest).toEqual([]);
  expect(loaded?.names).toEqual(['multi:3']);
  expect(loaded?.image.manifest).toBe(here.digest);
  const [other] = await images.load(build.tar([named]), { signal, platform: { os: 'linux', architecture: 's390x' } });
  expect(other?.image.manifest).toBe(there.digest);
  expect(loaded && images.resolve(loaded.image.id).repoTags).toEqual([]);
  await expect(images.load(build.tar([named]), { signal, platform: { os: 'linux', architecture: 'mips' } })).rejects.toThrow(
    'no image for platform linux/mips',
  );
});

test('hello-world comes from a program, once', async () => {
  const { images } = await bench.openStores();
  await seedHelloWorld(images, encoder.encode('program'), { signal });
  const image = images.resolve('hello-world');
  expect(image.config.config?.Cmd).toEqual(['/hello']);
  await images.remove('hello-world', plain);
  await seedHelloWorld(images, encoder.encode('program'), { signal });
  expect(images.list()).toEqual([]);
  expect((await ensureHelloWorld(images, encoder.encode('program'), { signal })).id).toBe(image.id);
});

test('loads and removals of images that share layers, all at once', async () => {
  const { images, snapshots, directory, content } = await bench.openStores();
  const archives = await Promise.all([1, 2, 3, 4].map((tag) => dockerArchive(layers, [`shared:${tag}`])));
  await Promise.all(
    archives.map(async (archive, index) => {
      for (let round = 0; round < 3; round++) {
        await images.load(streamOf(archive), { signal });
        await images.remove(`shared:${index + 1}`, plain);
      }
      await images.load(streamOf(archive), { signal });
    }),
  );
  expect(images.list().flatMap((image) => image.repoTags)).toEqual(['shared:1', 'shared:2', 'shared:3', 'shared:4']);
  expect(snapshots.listCommitted().length).toBe(2);
  await bytesOf(images.save(['shared'], { signal }));
  await images.remove(images.list()[0]!.id, { ...plain, force: true });
  expect(snapshots.listCommitted()).toEqual([]);
  expect(await Array.fromAsync(content.list())).toEqual([]);
  expect(leftovers(directory)).toEqual([]);
});

test('skopeo and umoci read what is saved, and what they write is loaded', async () => {
  const { images } = await bench.openStores();
  const [first] = await images.load(streamOf(await dockerArchive(layers, ['tools:1'])), { signal });
  const directory = join(bench.root, 'tools');
  mkdirSync(directory);
  await Bun.write(join(directory, 'saved.tar'), await bytesOf(images.save(['tools:1'], { signal })));
  await run(['skopeo', 'inspect', '--config', `docker-archive:${directory}/saved.tar`]);
  mkdirSync(join(directory, 'layout'));
  await run(['tar', '-xf', `${directory}/saved.tar`, '-C', `${directory}/layout`]);
  await run(['umoci', 'unpack', '--image', `${directory}/layout:1`, `${directory}/bundle`]);
  expect(existsSync(`${directory}/bundle/rootfs/bin/busybox`)).toBe(true);
  expect(existsSync(`${directory}/bundle/rootfs/etc/gone`)).toBe(false);
  const copy = ['skopeo', '--insecure-policy', 'copy', '-q'];
  await run([...copy, `docker-archive:${directory}/saved.tar`, `oci:${directory}/other:moved`]);
  await run(['tar', '-C', `${directory}/other`, '-cf', `${directory}/other.tar`, '.']);
  await run([...copy, `oci:${directory}/other:moved`, `docker-archive:${directory}/back.tar:back/again:1`]);
  await run([...copy, `docker-archive:${directory}/saved.tar`, `oci-archive:${directory}/whole.tar:whole:2`]);
  const store = await bench.openStores();
  for (const [name, names] of [
    ['other', []],
    ['back', ['back/again:1']],
    ['whole', ['whole:2']],
  ] as const) {
    const loaded = await store.images.load(Bun.file(`${directory}/${name}.tar`).stream(), { signal });
    expect(loaded.map((one) => one.names)).toEqual([[...names]]);
    expect(loaded[0]?.image.chainId).toBe(first!.image.chainId);
  }
}, 60_000);

// The tar reader is what the tools above are not: a check that entries of a saved archive come in a fixed order.
test('a saved archive names its layers before it holds them', async () => {
  const { images } = await bench.openStores();
  await images.load(streamOf(await dockerArchive(layers, ['order:1'])), { signal });
  const names: string[] = [];
  for await (const entry of readTar(images.save(['order:1'], { signal }), { signal })) names.push(entry.header.name);
  expect(names.slice(0, 6)).toEqual(['oci-layout', 'index.json', 'manifest.json', 'repositories', 'blobs/', 'blobs/sha256/']);
  const { id, manifest, config } = images.resolve('order:1');
  const blobs = [manifest!, id, ...config.rootfs.diff_ids].map((digest) => `blobs/${digest.replace(':', '/')}`);
  expect(names.slice(6)).toEqual(blobs);
});

async function run(words: readonly string[]): Promise<string> {
  const child = Bun.spawn([...words], { stdout: 'pipe', stderr: 'pipe' });
  const [code, out, error] = await Promise.all([child.exited, new Response(child.stdout).text(), new Response(child.stderr).text()]);
  if (code !== 0) throw new Error(`${words.join(' ')}: ${error}`);
  return out;
}

test('two copies of a stream do not run apart, and one may stop', async () => {
  const chunk = new Uint8Array(1000);
  let sent = 0;
  const source = (): ReadableStream<Uint8Array> =>
    new ReadableStream({ pull: (controller) => (sent++ < 100 ? controller.enqueue(chunk) : controller.close()) }, { highWaterMark: 0 });
  const [first, second] = split(source(), 5000);
  const reader = first.getReader();
  for (let at = 0; at < 5; at++) await reader.read();
  const waiting = reader.read();
  expect(sent).toBe(5);
  const rest = bytesOf(second);
  await waiting;
  await reader.cancel();
  expect((await rest).length).toBe(100_000);
  let cancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(chunk),
    cancel: () => void (cancelled = true),
  });
  for (const copy of split(endless, 5000)) await copy.cancel();
  expect(cancelled).toBe(true);
});
