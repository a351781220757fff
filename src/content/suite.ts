import { describe, expect, test } from 'bun:test';
import { digestOf, mediaTypes, parseDigest, type Descriptor } from '../spec/index.ts';
import type { ContentStore } from './contract.ts';
import { copyGraph } from './copy-graph.ts';

const encoder = new TextEncoder();
const signal = new AbortController().signal;

/** The contract of a content store as tests; `open` makes an empty one, `left` says what half-written things it holds. */
export function contentStoreSuite(name: string, open: () => Promise<ContentStore>, left: () => Promise<readonly string[]>): void {
  describe(name, () => {
    test('a blob comes back as it went in', async () => {
      const store = await open();
      const bytes = patterned(3_000_000);
      const descriptor = describeBlob(bytes);
      expect(await store.has(descriptor, { signal })).toBe(false);
      await store.write(descriptor, chunks(bytes, 70_001), { signal });
      expect(await store.has(descriptor, { signal })).toBe(true);
      expect(store.size(descriptor.digest)).toBe(bytes.length);
      expect(digestOf(await new Response(await store.open(descriptor, { signal })).bytes())).toBe(descriptor.digest);
      expect(await Array.fromAsync(store.list())).toEqual([{ digest: descriptor.digest, size: bytes.length }]);
      await store.write(descriptor, chunks(bytes, 4096), { signal });
      expect(await left()).toEqual([]);
    });

    test('bytes that are not the blob are refused, whatever is wrong with them', async () => {
      const store = await open();
      const bytes = patterned(100_000);
      const right = describeBlob(bytes);
      const wrong: ReadonlyArray<readonly [Descriptor, ReadableStream<Uint8Array>, string]> = [
        [right, chunks(bytes.slice(1), 1000), 'instead of'],
        [right, chunks(patterned(100_001), 1000), 'more than'],
        [{ ...right, digest: digestOf('other') }, chunks(bytes, 1000), 'digest mismatch'],
        [right, failing(bytes.slice(0, 50_000), new Error('source broke')), 'source broke'],
      ];
      for (const [descriptor, stream, message] of wrong) {
        await expect(store.write(descriptor, stream, { signal })).rejects.toThrow(message);
        expect(await store.has(descriptor, { signal })).toBe(false);
      }
      expect(await left()).toEqual([]);
    });

    test('an abort ends a write that waits, and cancels its source', async () => {
      const store = await open();
      const abort = new AbortController();
      let cancelled = false;
      const reading = Promise.withResolvers<void>();
      const stream = new ReadableStream<Uint8Array>(
        {
          pull: (controller) => {
            controller.enqueue(patterned(10));
            reading.resolve();
          },
          cancel: () => void (cancelled = true),
        },
        { highWaterMark: 0 },
      );
      const writing = store.write({ ...describeBlob(patterned(10)), size: Number.MAX_SAFE_INTEGER }, stream, { signal: abort.signal });
      await reading.promise;
      abort.abort(new Error('enough'));
      await expect(writing).rejects.toThrow('enough');
      await writing.catch(() => undefined);
      expect(cancelled).toBe(true);
      expect(await left()).toEqual([]);
    });

    test('small blobs: put, read, limits, remove', async () => {
      const store = await open();
      const digest = await store.put(encoder.encode('small'));
      expect(digest).toBe(digestOf('small'));
      expect(await store.put(encoder.encode('small'))).toBe(digest);
      expect(new TextDecoder().decode(await store.read(digest))).toBe('small');
      await expect(store.read(digest, 4)).rejects.toThrow('larger than 4 bytes');
      const missing = parseDigest(digestOf('missing'));
      await expect(store.read(missing)).rejects.toThrow(`No such blob: ${missing}`);
      await expect(store.open({ mediaType: 'x', digest: missing, size: 0 }, { signal })).rejects.toThrow('No such blob');
      await store.remove(digest);
      await store.remove(digest);
      expect(store.size(digest)).toBeUndefined();
      const many = await Promise.all(Array.from({ length: 50 }, (_, index) => store.put(encoder.encode(`blob ${index}`))));
      expect(new Set(many).size).toBe(50);
      expect((await Array.fromAsync(store.list())).length).toBe(50);
    });

    test('bytes of unknown name are ingested, then kept or dropped', async () => {
      const store = await open();
      const bytes = patterned(2_500_000);
      for (const hash of [undefined, () => false]) {
        await using ingest = await store.ingest(chunks(bytes, 64 * 1024), { signal, ...(hash === undefined ? {} : { hash }) });
        expect(ingest.size).toBe(bytes.length);
        expect(Buffer.from(ingest.start).equals(bytes.subarray(0, 512))).toBe(true);
        expect(await ingest.digest({ signal })).toBe(digestOf(bytes));
        expect(digestOf(await new Response(await ingest.open({ signal })).bytes())).toBe(digestOf(bytes));
      }
      expect(await left()).toEqual([]);
      expect(await Array.fromAsync(store.list())).toEqual([]);
      await using kept = await store.ingest(chunks(bytes, 1_000_000), { signal });
      kept.flush();
      await kept.keep(await kept.digest({ signal }));
      expect(store.size(digestOf(bytes))).toBe(bytes.length);
      expect(digestOf(await new Response(await kept.open({ signal })).bytes())).toBe(digestOf(bytes));
      await expect(store.ingest(failing(bytes, new Error('cut')), { signal })).rejects.toThrow('cut');
      await using empty = await store.ingest(chunks(new Uint8Array(0), 1), { signal });
      expect(await empty.digest({ signal })).toBe(digestOf(''));
    });

    test('the same blob written ten times at once', async () => {
      const store = await open();
      const bytes = patterned(200_000);
      await Promise.all(Array.from({ length: 10 }, () => store.write(describeBlob(bytes), chunks(bytes, 9999), { signal })));
      expect(store.size(digestOf(bytes))).toBe(200_000);
      expect(await left()).toEqual([]);
    });

    test('a graph arrives children first; what is there is not read again', async () => {
      const source = await open();
      const root = await smallGraph(source);
      const target = await open();
      const order: string[] = [];
      const watched = {
        has: target.has.bind(target),
        write: async (descriptor: Descriptor, bytes: ReadableStream<Uint8Array>, options: { readonly signal: AbortSignal }) => {
          await target.write(descriptor, bytes, options);
          order.push(descriptor.mediaType);
        },
      };
      await copyGraph(source, watched, root, { signal });
      expect(order.slice(-2)).toEqual([mediaTypes.ociManifest, mediaTypes.ociIndex]);
      expect(order.length).toBe(5);
      await copyGraph(source, watched, root, { signal });
      expect(order.length).toBe(5);
      const few = { maxDepth: 4, maxBlobs: 2, maxManifestBytes: 1000 };
      await expect(copyGraph(source, await open(), root, { signal, limits: few })).rejects.toThrow('too many blobs');
      const tiny = { maxDepth: 4, maxBlobs: 20, maxManifestBytes: 10 };
      await expect(copyGraph(source, await open(), root, { signal, limits: tiny })).rejects.toThrow('larger than 10 bytes');
      const flat = { maxDepth: 0, maxBlobs: 20, maxManifestBytes: 1000 };
      await expect(copyGraph(source, await open(), root, { signal, limits: flat })).rejects.toThrow('nested too deeply');
    });
  });
}

async function smallGraph(store: ContentStore): Promise<Descriptor> {
  const put = async (mediaType: string, bytes: Uint8Array): Promise<Descriptor> => ({
    mediaType,
    digest: await store.put(bytes),
    size: bytes.length,
  });
  const json = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value));
  const layers = [await put(mediaTypes.ociLayer, patterned(1000)), await put(mediaTypes.ociLayer, patterned(2000))];
  const config = await put(mediaTypes.ociConfig, json({ rootfs: {} }));
  const manifest = await put(mediaTypes.ociManifest, json({ schemaVersion: 2, config, layers }));
  return put(mediaTypes.ociIndex, json({ schemaVersion: 2, manifests: [manifest, manifest] }));
}

function describeBlob(bytes: Uint8Array): Descriptor {
  return { mediaType: 'application/octet-stream', digest: digestOf(bytes), size: bytes.length };
}

function patterned(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = (at * 7 + (at >> 9)) & 0xff;
  return bytes;
}

function chunks(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + size));
      at += size;
    },
  });
}

function failing(bytes: Uint8Array, error: Error): ReadableStream<Uint8Array> {
  let sent = false;
  return new ReadableStream({
    pull(controller) {
      if (sent) return controller.error(error);
      sent = true;
      controller.enqueue(bytes);
    },
  });
}
