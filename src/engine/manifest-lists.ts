import { EngineError } from '../base/index.ts';
import { copyGraph } from '../content/index.ts';
import type { FetchedManifest, RegistryCredentials, Repository } from '../registry/index.ts';
import {
  digestOf,
  mediaTypes,
  parseImageConfig,
  parseImageManifest,
  parseReference,
  withDefaultTag,
  type Digest,
  type Platform,
  type Reference,
} from '../spec/index.ts';
import type { House } from './house.ts';
import type { Options } from './requests.ts';

export interface RemoteManifest extends FetchedManifest {
  /** Of an image; an index has none. */
  readonly platform: Platform | null;
}

export interface ManifestListRequest {
  /** Where the list goes: a reference with a tag. */
  readonly reference: string;
  /** Images of the same registry, each with a digest or tag. */
  readonly manifests: ReadonlyArray<{ readonly reference: string; readonly platform?: Platform }>;
  readonly credentials?: RegistryCredentials;
}

const maximumConfigBytes = 4 * 1024 * 1024;

/** A manifest or index as its registry has it, byte for byte. @throws {EngineError} NotFound, Unauthorized, Unavailable. */
export async function remoteManifest(
  house: House,
  words: string,
  credentials: RegistryCredentials | undefined,
  options: Options,
): Promise<RemoteManifest> {
  const reference = withDefaultTag(parseReference(words));
  return readManifest(open(house, reference, credentials, 'pull'), reference, options);
}

/**
 * Makes one name of images for several platforms and pushes it: what the target repository lacks of them is brought there first.
 * @throws {EngineError} InvalidArgument, for lists inside lists; NotFound; Unauthorized.
 */
export async function pushManifestList(house: House, request: ManifestListRequest, options: Options): Promise<Digest> {
  const target = withDefaultTag(parseReference(request.reference));
  if (target.digest !== undefined) throw new EngineError('InvalidArgument', 'a manifest list is pushed to a tag');
  if (request.manifests.length === 0) throw new EngineError('InvalidArgument', 'a manifest list needs a manifest');
  const repository = open(house, target, request.credentials, 'push');
  const manifests: object[] = [];
  for (const each of request.manifests) {
    const reference = withDefaultTag(parseReference(each.reference));
    if (reference.domain !== target.domain)
      throw new EngineError(
        'InvalidArgument',
        `cannot use source images from a different registry than the target image: ${reference.domain} != ${target.domain}`,
      );
    const source = open(house, reference, request.credentials, 'pull');
    const { descriptor, platform } = await readManifest(source, reference, options);
    if (platform === null) throw new EngineError('InvalidArgument', `${each.reference} is a manifest list`);
    if (reference.path !== target.path) await copyGraph(source, repository, descriptor, { signal: options.signal });
    manifests.push({ ...descriptor, platform: { ...platform, ...each.platform } });
  }
  const bytes = new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
  await repository.putManifest(target.tag ?? 'latest', mediaTypes.ociIndex, bytes, options);
  return digestOf(bytes);
}

async function readManifest(repository: Repository, reference: Reference, options: Options): Promise<RemoteManifest> {
  const fetched = await repository.fetch(reference.digest ?? reference.tag ?? 'latest', options);
  const { mediaType } = fetched.descriptor;
  if (mediaType !== mediaTypes.ociManifest && mediaType !== mediaTypes.dockerManifest) return { ...fetched, platform: null };
  const { config } = parseImageManifest(fetched.bytes);
  if (config.size > maximumConfigBytes) throw new EngineError('InvalidArgument', `image config is larger than ${maximumConfigBytes} bytes`);
  const { os, architecture, variant } = parseImageConfig(await new Response(await repository.open(config, options)).bytes());
  return { ...fetched, platform: { os, architecture, ...(variant === undefined ? {} : { variant }) } };
}

function open(house: House, reference: Reference, credentials: RegistryCredentials | undefined, access: 'pull' | 'push'): Repository {
  return house.registry.repository(reference, { access, ...(credentials === undefined ? {} : { credentials }) });
}
