import { compress } from '../archive/index.ts';
import { EngineError } from '../base/index.ts';
import { mediaTypes, type Descriptor, type Digest } from '../spec/index.ts';
import type { Image, ImageBlobs } from './contract.ts';
import { imageBlobs, type BlobStores } from './layer-blob.ts';
import { encodeManifest } from './load.ts';

// Three times as fast as gzip's own default, and a tenth larger.
const level = 3;
const plainTypes: ReadonlySet<string> = new Set([mediaTypes.ociLayer, mediaTypes.dockerLayer]);

/**
 * As `imageBlobs`, with every layer packed, for sending them away: layers that are plain here are packed now and kept, and the image has a
 * manifest of packed layers from then on. The same layer gives the same blob.
 * @throws {EngineError} NotFound, when the image is removed meanwhile.
 */
export async function packedBlobs(stores: BlobStores, image: Image, options: { readonly signal: AbortSignal }): Promise<ImageBlobs> {
  const blobs = await imageBlobs(stores, image, options);
  if (!blobs.layers.some((layer) => plainTypes.has(layer.mediaType))) return blobs;
  using _plain = blobs;
  const { collector, content, records, clock } = stores;
  const holds: Disposable[] = [];
  try {
    const layers = await Promise.all(
      blobs.layers.map(async (layer, index) => {
        if (!plainTypes.has(layer.mediaType)) return layer;
        const packed = knownPacked(stores, image.config.rootfs.diff_ids[index]!) ?? (await pack(stores, layer, holds, options));
        holds.push(await collector.hold([packed.digest]));
        return packed;
      }),
    );
    const manifest = await content.put(encodeManifest(image.id, blobs.config.size, layers));
    holds.push(await collector.hold([manifest]));
    if (records.get(image.id) === undefined) throw new EngineError('NotFound', `No such image: ${image.id}`);
    const row = { id: image.id, manifest, config: image.config, size: image.size, parent: null, blobs: layers };
    return await imageBlobs(stores, records.add(row, [], clock.now()), options);
  } finally {
    for (const hold of holds) hold[Symbol.dispose]();
  }
}

function knownPacked({ records, content }: BlobStores, diffId: Digest): Descriptor | undefined {
  return records.layerBlobs(diffId).find(({ mediaType, digest, size }) => !plainTypes.has(mediaType) && content.size(digest) === size);
}

async function pack(
  { content, collector }: BlobStores,
  layer: Descriptor,
  holds: Disposable[],
  options: { readonly signal: AbortSignal },
): Promise<Descriptor> {
  await using ingest = await content.ingest(compress(await content.open(layer, options), 'gzip', { ...options, level }), options);
  const digest = await ingest.digest(options);
  holds.push(await collector.hold([digest]));
  await ingest.keep(digest);
  return { mediaType: mediaTypes.ociLayerGzip, digest, size: ingest.size };
}
