import { decompress } from '../archive/index.ts';
import {
  chainId,
  digestOf,
  formatFamiliar,
  mediaTypes,
  type Descriptor,
  type Digest,
  type ImageConfig,
  type Platform,
} from '../spec/index.ts';
import { abortable } from './abortable.ts';
import { ArchiveFiles, invalidArchive } from './archive-files.ts';
import type { Collector } from './collector.ts';
import type { Image, ImageProgress, LoadedImage } from './contract.ts';
import { planDockerArchive } from './docker-archive.ts';
import { EarlyLayers } from './early-layers.ts';
import type { PlannedImage } from './load-plan.ts';
import { planOciLayout } from './oci-layout.ts';
import { unpackLayer, type UnpackStores } from './unpack.ts';

export interface LoadStores extends UnpackStores {
  readonly collector: Collector;
  readonly clock: { now(): Date };
}

export interface LoadOptions {
  readonly signal: AbortSignal;
  readonly platform?: Platform;
  readonly progress?: (event: ImageProgress) => void;
}

/** See `ImageStore.load`. */
export async function loadImages(
  stores: LoadStores,
  tar: ReadableStream<Uint8Array>,
  options: LoadOptions,
): Promise<readonly LoadedImage[]> {
  const made = new Set<Digest>();
  try {
    using early = new EarlyLayers(stores, made);
    await using files = new ArchiveFiles(stores.content, early);
    await files.read(decompress(abortable(tar, options.signal), options), options);
    const loaded: LoadedImage[] = [];
    for (const planned of await planImages(files, options)) loaded.push(await loadOne(stores, files, planned, options));
    return loaded;
  } catch (error) {
    // Layers that were unpacked early and belong to no image.
    await stores.collector.collect(made);
    throw error;
  }
}

// The docker form names every tag of an image, so it wins where an archive is both.
async function planImages(files: ArchiveFiles, options: LoadOptions): Promise<readonly PlannedImage[]> {
  if (files.has('manifest.json')) return planDockerArchive(files, options);
  if (files.has('index.json')) return planOciLayout(files, options);
  throw invalidArchive('it holds neither manifest.json nor index.json');
}

async function loadOne(stores: LoadStores, files: ArchiveFiles, planned: PlannedImage, options: LoadOptions): Promise<LoadedImage> {
  const { collector, records } = stores;
  const touched = new Set<Digest>([planned.id]);
  for (const layer of planned.layers) touched.add(layer.descriptor?.digest ?? layer.diffId);
  try {
    using _hold = await collector.hold([...touched, ...chainsOf(planned.config)]);
    const blobs = await unpackLayers(stores, files, planned, touched, options);
    const image = await storeImage(stores, planned, blobs, touched, options);
    return { image, names: planned.names.map(formatFamiliar) };
  } catch (error) {
    // Half an image: what no other image stands on goes again.
    if (records.get(planned.id) === undefined) await collector.collect([...touched, ...chainsOf(planned.config)]);
    throw error;
  }
}

async function unpackLayers(
  stores: LoadStores,
  files: ArchiveFiles,
  planned: PlannedImage,
  touched: Set<Digest>,
  options: LoadOptions,
): Promise<readonly Descriptor[]> {
  const blobs: Descriptor[] = [];
  let parent: Digest | null = null;
  for (const { file, diffId, descriptor } of planned.layers) {
    options.signal.throwIfAborted();
    const blob = await unpackLayer(stores, { bytes: files.file(file), diffId, descriptor, parent }, options);
    touched.add(blob.digest);
    blobs.push(blob);
    parent = chainId(parent, diffId);
  }
  return blobs;
}

/** Makes an image of blobs that are in the store and layers that are unpacked. */
export async function storeImage(
  stores: LoadStores,
  planned: PlannedImage,
  blobs: readonly Descriptor[],
  touched: Set<Digest>,
  options: LoadOptions,
): Promise<Image> {
  const { content, records, snapshots, clock } = stores;
  const bytes = planned.manifest ?? encodeManifest(planned.id, planned.configBytes.length, blobs);
  touched.add(digestOf(bytes));
  // Packed blobs and the manifest got their names just now.
  using _hold = await stores.collector.hold(touched);
  const present = blobs.every((blob) => content.size(blob.digest) !== undefined);
  if (!present) throw invalidArchive('a layer was removed while it was loaded');
  const [manifest] = await Promise.all([content.put(bytes), content.put(planned.configBytes)]);
  for (const name of planned.names) {
    const before = records.named(name);
    if (before === undefined || before === planned.id) continue;
    const message = `The image ${formatFamiliar(name)} already exists, renaming the old one with ID ${before} to empty string`;
    options.progress?.({ kind: 'status', message });
  }
  const size = layersSize(snapshots, chainsOf(planned.config));
  return records.add({ id: planned.id, manifest, config: planned.config, size, parent: null, blobs }, planned.names, clock.now());
}

/** Chain IDs of a config's layers, bottom first. */
export function chainsOf(config: Pick<ImageConfig, 'rootfs'>): readonly Digest[] {
  const chains: Digest[] = [];
  for (const diffId of config.rootfs.diff_ids) chains.push(chainId(chains.at(-1) ?? null, diffId));
  return chains;
}

/** Bytes of these layers, unpacked. */
export function layersSize(snapshots: UnpackStores['snapshots'], chains: readonly Digest[]): number {
  const wanted = new Set(chains);
  return snapshots.listCommitted().reduce((sum, layer) => sum + (wanted.has(layer.chainId) ? layer.size : 0), 0);
}

/** An image manifest for these layers; the same image gives the same bytes. */
export function encodeManifest(id: Digest, configBytes: number, layers: readonly Descriptor[]): Uint8Array {
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: id, size: configBytes },
    layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
  };
  return new TextEncoder().encode(JSON.stringify(manifest));
}
