import { EngineError } from '../base/index.ts';
import { digestOf, isDigest, mediaTypes, parseImageIndex, parseJson, type Descriptor, type Digest } from '../spec/index.ts';
import type { FetchedManifest } from './contract.ts';
import type { Place } from './places.ts';
import { drop, readCapped } from './read-capped.ts';
import { RegistryError } from './registry-error.ts';

/** Docker's and distribution-spec's bound. */
export const maximumManifestBytes = 4 * 1024 * 1024;

const accepted = [mediaTypes.ociIndex, mediaTypes.ociManifest, mediaTypes.dockerIndex, mediaTypes.dockerManifest].join(', ');
export const manifestTypes: ReadonlySet<string> = new Set([
  mediaTypes.ociIndex,
  mediaTypes.ociManifest,
  mediaTypes.dockerIndex,
  mediaTypes.dockerManifest,
]);

interface Options {
  readonly signal: AbortSignal;
}

/** See `Repository.head`. */
export async function headManifest(
  { session, base }: Place,
  name: string,
  { signal }: Options,
): Promise<Pick<Descriptor, 'digest' | 'mediaType'> | null> {
  const response = await session.request('HEAD', `${base}/manifests/${name}`, { headers: { Accept: accepted }, signal, accept: [200] });
  drop(response);
  const digest = response.headers.get('docker-content-digest') ?? '';
  return isDigest(digest) ? { digest, mediaType: mediaTypeOf(response) } : null;
}

/** See `Repository.fetch`. */
export async function fetchManifest({ session, base }: Place, name: string, { signal }: Options): Promise<FetchedManifest> {
  const path = `${base}/manifests/${name}`;
  const response = await session.request('GET', path, { headers: { Accept: `${accepted}, */*` }, signal, accept: [200] });
  const bytes = await readCapped(response, maximumManifestBytes, signal);
  const digest = digestOf(bytes);
  const said = response.headers.get('docker-content-digest');
  const wanted = isDigest(name) ? name : said !== null && isDigest(said) ? said : digest;
  if (wanted !== digest)
    throw new EngineError('InvalidArgument', `manifest verification failed for digest ${wanted}: the registry sent ${digest}`);
  return { descriptor: { mediaType: typeOf(bytes, mediaTypeOf(response)), digest, size: bytes.length }, bytes };
}

/** See `Repository.putManifest`. */
export async function putManifest(
  { session, base }: Place,
  name: string,
  mediaType: string,
  bytes: Uint8Array<ArrayBuffer>,
  { signal }: Options,
): Promise<void> {
  const headers = { 'Content-Type': mediaType };
  const response = await session.request('PUT', `${base}/manifests/${name}`, { headers, body: bytes, signal, accept: [200, 201, 202] });
  drop(response);
  const said = response.headers.get('docker-content-digest');
  const digest = digestOf(bytes);
  if (said !== null && isDigest(said) && said !== digest)
    throw new EngineError('InvalidArgument', `the registry stored another manifest than was sent: ${said} instead of ${digest}`);
}

/** See `Repository.referrers`: the API of distribution-spec 1.1, else its tag scheme. */
export async function fetchReferrers(place: Place, digest: Digest, { signal }: Options): Promise<readonly Descriptor[]> {
  const { session, base } = place;
  const response = await session.request('GET', `${base}/referrers/${digest}`, { signal, accept: [200, 404, 405] });
  if (response.status === 200) return parseImageIndex(await readCapped(response, maximumManifestBytes, signal)).manifests;
  drop(response);
  try {
    const { bytes } = await fetchManifest(place, digest.replace(':', '-'), { signal });
    return parseImageIndex(bytes).manifests;
  } catch (error) {
    if (error instanceof RegistryError && error.status === 404) return [];
    throw error;
  }
}

function mediaTypeOf(response: Response): string {
  return (response.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
}

// Some registries say text/plain or application/json; then the manifest itself tells.
function typeOf(bytes: Uint8Array, header: string): string {
  if (manifestTypes.has(header)) return header;
  const json = parseJson(bytes, 'manifest') as Readonly<Record<string, unknown>> | null;
  const own = json?.['mediaType'];
  if (typeof own === 'string' && manifestTypes.has(own)) return own;
  if (json?.['schemaVersion'] === 1)
    throw new EngineError(
      'InvalidArgument',
      'Docker Image Format v1 and Docker Image manifest version 2, schema 1 are not supported. Suggest the author to upgrade the image to the OCI Format or Docker Image manifest v2, schema 2',
    );
  if (Array.isArray(json?.['manifests'])) return mediaTypes.ociIndex;
  if (Array.isArray(json?.['layers'])) return mediaTypes.ociManifest;
  throw new EngineError('InvalidArgument', `unsupported manifest media type ${JSON.stringify(header.slice(0, 100))}`);
}
