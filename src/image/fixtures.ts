import { Database } from 'bun:sqlite';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compress, openRootWorkers, writeTar, type RootWorkers, type TarEntryToWrite } from '../archive/index.ts';
import { silentLog } from '../base/index.ts';
import { openDiskStore, type ContentStore } from '../content/index.ts';
import { openSnapshotStore, type SnapshotStore } from '../snapshot/index.ts';
import { digestOf, mediaTypes, type Digest } from '../spec/index.ts';
import { openImageStore, type RoomImageStore } from './index.ts';

// Stores and archives for the tests of this room.

export const signal = new AbortController().signal;
const encoder = new TextEncoder();

export interface Stores {
  readonly directory: string;
  readonly database: Database;
  readonly content: ContentStore;
  readonly snapshots: SnapshotStore;
  readonly images: RoomImageStore;
}

/** A place for stores; dispose ends its workers and deletes it. */
export class Bench implements AsyncDisposable {
  readonly root = mkdtempSync(join(tmpdir(), 'berth-image-'));
  readonly rootWorkers: RootWorkers = openRootWorkers();
  #count = 0;

  openStores(directory: string = join(this.root, `store-${++this.#count}`)): Promise<Stores> {
    return openStores(directory, this.rootWorkers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rootWorkers[Symbol.asyncDispose]();
    rmSync(this.root, { recursive: true, force: true });
  }
}

async function openStores(directory: string, rootWorkers: RootWorkers): Promise<Stores> {
  mkdirSync(join(directory, 'run'), { recursive: true });
  const database = new Database(join(directory, 'state.db'), { create: true, strict: true });
  const content = openDiskStore({ directory: join(directory, 'content') });
  const snapshots = openSnapshotStore({
    database,
    directory: join(directory, 'snapshots'),
    runDirectory: join(directory, 'run'),
    workers: rootWorkers,
    log: silentLog,
  });
  await snapshots.sweep();
  const images = openImageStore({ database, content, snapshots, rootWorkers, log: silentLog, clock: { now: () => new Date() } });
  return { directory, database, content, snapshots, images };
}

/** Two layers: a busybox root, and one that changes it. */
export interface Layers {
  readonly busybox: Uint8Array;
  readonly change: Uint8Array;
}

export async function makeLayers(): Promise<Layers> {
  return { busybox: await busyboxLayer(), change: await changeLayer() };
}

async function busyboxLayer(): Promise<Uint8Array> {
  const busybox = new Uint8Array(await Bun.file(Bun.which('busybox') ?? '/bin/busybox').arrayBuffer());
  return bytesOf(
    writeTar(
      [
        { header: { type: 'directory', name: 'bin' } },
        { header: { type: 'file', name: 'bin/busybox', mode: 0o755 }, body: busybox },
        { header: { type: 'symlink', name: 'bin/sh', linkName: 'busybox' } },
        { header: { type: 'directory', name: 'etc' } },
        file('etc/gone', encoder.encode('old')),
      ],
      { signal },
    ),
  );
}

async function changeLayer(): Promise<Uint8Array> {
  const entries: readonly TarEntryToWrite[] = [
    { header: { type: 'directory', name: 'etc' } },
    file('etc/.wh.gone', new Uint8Array(0)),
    file('etc/big', new Uint8Array(300_000).fill(7)),
  ];
  return bytesOf(writeTar(entries, { signal }));
}

export function configOf(parts: readonly Uint8Array[], platform: object = { os: 'linux', architecture: 'amd64' }, salt = ''): Uint8Array {
  const names = ['one', 'two'];
  return encoder.encode(
    JSON.stringify({
      created: '2026-01-02T03:04:05Z',
      ...platform,
      config: { Cmd: ['sh'], Labels: { salt } },
      rootfs: { type: 'layers', diff_ids: parts.map(digestOf) },
      history: parts.map((_, index) => ({ created_by: names[index] })),
    }),
  );
}

export async function dockerArchive(layers: Layers, tags: readonly string[]): Promise<Uint8Array> {
  return bytesOf(archiveOf(layers, { RepoTags: tags }));
}

export function archiveOf(
  layers: Layers,
  item: Readonly<Record<string, unknown>>,
  more: readonly TarEntryToWrite[] = [],
): ReadableStream<Uint8Array> {
  return writeTar(
    [
      file('busybox.tar', layers.busybox),
      file('change.tar', layers.change),
      { header: { type: 'directory', name: 'directory' } },
      { header: { type: 'symlink', name: 'loop', linkName: 'pool' } },
      { header: { type: 'symlink', name: 'pool', linkName: 'loop' } },
      file('config.json', configOf([layers.busybox, layers.change])),
      ...more,
      json('manifest.json', [{ Config: 'config.json', RepoTags: ['x:1'], Layers: ['busybox.tar', 'change.tar'], ...item }]),
    ],
    { signal },
  );
}

export function hugeManifest(): ReadableStream<Uint8Array> {
  const chunk = new Uint8Array(1024 * 1024);
  let left = 1024;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => (left-- > 0 ? controller.enqueue(chunk) : controller.close()),
  });
  return writeTar([{ header: { type: 'file', name: 'manifest.json', size: 2 ** 30 }, body }], { signal });
}

export interface BuiltDescriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly platform?: object;
}

export function ociBuilder() {
  const blobs = new Map<Digest, Uint8Array>();
  const put = (mediaType: string, bytes: Uint8Array): BuiltDescriptor => {
    blobs.set(digestOf(bytes), bytes);
    return { mediaType, digest: digestOf(bytes), size: bytes.length };
  };
  const putJson = (mediaType: string, value: unknown): BuiltDescriptor => put(mediaType, encoder.encode(JSON.stringify(value)));
  return {
    blobs,
    image(parts: readonly Uint8Array[], platform: object): BuiltDescriptor {
      const config = put(mediaTypes.ociConfig, configOf(parts, platform));
      const manifest = { schemaVersion: 2, config, layers: parts.map((part) => put(mediaTypes.ociLayer, part)) };
      return { ...putJson(mediaTypes.ociManifest, manifest), platform };
    },
    index: (manifests: readonly BuiltDescriptor[]): BuiltDescriptor => putJson(mediaTypes.ociIndex, { schemaVersion: 2, manifests }),
    tar(manifests: readonly unknown[]): ReadableStream<Uint8Array> {
      const files = [...blobs].map(([digest, bytes]) => file(`blobs/${digest.replace(':', '/')}`, bytes));
      return writeTar(
        [...files, json('index.json', { schemaVersion: 2, manifests }), json('oci-layout', { imageLayoutVersion: '1.0.0' })],
        {
          signal,
        },
      );
    },
  };
}

export function damagedLayout(layers: Layers, what: 'layer' | 'manifest' | 'missing' | 'cycle'): ReadableStream<Uint8Array> {
  const build = ociBuilder();
  const image = build.image([layers.busybox], { os: 'linux', architecture: 'amd64' });
  const layer = digestOf(layers.busybox);
  if (what === 'layer')
    build.blobs.set(
      layer,
      layers.busybox.map((byte, at) => (at === 100_000 ? byte ^ 1 : byte)),
    );
  if (what === 'missing') build.blobs.delete(layer);
  if (what === 'manifest') build.blobs.set(image.digest, encoder.encode('{"schemaVersion":2}'));
  if (what !== 'cycle') return build.tar([image]);
  const self = { mediaType: mediaTypes.ociIndex, digest: digestOf('self'), size: 10 };
  build.blobs.set(self.digest, encoder.encode(JSON.stringify({ schemaVersion: 2, manifests: [self] })));
  return build.tar([self]);
}

export function file(name: string, body: Uint8Array): TarEntryToWrite {
  return { header: { type: 'file', name }, body };
}

export function json(name: string, value: unknown): TarEntryToWrite {
  return file(name, encoder.encode(JSON.stringify(value)));
}

export function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + 64 * 1024));
      at += 64 * 1024;
    },
  });
}

export function packed(bytes: Uint8Array, compression: 'gzip' | 'zstd'): ReadableStream<Uint8Array> {
  return compress(streamOf(bytes), compression, { signal });
}

export async function bytesOf(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Response(stream).bytes();
}

export function leftovers(directory: string): readonly string[] {
  return readdirSync(join(directory, 'content/ingest'));
}
