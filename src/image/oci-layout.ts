import {
  hostPlatform,
  mediaTypes,
  parseImageIndex,
  parseImageManifest,
  parseReference,
  platformFit,
  withDefaultTag,
  type Descriptor,
  type Digest,
  type ImageManifest,
  type Reference,
} from '../spec/index.ts';
import { blobName, invalidArchive, type ArchiveFiles } from './archive-files.ts';
import { jsonBlob, plannedConfig, plannedLayers, type PlannedImage, type PlanOptions } from './load-plan.ts';

const refName = 'org.opencontainers.image.ref.name';
const imageName = 'io.containerd.image.name';
const maxDepth = 4;
const maxManifests = 1000;
const indexTypes: ReadonlySet<string> = new Set([mediaTypes.ociIndex, mediaTypes.dockerIndex]);
const manifestTypes: ReadonlySet<string> = new Set([mediaTypes.ociManifest, mediaTypes.dockerManifest]);

/** A manifest an index leads to. */
interface Found {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly manifest: ImageManifest;
}

/**
 * The images of an OCI layout (OCI image-spec v1.1.1, image-layout.md): for each name the one that fits this machine or `platform`.
 * @throws {EngineError} InvalidArgument; NotFound, when nothing fits.
 */
export async function planOciLayout(files: ArchiveFiles, options: PlanOptions): Promise<readonly PlannedImage[]> {
  const index = parseImageIndex(await files.json('index.json', options));
  const planned = new Map<Digest, PlannedImage>();
  for (const { names, descriptors } of groupByName(index.manifests)) {
    const found = await findManifests(files, descriptors, options);
    const image = await chooseImage(files, found, names, options);
    const before = planned.get(image.id);
    planned.set(image.id, before === undefined ? image : { ...before, names: [...before.names, ...image.names] });
  }
  if (planned.size === 0) throw invalidArchive('index.json names no image');
  return [...planned.values()];
}

/** Every manifest an archive's index leads to, by the digest of its config; for archives that are OCI layouts besides. */
export async function manifestsByConfig(files: ArchiveFiles, options: PlanOptions): Promise<ReadonlyMap<Digest, Found>> {
  const index = parseImageIndex(await files.json('index.json', options));
  const found = await findManifests(files, index.manifests, options, 'present');
  return new Map(found.map((one) => [one.manifest.config.digest, one]));
}

interface Group {
  readonly names: readonly Reference[];
  readonly descriptors: readonly Descriptor[];
}

// Entries of one name are one image for several platforms; entries without a name stand each for itself, unless platforms tell them apart.
function groupByName(entries: readonly Descriptor[]): readonly Group[] {
  const groups = new Map<string, { names: readonly Reference[]; descriptors: Descriptor[] }>();
  for (const entry of entries) {
    if (isAttestation(entry)) continue;
    const name = nameOf(entry);
    const label = entry.annotations?.[imageName] ?? entry.annotations?.[refName];
    const key = label ?? (entry.platform === undefined ? entry.digest : '');
    const group = groups.get(key) ?? { names: name === null ? [] : [name], descriptors: [] };
    group.descriptors.push(entry);
    groups.set(key, group);
  }
  return [...groups.values()];
}

// containerd's annotation has the full name; the OCI one may be a full name or just a tag, which names no repository.
function nameOf({ annotations }: Descriptor): Reference | null {
  const full = annotations?.[imageName];
  const text = full ?? annotations?.[refName];
  if (text === undefined || (full === undefined && !/[:/]/.test(text))) return null;
  try {
    return withDefaultTag(parseReference(text));
  } catch {
    return null;
  }
}

function isAttestation({ annotations, platform }: Descriptor): boolean {
  return annotations?.['vnd.docker.reference.type'] !== undefined || platform?.architecture === 'unknown';
}

async function findManifests(
  files: ArchiveFiles,
  roots: readonly Descriptor[],
  options: PlanOptions,
  want: 'all' | 'present' = 'all',
): Promise<readonly Found[]> {
  const seen = new Set<Digest>();
  const found: Found[] = [];
  const visit = async (descriptor: Descriptor, depth: number): Promise<void> => {
    if (seen.has(descriptor.digest) || isAttestation(descriptor)) return;
    seen.add(descriptor.digest);
    if (seen.size > maxManifests) throw invalidArchive('index.json leads to too many manifests');
    if (depth > maxDepth) throw invalidArchive('image index is nested too deeply');
    // A layout made for one platform keeps an index that names the others.
    if (!files.has(blobName(descriptor.digest)) && (depth > 0 || want === 'present')) return;
    if (indexTypes.has(descriptor.mediaType)) {
      for (const child of parseImageIndex(await jsonBlob(files, descriptor, options)).manifests) await visit(child, depth + 1);
    } else if (manifestTypes.has(descriptor.mediaType)) {
      const bytes = await jsonBlob(files, descriptor, options);
      found.push({ descriptor, bytes, manifest: parseImageManifest(bytes) });
    } else if (want === 'all') throw invalidArchive(`cannot load ${descriptor.mediaType}`);
  };
  for (const root of roots) await visit(root, 0);
  return found;
}

async function chooseImage(
  files: ArchiveFiles,
  found: readonly Found[],
  names: readonly Reference[],
  options: PlanOptions,
): Promise<PlannedImage> {
  const wanted = options.platform ?? hostPlatform();
  let best: { readonly image: PlannedImage; readonly fit: number } | null = null;
  for (const one of found) {
    if (one.descriptor.platform !== undefined && platformFit(wanted, one.descriptor.platform) === 0 && found.length > 1) continue;
    const image = await toPlanned(files, one, names, options);
    const platform = one.descriptor.platform ?? image.config;
    const alone = found.length === 1 && options.platform === undefined;
    const fit = alone || platform.architecture === '' ? 1 : platformFit(wanted, platform);
    if (fit > (best?.fit ?? 0)) best = { image, fit };
  }
  if (best === null) throw invalidArchive(`no image for platform ${wanted.os}/${wanted.architecture}`);
  return best.image;
}

async function toPlanned(files: ArchiveFiles, found: Found, names: readonly Reference[], options: PlanOptions): Promise<PlannedImage> {
  const { config, layers } = found.manifest;
  if (config.mediaType !== mediaTypes.ociConfig && config.mediaType !== mediaTypes.dockerConfig)
    throw invalidArchive(`cannot load an artifact with config ${config.mediaType}`);
  const planned = await plannedConfig(files, blobName(config.digest), options);
  if (planned.id !== config.digest) throw invalidArchive(`digest mismatch: expected ${config.digest}, got ${planned.id}`);
  const fileNames = layers.map((layer) => blobName(layer.digest));
  return { ...planned, layers: plannedLayers(planned.config, fileNames, layers), manifest: found.bytes, names };
}
