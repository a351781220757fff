import { parseJson, parseReference, platformFit, withDefaultTag, type Descriptor, type Digest, type Reference } from '../spec/index.ts';
import { blobName, invalidArchive, type ArchiveFiles } from './archive-files.ts';
import { plannedConfig, plannedLayers, type PlannedImage, type PlanOptions } from './load-plan.ts';
import { manifestsByConfig } from './oci-layout.ts';

/** A line of `manifest.json` (moby image/tarexport/tarexport.go, `manifestItem`). */
interface ManifestItem {
  readonly config: string;
  readonly names: readonly Reference[];
  readonly layers: readonly string[];
}

const maxImages = 10_000;
const maxLayers = 1000;

/** The images of a docker-archive. @throws {EngineError} InvalidArgument; NotFound, when none is for `platform`. */
export async function planDockerArchive(files: ArchiveFiles, options: PlanOptions): Promise<readonly PlannedImage[]> {
  const items = parseManifestJson(await files.json('manifest.json', options));
  const manifests = files.has('index.json') ? await manifestsByConfig(files, options) : new Map<Digest, never>();
  const planned: PlannedImage[] = [];
  for (const item of items) {
    const config = await plannedConfig(files, item.config, options);
    const { platform } = options;
    if (platform !== undefined && config.config.architecture !== '' && platformFit(platform, config.config) === 0) continue;
    const given = manifests.get(config.id);
    const same = given !== undefined && sameLayers(item.layers, given.manifest.layers);
    const layers = plannedLayers(config.config, item.layers, same ? given.manifest.layers : null);
    planned.push({ ...config, layers, manifest: same ? given.bytes : null, names: item.names });
  }
  if (planned.length === 0) throw invalidArchive(items.length === 0 ? 'manifest.json names no image' : 'no image for the wanted platform');
  return planned;
}

function sameLayers(files: readonly string[], layers: readonly Descriptor[]): boolean {
  return files.length === layers.length && layers.every((layer, index) => files[index] === blobName(layer.digest));
}

function parseManifestJson(bytes: Uint8Array): readonly ManifestItem[] {
  const json = parseJson(bytes, 'manifest.json');
  if (!Array.isArray(json) || json.length > maxImages) throw invalidArchive('manifest.json is no list of images');
  return json.map(toItem);
}

function toItem(json: unknown): ManifestItem {
  if (typeof json !== 'object' || json === null) throw invalidArchive('manifest.json is no list of images');
  const { Config, RepoTags, Layers } = json as Readonly<Record<string, unknown>>;
  const layers: unknown = Layers ?? [];
  const tags: unknown = RepoTags ?? [];
  if (typeof Config !== 'string' || !isStrings(layers) || !isStrings(tags) || layers.length > maxLayers)
    throw invalidArchive('manifest.json has an image without Config or Layers');
  return { config: Config, layers, names: tags.map((tag) => withDefaultTag(parseReference(tag))) };
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((word) => typeof word === 'string');
}
