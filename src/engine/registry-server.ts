import { EngineError, isEngineError, messageOf } from '../base/index.ts';
import type { Image } from '../image/index.ts';
import { familiarName, isDigest, mediaTypes, parseReference, withTag, type Digest, type Reference } from '../spec/index.ts';
import type { House } from './house.ts';
import { pullImage } from './image-pull.ts';
import type { Options } from './requests.ts';

export interface ServeRegistryRequest {
  /** `host:port`; port 0 for a free one. */
  readonly listen: string;
  /** What is not here is pulled first. */
  readonly pullThrough: boolean;
}

/** A registry that is being served. Dispose ends it at once. */
export interface ServedRegistry extends AsyncDisposable {
  /** `http://host:port`. */
  readonly url: string;
}

const maximumManifestBytes = 4 * 1024 * 1024;

/**
 * Offers the images of this machine to others, read-only, as the pull side of an OCI registry (distribution-spec 1.1). Anyone who can connect
 * can read every image. @throws {EngineError} InvalidArgument; Conflict, when the address is taken.
 */
export function serveRegistry(house: House, { listen, pullThrough }: ServeRegistryRequest): ServedRegistry {
  const match = /^(\[[0-9a-fA-F:]+\]|[^:/]+):(\d{1,5})$/.exec(listen);
  if (match === null) throw new EngineError('InvalidArgument', `invalid address ${JSON.stringify(listen)}: it must be HOST:PORT`);
  const hostname = match[1]!.replace(/^\[(.*)\]$/, '$1');
  try {
    const server = Bun.serve({
      hostname,
      port: Number(match[2]),
      idleTimeout: 120,
      fetch: async (request) => {
        try {
          return await answer(house, pullThrough, request);
        } catch (error) {
          return failure(error);
        }
      },
    });
    return { url: server.url.origin, [Symbol.asyncDispose]: async () => void (await server.stop(true)) };
  } catch (error) {
    throw new EngineError('Conflict', `Cannot listen on ${listen}: ${messageOf(error)}`, { cause: error });
  }
}

async function answer(house: House, pullThrough: boolean, request: Request): Promise<Response> {
  const url = new URL(request.url);
  if (request.method !== 'GET' && request.method !== 'HEAD') return problem(405, 'UNSUPPORTED', 'this registry is read-only');
  const headers = { 'Docker-Distribution-Api-Version': 'registry/2.0' };
  if (url.pathname === '/v2/' || url.pathname === '/v2') return Response.json({}, { headers });
  if (url.pathname === '/v2/_catalog') return paged(url, 'repositories', repositories(house));
  const match = /^\/v2\/(.+)\/(manifests|blobs|tags|referrers)\/([^/]+)$/.exec(url.pathname);
  if (match === null) return problem(404, 'NAME_UNKNOWN', 'repository name not known to registry');
  const [, path = '', kind, what = ''] = match;
  const repository = parseReference(path);
  const options = { signal: request.signal };
  switch (kind) {
    case 'manifests':
      return manifest(house, await findImage(house, repository, what, pullThrough, options), request, options);
    case 'blobs':
      return blob(house, repository, what, request);
    case 'referrers':
      return Response.json(
        { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] },
        { headers: { 'Content-Type': mediaTypes.ociIndex } },
      );
    default:
      return what === 'list' ? paged(url, 'tags', tagsOf(house, repository), path) : problem(404, 'UNSUPPORTED', 'not found');
  }
}

async function findImage(house: House, repository: Reference, name: string, pullThrough: boolean, options: Options): Promise<Image> {
  const look = (): Image | undefined =>
    isDigest(name) ? imagesOf(house, repository).find((image) => image.manifest === name) : house.images.named(withTag(repository, name));
  const known = look();
  if (known !== undefined) return known;
  if (pullThrough) {
    const reference = `${familiarName(repository)}${isDigest(name) ? '@' : ':'}${name}`;
    await pullImage(house, { reference, progress: () => undefined }, options);
    const pulled = look();
    if (pulled !== undefined) return pulled;
  }
  throw new EngineError('NotFound', 'manifest unknown');
}

async function manifest(house: House, image: Image, request: Request, options: Options): Promise<Response> {
  using blobs = await house.images.blobs(image, options);
  const bytes = new Uint8Array(await house.content.read(blobs.manifest.digest, maximumManifestBytes));
  const { mediaType = mediaTypes.ociManifest } = JSON.parse(new TextDecoder().decode(bytes)) as { readonly mediaType?: string };
  const headers = { 'Content-Type': mediaType, 'Docker-Content-Digest': blobs.manifest.digest, 'Content-Length': String(bytes.length) };
  return new Response(request.method === 'HEAD' ? null : bytes, { headers });
}

// A blob is told of in its own repositories only, so that nobody reads by digest what has no name here.
async function blob(house: House, repository: Reference, digest: string, request: Request): Promise<Response> {
  if (!isDigest(digest)) return problem(400, 'DIGEST_INVALID', 'provided digest is not sha256');
  const size = house.content.size(digest);
  if (size === undefined || !(await isOf(house, repository, digest, { signal: request.signal })))
    return problem(404, 'BLOB_UNKNOWN', 'blob unknown to registry');
  const common = { 'Content-Type': 'application/octet-stream', 'Docker-Content-Digest': digest, 'Accept-Ranges': 'bytes' };
  if (request.method === 'HEAD') return new Response(null, { headers: { ...common, 'Content-Length': String(size) } });
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get('range') ?? '');
  const file = Bun.file(house.content.path(digest));
  if (range === null) return new Response(file, { headers: common });
  const from = Number(range[1]);
  const to = Math.min(range[2] === '' ? size - 1 : Number(range[2]), size - 1);
  if (from > to) return new Response(null, { status: 416, headers: { 'Content-Range': `bytes */${size}` } });
  return new Response(file.slice(from, to + 1), { status: 206, headers: { ...common, 'Content-Range': `bytes ${from}-${to}/${size}` } });
}

async function isOf(house: House, repository: Reference, digest: Digest, options: Options): Promise<boolean> {
  for (const image of imagesOf(house, repository)) {
    if (image.id === digest) return true;
    using blobs = await house.images.blobs(image, options);
    if (blobs.layers.some((layer) => layer.digest === digest)) return true;
  }
  return false;
}

function imagesOf(house: House, repository: Reference): readonly Image[] {
  const name = familiarName(repository);
  const names = (image: Image): readonly string[] => [...image.repoTags, ...image.repoDigests];
  return house.images.list().filter((image) => names(image).some((each) => each.startsWith(`${name}:`) || each.startsWith(`${name}@`)));
}

function tagsOf(house: House, repository: Reference): readonly string[] {
  const prefix = `${familiarName(repository)}:`;
  return house.images
    .list()
    .flatMap((image) => image.repoTags.filter((tag) => tag.startsWith(prefix)).map((tag) => tag.slice(prefix.length)));
}

function repositories(house: House): readonly string[] {
  return [...new Set(house.images.list().flatMap((image) => image.repoTags.map((tag) => tag.slice(0, tag.lastIndexOf(':')))))];
}

function paged(url: URL, key: 'tags' | 'repositories', all: readonly string[], name?: string): Response {
  if (key === 'tags' && all.length === 0) return problem(404, 'NAME_UNKNOWN', 'repository name not known to registry');
  const last = url.searchParams.get('last') ?? '';
  const limit = Math.min(Math.max(Number(url.searchParams.get('n') ?? 1000) || 0, 0), 1000);
  const rest = all.toSorted().filter((each) => each > last);
  const page = rest.slice(0, limit);
  const next =
    page.length < rest.length && page.length > 0 ? `${url.pathname}?n=${limit}&last=${encodeURIComponent(page.at(-1)!)}` : undefined;
  const body = { ...(name === undefined ? {} : { name }), [key]: page };
  return Response.json(body, next === undefined ? {} : { headers: { Link: `<${next}>; rel="next"` } });
}

function failure(error: unknown): Response {
  if (isEngineError(error, 'NotFound')) return problem(404, 'MANIFEST_UNKNOWN', error.message);
  if (isEngineError(error, 'InvalidArgument')) return problem(400, 'NAME_INVALID', error.message);
  return problem(500, 'UNKNOWN', messageOf(error));
}

function problem(status: number, code: string, message: string): Response {
  return Response.json({ errors: [{ code, message }] }, { status });
}
