import { decompress } from '../archive/index.ts';
import { EngineError } from '../base/index.ts';
import {
  digestOf,
  hostPlatform,
  mediaTypes,
  parseReference,
  withDefaultTag,
  type Descriptor,
  type Digest,
  type ImageConfig,
  type Reference,
} from '../spec/index.ts';
import { abortable } from './abortable.ts';
import type { CreateImageRequest, Image, ImportRequest } from './contract.ts';
import { chainsOf, encodeManifest, layersSize, type LoadStores } from './load.ts';

/** See `ImageStore.create`. @throws {EngineError} NotFound, when a layer is not there; InvalidArgument, for a bad reference. */
export async function createImage(stores: LoadStores, request: CreateImageRequest): Promise<Image> {
  const { snapshots, collector } = stores;
  const names = request.reference === undefined ? [] : [parseTag(request.reference)];
  const config: ImageConfig = { ...request.config, rootfs: { type: 'layers', diff_ids: request.diffIds }, history: request.history };
  const chains = chainsOf(config);
  using _hold = await collector.hold([...chains, digestOf(encodeConfig(config))]);
  for (const chain of chains) if (!snapshots.has(chain)) throw new EngineError('NotFound', `No such layer: ${chain}`);
  return storeConfig(stores, config, { names, blobs: [], parent: request.parent ?? null });
}

/** See `ImageStore.importRoot`. */
export async function importRoot(
  stores: LoadStores,
  tar: ReadableStream<Uint8Array>,
  request: ImportRequest,
  options: { readonly signal: AbortSignal },
): Promise<Image> {
  const names = request.reference === undefined ? [] : [parseTagOrCancel(request.reference, tar)];
  const { content, snapshots, collector } = stores;
  await using ingest = await content.ingest(decompress(abortable(tar, options.signal), options), options);
  const diffId = await ingest.digest(options);
  ingest.flush();
  const config = importedConfig(request, diffId, stores.clock.now());
  const id = digestOf(encodeConfig(config));
  try {
    using _hold = await collector.hold([diffId, id]);
    await snapshots.apply({ diffId, parent: null, tar: await ingest.open(options) }, options);
    if (content.size(diffId) === undefined) await ingest.keep(diffId);
    const blob = { mediaType: mediaTypes.ociLayer, digest: diffId, size: ingest.size };
    return await storeConfig(stores, config, { names, blobs: [blob], parent: null });
  } catch (error) {
    if (stores.records.get(id) === undefined) await collector.collect([diffId, id]);
    throw error;
  }
}

interface Naming {
  readonly names: readonly Reference[];
  readonly blobs: readonly Descriptor[];
  readonly parent: Digest | null;
}

async function storeConfig(stores: LoadStores, config: ImageConfig, { names, blobs, parent }: Naming): Promise<Image> {
  const bytes = encodeConfig(config);
  const chains = chainsOf(config);
  const size = layersSize(stores.snapshots, chains);
  const id = await stores.content.put(bytes);
  let manifest: Digest | null = null;
  if (blobs.length === config.rootfs.diff_ids.length) {
    const encoded = encodeManifest(id, bytes.length, blobs);
    using _hold = await stores.collector.hold([digestOf(encoded)]);
    manifest = await stores.content.put(encoded);
    return stores.records.add({ id, manifest, config, size, parent, blobs }, names, stores.clock.now());
  }
  return stores.records.add({ id, manifest, config, size, parent, blobs }, names, stores.clock.now());
}

// Dates and words as `docker import` writes them (moby daemon/containerd/image_import.go).
function importedConfig(request: ImportRequest, diffId: Digest, now: Date): ImageConfig {
  const created = (request.createdAt ?? now).toISOString();
  const { os, architecture, variant } = request.platform ?? hostPlatform();
  const comment = request.message === undefined || request.message === '' ? 'Imported from -' : request.message;
  return {
    created,
    architecture,
    ...(variant === undefined ? {} : { variant }),
    os,
    config: request.config ?? {},
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created, ...(request.createdBy === undefined ? {} : { created_by: request.createdBy }), comment }],
    comment,
  };
}

function encodeConfig(config: ImageConfig): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(config));
}

/** A reference to name an image with. @throws {EngineError} InvalidArgument. */
export function parseTag(text: string): Reference {
  const reference = withDefaultTag(parseReference(text));
  if (reference.digest !== undefined) throw new EngineError('InvalidArgument', 'refusing to create a tag with a digest reference');
  if (reference.domain === 'docker.io' && reference.path === 'library/sha256')
    throw new EngineError('InvalidArgument', 'refusing to create an ambiguous tag using digest algorithm as name');
  return reference;
}

function parseTagOrCancel(text: string, tar: ReadableStream<Uint8Array>): Reference {
  try {
    return parseTag(text);
  } catch (error) {
    tar.cancel(error).catch(() => undefined);
    throw error;
  }
}
