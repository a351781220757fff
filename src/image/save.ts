import { writeTar, type TarEntryToWrite } from '../archive/index.ts';
import { EngineError } from '../base/index.ts';
import {
  digestHex,
  familiarName,
  formatFamiliar,
  formatPlatform,
  formatReference,
  mediaTypes,
  parseReference,
  platformFit,
  withDefaultTag,
  type Descriptor,
  type Digest,
  type Platform,
  type Reference,
} from '../spec/index.ts';
import { blobName } from './archive-files.ts';
import type { Image, ImageBlobs } from './contract.ts';
import { imageBlobs, type BlobStores } from './layer-blob.ts';
import type { ImageRecords } from './records.ts';
import { isIdPrefix, resolveImage } from './resolve.ts';

export interface SaveOptions {
  readonly signal: AbortSignal;
  readonly platform?: Platform;
}

interface Chosen {
  readonly image: Image;
  readonly names: Reference[];
}

/** See `ImageStore.save`. Names are resolved before it returns; the same images give the same bytes. */
export function saveImages(stores: BlobStores, words: readonly string[], options: SaveOptions): ReadableStream<Uint8Array> {
  const chosen = chooseImages(stores.records, words, options.platform);
  return writeTar(archiveEntries(stores, chosen, options), options);
}

// A name without a tag means every tag of its repository (moby image/tarexport/save.go, `parseNames`).
function chooseImages(records: ImageRecords, words: readonly string[], platform: Platform | undefined): readonly Chosen[] {
  const chosen = new Map<Digest, Chosen>();
  const add = (image: Image, name: Reference | null): void => {
    if (platform !== undefined && platformFit(platform, image.config) === 0) {
      const shown = name === null ? image.id : formatFamiliar(name);
      throw new EngineError(
        'NotFound',
        `image with reference ${shown} was found but does not provide the specified platform (${formatPlatform(platform)})`,
      );
    }
    const known = chosen.get(image.id) ?? { image, names: [] };
    chosen.set(image.id, known);
    if (name !== null && !known.names.some((other) => formatReference(other) === formatReference(name))) known.names.push(name);
  };
  for (const word of words) {
    const image = resolveOrTags(records, word, add);
    if (image === null) continue;
    const byId = isIdPrefix(image, word);
    const reference = byId ? null : parseReference(word);
    add(image, reference === null || reference.digest !== undefined ? null : withDefaultTag(reference));
  }
  return [...chosen.values()];
}

function resolveOrTags(records: ImageRecords, word: string, add: (image: Image, name: Reference) => void): Image | null {
  const isHex = /^(sha256:)?[0-9a-f]{1,64}$/.test(word);
  const reference = isHex ? null : parseReference(word);
  if (reference === null || reference.tag !== undefined || reference.digest !== undefined) return resolveImage(records, word);
  const tags = records.namesIn(reference).filter((name) => name.reference.digest === undefined);
  if (tags.length === 0) return resolveImage(records, word);
  for (const { reference: name, id } of tags) {
    const image = records.get(id);
    if (image !== undefined) add(image, name);
  }
  return null;
}

async function* archiveEntries(stores: BlobStores, chosen: readonly Chosen[], options: SaveOptions): AsyncGenerator<TarEntryToWrite> {
  const saved: Array<Chosen & { readonly blobs: ImageBlobs }> = [];
  try {
    for (const one of chosen) saved.push({ ...one, blobs: await imageBlobs(stores, one.image, options) });
    const all = saved.map((one) => one.blobs);
    const small = all.flatMap(({ manifest, config }) => [manifest, config]);
    const blobs = new Map([...small, ...all.flatMap(({ layers }) => layers)].map((blob) => [blob.digest, blob]));
    // The small files first, then layers from the bottom up: who reads the stream knows each layer's place before it comes.
    yield jsonFile('oci-layout', { imageLayoutVersion: '1.0.0' });
    yield jsonFile('index.json', { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: saved.flatMap(indexEntries) });
    yield jsonFile('manifest.json', saved.map(manifestItem));
    yield jsonFile('repositories', repositories(saved));
    yield { header: { type: 'directory', name: 'blobs/' } };
    yield { header: { type: 'directory', name: 'blobs/sha256/' } };
    for (const blob of blobs.values())
      yield { header: { type: 'file', name: blobName(blob.digest), size: blob.size }, body: await stores.content.open(blob, options) };
  } finally {
    for (const { blobs } of saved) blobs[Symbol.dispose]();
  }
}

type Saved = Chosen & { readonly blobs: ImageBlobs };

function indexEntries({ image, names, blobs }: Saved): readonly Descriptor[] {
  const { os, architecture, variant } = image.config;
  const platform = { os, architecture, ...(variant === undefined ? {} : { variant }) };
  const entry: Descriptor = { ...blobs.manifest, platform };
  if (names.length === 0) return [entry];
  return names.map((name) => {
    const annotations = {
      'io.containerd.image.name': formatReference(name),
      'org.opencontainers.image.ref.name': name.tag ?? 'latest',
    };
    return { ...entry, annotations };
  });
}

function manifestItem({ names, blobs }: Saved): object {
  return {
    Config: blobName(blobs.config.digest),
    RepoTags: names.length === 0 ? null : names.map(formatFamiliar),
    Layers: blobs.layers.map((layer) => blobName(layer.digest)),
  };
}

function repositories(saved: readonly Saved[]): Record<string, Record<string, string>> {
  const all: Record<string, Record<string, string>> = {};
  for (const { image, names } of saved) {
    const top = image.config.rootfs.diff_ids.at(-1);
    for (const name of top === undefined ? [] : names) {
      if (top === undefined) continue;
      const repository = (all[familiarName(name)] ??= {});
      repository[name.tag ?? 'latest'] = digestHex(top);
    }
  }
  return all;
}

function jsonFile(name: string, value: unknown): TarEntryToWrite {
  return { header: { type: 'file', name }, body: new TextEncoder().encode(`${JSON.stringify(value)}\n`) };
}
