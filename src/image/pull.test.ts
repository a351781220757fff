import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf, mediaTypes, parseReference, type Descriptor } from '../spec/index.ts';
import type { ImageProgress, RemoteImage } from './contract.ts';
import { Bench, bytesOf, configOf, leftovers, makeLayers, packed, signal, streamOf, type Layers, type Stores } from './fixtures.ts';
import { Gate } from './gate.ts';

const encoder = new TextEncoder();
const bench = new Bench();
let layers: Layers;
let gzipped: readonly Uint8Array[];
beforeAll(async () => {
  layers = await makeLayers();
  gzipped = [await bytesOf(packed(layers.busybox, 'gzip')), await bytesOf(packed(layers.change, 'zstd'))];
});
afterAll(async () => bench[Symbol.asyncDispose]());

/** An image whose blobs come out of a map; `asked` are the offsets they were asked from. */
function remoteOf(parts: readonly Uint8Array[], diffs: readonly Uint8Array[] = [layers.busybox, layers.change], name = 'remote:1') {
  const blobs = new Map<string, Uint8Array>();
  const put = (mediaType: string, bytes: Uint8Array): Descriptor => {
    blobs.set(digestOf(bytes), bytes);
    return { mediaType, digest: digestOf(bytes), size: bytes.length };
  };
  const config = put(mediaTypes.ociConfig, configOf(diffs));
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config,
    layers: parts.map((part) => put(mediaTypes.ociLayerGzip, part)),
  };
  const asked: Array<readonly [string, number]> = [];
  const remote: RemoteImage = {
    manifest: encoder.encode(JSON.stringify(manifest)),
    names: [parseReference(name)],
    openFrom: async ({ digest }, offset) => {
      asked.push([digest, offset]);
      return streamOf(blobs.get(digest)!.slice(offset));
    },
  };
  return { remote, blobs, asked, layers: manifest.layers, config };
}

function pull({ images }: Stores, remote: RemoteImage, events: ImageProgress[] = [], abort: AbortSignal = signal) {
  return images.pull(remote, { signal: abort, progress: (event) => events.push(event) });
}

function nothingIn({ images, snapshots }: Stores): void {
  expect(images.list()).toEqual([]);
  expect(snapshots.listCommitted()).toEqual([]);
}

test('an image is pulled, unpacked, named, and known the second time', async () => {
  const stores = await bench.openStores();
  const { remote, asked, layers: descriptors, config } = remoteOf(gzipped);
  const events: ImageProgress[] = [];
  const image = await pull(stores, remote, events);
  expect(image.id).toBe(config.digest);
  expect(image.manifest).toBe(digestOf(remote.manifest));
  expect(image.repoTags).toEqual(['remote:1']);
  expect(stores.images.named(parseReference('remote:1'))?.id).toBe(image.id);
  const told = (index: number) =>
    events.flatMap((event) =>
      event.kind === 'layer' && descriptors[index]!.digest.includes(event.id) && event.current === 0 ? [event.status] : [],
    );
  for (const index of [0, 1]) expect(told(index)).toEqual(['Pulling fs layer', 'Verifying Checksum', 'Download complete', 'Pull complete']);
  expect(asked.length).toBe(3);
  const again: ImageProgress[] = [];
  expect((await pull(stores, remote, again)).id).toBe(image.id);
  expect(asked.length).toBe(3);
  expect(again.map((event) => event.kind === 'layer' && event.status)).toEqual(['Already exists', 'Already exists']);
  using blobs = await stores.images.blobs(image, { signal });
  expect(blobs.layers.map(({ digest }) => digest)).toEqual(descriptors.map(({ digest }) => digest));
  expect(leftovers(stores.directory)).toEqual([]);
});

test('a pull that broke goes on where it was, after a restart too', async () => {
  const first = await bench.openStores();
  const { remote, blobs, asked, layers: descriptors } = remoteOf(gzipped);
  const half = Math.floor(gzipped[0]!.length / 2);
  const cut: RemoteImage = {
    ...remote,
    openFrom: async (descriptor, offset, options) => {
      if (descriptor.digest !== descriptors[0]!.digest) return remote.openFrom(descriptor, offset, options);
      let sent = false;
      return new ReadableStream({
        pull(controller) {
          if (sent) return controller.error(new Error('the line is dead'));
          sent = true;
          controller.enqueue(blobs.get(descriptor.digest)!.slice(0, half));
        },
      });
    },
  };
  await expect(pull(first, cut)).rejects.toThrow('the line is dead');
  nothingIn(first);
  const second = await bench.openStores(first.directory);
  await second.images.sweep();
  asked.length = 0;
  expect((await pull(second, remote)).repoTags).toEqual(['remote:1']);
  expect(asked.find(([digest]) => digest === descriptors[0]!.digest)).toEqual([descriptors[0]!.digest, half]);
  expect(leftovers(second.directory)).toEqual([]);
});

test('layers that lie are refused, whatever is wrong, and leave nothing that is seen', async () => {
  const stores = await bench.openStores();
  const flipped = gzipped[0]!.map((byte, at) => (at === 5000 ? byte ^ 1 : byte));
  const cases: ReadonlyArray<readonly [ReturnType<typeof remoteOf>, string]> = [
    [remoteOf(gzipped, [layers.change, layers.busybox]), 'layer does not match its digest'],
    [remoteOf(gzipped, [layers.busybox]), 'its config has 1 layers, its manifest 2'],
    [remoteOf([gzipped[0]!, encoder.encode('no layer at all')]), ''],
  ];
  for (const [{ remote }, message] of cases) await expect(pull(stores, remote)).rejects.toThrow(message);
  const lying = remoteOf(gzipped);
  lying.blobs.set(lying.layers[0]!.digest, flipped);
  await expect(pull(stores, lying.remote)).rejects.toMatchObject({ code: 'InvalidArgument' });
  lying.blobs.set(lying.layers[0]!.digest, new Uint8Array([...gzipped[0]!, 1]));
  await expect(pull(stores, lying.remote)).rejects.toThrow('has more than');
  nothingIn(stores);
  // The next try of the true one works.
  expect((await pull(stores, remoteOf(gzipped).remote)).repoTags).toEqual(['remote:1']);
  expect(leftovers(stores.directory)).toEqual([]);
});

test('artifacts and other systems’ images are no images', async () => {
  const stores = await bench.openStores();
  const { remote } = remoteOf([]);
  const change = (text: (json: string) => string): RemoteImage => ({
    ...remote,
    manifest: encoder.encode(text(new TextDecoder().decode(remote.manifest))),
  });
  await expect(
    pull(
      stores,
      change((json) => json.replace(mediaTypes.ociConfig, 'application/vnd.oci.empty.v1+json')),
    ),
  ).rejects.toThrow('it is an artifact');
  nothingIn(stores);
});

test('two pulls of one image share what arrives; one that is ended leaves the other alone', async () => {
  const stores = await bench.openStores();
  const { remote, asked, layers: descriptors } = remoteOf(gzipped);
  const gate = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const slow: RemoteImage = {
    ...remote,
    openFrom: async (descriptor, offset, options) => {
      const stream = await remote.openFrom(descriptor, offset, options);
      if (descriptor.digest !== descriptors[0]!.digest) return stream;
      started.resolve();
      await gate.promise;
      return stream;
    },
  };
  const abort = new AbortController();
  const ended = pull(stores, slow, [], abort.signal);
  await started.promise;
  const events: ImageProgress[] = [];
  const other = pull(stores, { ...slow, names: [parseReference('remote:2')] }, events);
  while (!events.some((event) => event.kind === 'layer' && event.status === 'Pulling fs layer')) await Bun.sleep(1);
  abort.abort(new Error('enough'));
  await expect(ended).rejects.toThrow('enough');
  gate.resolve();
  expect((await other).repoTags).toEqual(['remote:2']);
  expect(asked.filter(([digest]) => digest === descriptors[0]!.digest).length).toBe(1);
  expect(readdirSync(join(stores.directory, 'content/ingest'))).toEqual([]);
});

test('a pull that is ended at once, and again, and then not', async () => {
  const stores = await bench.openStores();
  const { remote } = remoteOf(gzipped);
  for (let count = 0; count < 20; count++) {
    const abort = new AbortController();
    let left = count;
    const work = stores.images.pull(remote, {
      signal: abort.signal,
      progress: () => void (left-- === 0 && abort.abort(new Error('enough'))),
    });
    await work.then(
      async (image) => await stores.images.remove(image.id, { force: true, prune: true, usedBy: () => [] }),
      (error: unknown) => expect(error).toEqual(new Error('enough')),
    );
    nothingIn(stores);
  }
  expect((await pull(stores, remote)).repoTags).toEqual(['remote:1']);
  expect(leftovers(stores.directory)).toEqual([]);
});

test('plain layers are packed for a push, once; what was pulled stays as it came', async () => {
  const stores = await bench.openStores();
  const imported = await stores.images.importRoot(streamOf(layers.busybox), { reference: 'plain:1' }, { signal });
  const sent = async () => {
    using blobs = await stores.images.blobs(stores.images.resolve('plain:1'), { signal, packed: true });
    const [layer] = blobs.layers;
    expect(layer?.mediaType).toBe(mediaTypes.ociLayerGzip);
    expect(layer!.size).toBeLessThan(layers.busybox.length);
    expect(await new Response(await stores.content.open(layer!, { signal })).bytes()).toHaveLength(layer!.size);
    expect(stores.content.size(blobs.manifest.digest)).toBe(blobs.manifest.size);
    return blobs.manifest.digest;
  };
  const first = await sent();
  expect(await sent()).toBe(first);
  expect(stores.images.resolve('plain:1').id).toBe(imported.id);
  // Another form of the same image: its manifest and its layers go together.
  const { remote, layers: descriptors } = remoteOf(gzipped);
  const { remote: plain } = remoteOf([layers.busybox, layers.change]);
  for (const each of [plain, remote]) await pull(stores, each);
  {
    using blobs = await stores.images.blobs(stores.images.resolve('remote:1'), { signal, packed: true });
    expect(blobs.manifest.digest).toBe(digestOf(remote.manifest));
    expect(blobs.layers.map(({ digest }) => digest)).toEqual(descriptors.map(({ digest }) => digest));
  }
  await stores.images.remove('plain:1', { force: false, prune: true, usedBy: () => [] });
  await stores.images.remove('remote:1', { force: false, prune: true, usedBy: () => [] });
  expect(await Array.fromAsync(stores.content.list())).toEqual([]);
});

test('a gate lets in as many as it has places, in order, and who gives up leaves the line', async () => {
  const gate = new Gate(1);
  const first = await gate.enter({ signal });
  const abort = new AbortController();
  const second = gate.enter({ signal: abort.signal });
  const third = gate.enter({ signal });
  abort.abort(new Error('enough'));
  await expect(second).rejects.toThrow('enough');
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  (await third)[Symbol.dispose]();
  (await gate.enter({ signal }))[Symbol.dispose]();
});
