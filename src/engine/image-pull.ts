import { EngineError } from '../base/index.ts';
import type { Image, ImageProgress } from '../image/index.ts';
import type { FetchedManifest, RegistryCredentials, Repository } from '../registry/index.ts';
import {
  familiarName,
  formatFamiliar,
  formatPlatform,
  hostPlatform,
  mediaTypes,
  parseImageIndex,
  parseReference,
  platformFit,
  withDefaultTag,
  withDigest,
  withTag,
  type Descriptor,
  type Platform,
  type Reference,
} from '../spec/index.ts';
import { publishImageEvent } from './events/index.ts';
import type { House } from './house.ts';
import { imageLabels } from './image-users.ts';
import type { Options } from './requests.ts';

export interface PullImageRequest {
  /** A reference; without tag and digest `latest` is meant. */
  readonly reference: string;
  /** Every tag of the repository. */
  readonly allTags?: boolean;
  readonly platform?: Platform;
  readonly credentials?: RegistryCredentials;
  /** `status` events are whole lines; `prefix` is what goes before one, as Docker's `id`. */
  readonly progress: (event: PullProgress) => void;
}

export type PullProgress = ImageProgress | { readonly kind: 'line'; readonly prefix?: string; readonly message: string };

const indexTypes: ReadonlySet<string> = new Set([mediaTypes.ociIndex, mediaTypes.dockerIndex]);
const maximumDepth = 4;

/**
 * Brings an image, or all of a repository, from its registry. Nothing is told before the registry has named the image, so what is not there
 * is thrown before any progress. @throws {EngineError} NotFound, Unauthorized, Forbidden, Unavailable, InvalidArgument, in Docker's words.
 */
export async function pullImage(house: House, request: PullImageRequest, options: Options): Promise<void> {
  const named = parseReference(request.reference);
  const repository = house.registry.repository(named, request.credentials === undefined ? {} : { credentials: request.credentials });
  if (request.allTags !== true) {
    const reference = withDefaultTag(named);
    const newer = await pullOne(house, repository, reference, request, options);
    tellStatus(request, formatFamiliar(reference), newer);
    return;
  }
  let newer = false;
  let count = 0;
  for await (const tag of repository.tags(options)) {
    count++;
    newer = (await pullOne(house, repository, withTag(named, tag), request, options)) || newer;
  }
  if (count === 0) throw new EngineError('NotFound', `no tags found in repository ${familiarName(named)}`);
  tellStatus(request, familiarName(named), newer);
}

// Whether the name means another image than before.
async function pullOne(
  house: House,
  repository: Repository,
  reference: Reference,
  request: PullImageRequest,
  options: Options,
): Promise<boolean> {
  const before = house.images.named(reference);
  const wanted = request.platform ?? hostPlatform();
  const name = reference.digest ?? reference.tag ?? 'latest';
  const begin = (): void => request.progress({ kind: 'line', prefix: name, message: `Pulling from ${reference.path}` });
  if (before !== undefined && request.platform === undefined && (await isSame(house, repository, reference, before, options))) {
    begin();
    tellDigest(request, before, reference);
    publishPull(house, before, reference);
    return false;
  }
  const top = await repository.fetch(name, options);
  const chosen = await chooseManifest(repository, top, wanted, options);
  begin();
  const names = [...(reference.digest === undefined ? [reference] : []), withDigest(reference, top.descriptor.digest)];
  const image = await house.images.pull(
    { manifest: chosen.bytes, names, openFrom: (descriptor, offset, each) => repository.openFrom(descriptor, offset, each) },
    { signal: options.signal, progress: request.progress },
  );
  request.progress({ kind: 'line', message: `Digest: ${top.descriptor.digest}` });
  publishPull(house, image, reference);
  return before?.id !== image.id;
}

// Asking for a tag's digest is cheap, and does not count where registries count pulls.
async function isSame(house: House, repository: Repository, reference: Reference, image: Image, options: Options): Promise<boolean> {
  if (image.manifest === null || house.content.size(image.manifest) === undefined) return false;
  if (platformFit(hostPlatform(), image.config) === 0) return false;
  const known = await repository.head(reference.digest ?? reference.tag ?? 'latest', options);
  return known !== null && house.images.named(withDigest(reference, known.digest))?.id === image.id;
}

/** The manifest for a platform: the one there is, or the best of an index. @throws {EngineError} NotFound, in Docker's words. */
async function chooseManifest(repository: Repository, top: FetchedManifest, wanted: Platform, options: Options): Promise<FetchedManifest> {
  let found = top;
  for (let depth = 0; indexTypes.has(found.descriptor.mediaType); depth++) {
    if (depth >= maximumDepth) throw new EngineError('InvalidArgument', 'image index is nested too deeply');
    const child = bestOf(parseImageIndex(found.bytes).manifests, wanted);
    if (child === undefined)
      throw new EngineError('NotFound', `no matching manifest for ${formatPlatform(wanted)} in the manifest list entries`);
    found = await repository.fetch(child.digest, options);
  }
  return found;
}

function bestOf(children: readonly Descriptor[], wanted: Platform): Descriptor | undefined {
  let best: { readonly child: Descriptor; readonly fit: number } | undefined;
  for (const child of children) {
    if (child.annotations?.['vnd.docker.reference.type'] !== undefined) continue;
    // An index inside an index, or an image nobody said a platform of: may be.
    const fit = child.platform === undefined ? 0.5 : platformFit(wanted, child.platform);
    if (fit > (best?.fit ?? 0)) best = { child, fit };
  }
  return best?.child;
}

function tellStatus({ progress }: PullImageRequest, name: string, newer: boolean): void {
  const message = newer ? `Status: Downloaded newer image for ${name}` : `Status: Image is up to date for ${name}`;
  progress({ kind: 'line', message });
}

function tellDigest({ progress }: PullImageRequest, { repoDigests }: Image, reference: Reference): void {
  const prefix = `${familiarName(reference)}@`;
  const digest = reference.digest ?? repoDigests.find((name) => name.startsWith(prefix))?.slice(prefix.length);
  if (digest !== undefined) progress({ kind: 'line', message: `Digest: ${digest}` });
}

function publishPull(house: House, image: Image, reference: Reference): void {
  publishImageEvent(house.events, formatFamiliar(reference), familiarName(reference), 'pull', imageLabels(image));
}
