import { EngineError, isEngineError } from '../../base/index.ts';
import {
  explainRegistry,
  inspectDistribution,
  loginToRegistry,
  pullImage,
  pushImage,
  pushManifestList,
  remoteManifest,
  searchRegistry,
  serveRegistry,
  type PullProgress,
  type PushProgress,
  type RegistryCredentials,
} from '../../engine/index.ts';
import { formatFamiliar, parseReference, withTag, type Platform } from '../../spec/index.ts';
import { json, jsonLines } from '../answers.ts';
import { jsonBody, subject, type Call } from '../call.ts';
import type { HttpAnswer } from '../http/index.ts';
import { Mailbox } from '../mailbox.ts';
import type { Route } from '../router.ts';
import { referenceOf } from './images.ts';

export const registryRoutes: readonly Route[] = [
  { method: 'POST', pattern: '/images/{name...}/push', handler: push },
  { method: 'GET', pattern: '/images/search', handler: search },
  { method: 'GET', pattern: '/distribution/{name...}/json', handler: distribution, minimum: 30 },
  { method: 'POST', pattern: '/auth', handler: auth },
  {
    method: 'GET',
    pattern: '/berth/v1/registry/explain',
    handler: ({ house, query }) => json(explainRegistry(house, query.text('reference'))),
  },
  { method: 'GET', pattern: '/berth/v1/registry/manifest', handler: manifest },
  { method: 'POST', pattern: '/berth/v1/registry/manifest', handler: pushList },
  { method: 'POST', pattern: '/berth/v1/registry/serve', handler: serve },
];

/** `POST /images/create?fromImage=`. What fails before the registry named the image is the answer's status; later, a line of it. */
export async function pull(call: Call, platform: Platform | undefined): Promise<HttpAnswer> {
  const { api, house, query, signal } = call;
  const fromImage = query.text('fromImage');
  const named = parseReference(referenceOf(fromImage, query.text('tag')));
  const reference = formatFamiliar(named);
  const credentials = credentialsOf(call);
  // A bare name at this place means all tags, as `docker pull -a` asks.
  const allTags = named.tag === undefined && named.digest === undefined;
  const builtIn = allTags ? `${reference}:latest` : reference;
  if (await api.pullBuiltIn(builtIn, { signal })) return jsonLines(only({ status: `Status: Downloaded newer image for ${reference}` }));
  return streamed((post) =>
    pullImage(
      house,
      {
        reference,
        allTags,
        ...(platform === undefined ? {} : { platform }),
        ...(credentials === undefined ? {} : { credentials }),
        progress: (event) => renderProgress(event).forEach(post),
      },
      { signal },
    ),
  );
}

async function push(call: Call): Promise<HttpAnswer> {
  const { house, query, signal } = call;
  const named = parseReference(subject(call));
  const tag = query.text('tag');
  const credentials = credentialsOf(call);
  return streamed((post) =>
    pushImage(
      house,
      {
        reference: formatFamiliar(tag === '' ? named : withTag(named, tag)),
        ...(credentials === undefined ? {} : { credentials }),
        progress: (event) => renderProgress(event).forEach(post),
      },
      { signal },
    ),
  );
}

async function search(call: Call): Promise<HttpAnswer> {
  const { house, query, signal } = call;
  const credentials = credentialsOf(call);
  const request = { limit: query.integer('limit') || 25, filters: query.filters(), ...(credentials === undefined ? {} : { credentials }) };
  const found = await searchRegistry(house, query.text('term'), request, { signal });
  return json(
    found.map(({ name, description, stars, official, automated }) => ({
      star_count: stars,
      is_official: official,
      name,
      is_automated: automated,
      description,
    })),
  );
}

async function distribution(call: Call): Promise<HttpAnswer> {
  const { descriptor, platforms } = await inspectDistribution(call.house, subject(call), credentialsOf(call), { signal: call.signal });
  const { mediaType, digest, size } = descriptor;
  return json({ Descriptor: { mediaType, digest, size }, Platforms: platforms });
}

async function auth(call: Call): Promise<HttpAnswer> {
  const body = await jsonBody(call);
  const fields = (body ?? {}) as Readonly<Record<string, unknown>>;
  const server = typeof fields['serveraddress'] === 'string' ? fields['serveraddress'] : '';
  const token = await loginToRegistry(call.house, server, toCredentials(fields) ?? {}, { signal: call.signal });
  return json({ Status: 'Login Succeeded', ...(token === '' ? {} : { IdentityToken: token }) });
}

async function manifest(call: Call): Promise<HttpAnswer> {
  const found = await remoteManifest(call.house, call.query.text('reference'), credentialsOf(call), { signal: call.signal });
  const { mediaType, digest, size } = found.descriptor;
  return json({ Descriptor: { mediaType, digest, size }, Platform: found.platform, Raw: Buffer.from(found.bytes).toString('base64') });
}

async function pushList(call: Call): Promise<HttpAnswer> {
  const body = ((await jsonBody(call)) ?? {}) as { readonly reference?: unknown; readonly manifests?: unknown };
  if (typeof body.reference !== 'string' || !Array.isArray(body.manifests))
    throw new EngineError('InvalidArgument', 'the body must have a reference and manifests');
  const manifests = body.manifests.map((each: { readonly reference?: unknown; readonly platform?: unknown } | null) => {
    if (typeof each?.reference !== 'string') throw new EngineError('InvalidArgument', 'a manifest needs a reference');
    return { reference: each.reference, platform: (each.platform ?? {}) as Platform };
  });
  const credentials = credentialsOf(call);
  const request = { reference: body.reference, manifests, ...(credentials === undefined ? {} : { credentials }) };
  return json({ Digest: await pushManifestList(call.house, request, { signal: call.signal }) }, 201);
}

// Serves as long as the client stays.
function serve({ house, query, signal }: Call): HttpAnswer {
  const served = serveRegistry(house, { listen: query.text('listen'), pullThrough: query.boolean('pullThrough') });
  return jsonLines(
    (async function* () {
      await using _served = served;
      yield { status: `Serving images on ${served.url}` };
      const ended = Promise.withResolvers<void>();
      for (const each of [signal, house.closing]) {
        if (each.aborted) ended.resolve();
        each.addEventListener('abort', () => ended.resolve(), { once: true });
      }
      await ended.promise;
    })(),
  );
}

/** The X-Registry-Auth header: JSON in URL-safe base64. @throws {EngineError} InvalidArgument. */
function credentialsOf({ request }: Call): RegistryCredentials | undefined {
  const header = request.head.headers.get('x-registry-auth') ?? '';
  if (header === '') return undefined;
  try {
    const parsed: unknown = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
    return toCredentials(parsed as Readonly<Record<string, unknown>> | null);
  } catch {
    throw new EngineError('InvalidArgument', 'invalid X-Registry-Auth header: it must be JSON in base64url');
  }
}

function toCredentials(fields: Readonly<Record<string, unknown>> | null): RegistryCredentials | undefined {
  const text = (name: string): string => {
    const value = fields?.[name];
    return typeof value === 'string' ? value : '';
  };
  const [username, password] = [text('username'), text('password')];
  const [identityToken, registryToken] = [text('identitytoken'), text('registrytoken')];
  if (username === '' && identityToken === '' && registryToken === '') return undefined;
  return { username, password, identityToken, registryToken };
}

// The answer begins with the first line; what fails before is its status.
async function streamed(work: (post: (line: unknown) => void) => Promise<void>): Promise<HttpAnswer> {
  const lines = new Mailbox<unknown>();
  const begun = Promise.withResolvers<void>();
  const running = work((line) => {
    lines.post(line);
    begun.resolve();
  });
  lines.closeAfter(running);
  try {
    await Promise.race([begun.promise, running]);
  } catch (error) {
    // A 401 would make docker ask for a password and try again, which dockerd's answer does not.
    throw isEngineError(error, 'Unauthorized') ? new EngineError('Internal', error.message, { cause: error }) : error;
  }
  return jsonLines(lines);
}

// Docker's progress messages (moby pkg/streamformatter).
function renderProgress(event: PullProgress | PushProgress): readonly unknown[] {
  switch (event.kind) {
    case 'status':
      return [{ status: event.message }];
    case 'line':
      return [{ status: event.message, ...(event.prefix === undefined ? {} : { id: event.prefix }) }];
    case 'layer': {
      const { id, status, current, total } = event;
      return [{ status, progressDetail: total === 0 ? {} : { current, total }, id }];
    }
    case 'pushed': {
      const { tag, digest, size } = event;
      return [{ status: `${tag}: digest: ${digest} size: ${size}` }, { progressDetail: {}, aux: { Tag: tag, Digest: digest, Size: size } }];
    }
  }
}

async function* only(line: unknown): AsyncGenerator<unknown> {
  yield line;
}
