import { EngineError } from '../../base/index.ts';
import { importImage, loadImages, saveImages } from '../../engine/index.ts';
import { familiarName, formatFamiliar, parseReference, type Platform } from '../../spec/index.ts';
import { bytes, jsonLines } from '../answers.ts';
import { subject, type Call } from '../call.ts';
import type { HttpAnswer } from '../http/index.ts';
import { Mailbox } from '../mailbox.ts';
import type { Route } from '../router.ts';
import { referenceOf } from './images.ts';

export const imageTransferRoutes: readonly Route[] = [
  { method: 'POST', pattern: '/images/create', handler: create },
  { method: 'POST', pattern: '/images/load', handler: load },
  {
    method: 'GET',
    pattern: '/images/get',
    handler: (call) =>
      save(
        call,
        call.query.all('names').flatMap((names) => names.split(',')),
      ),
  },
  { method: 'GET', pattern: '/images/{name...}/get', handler: (call) => save(call, [subject(call)]) },
  { method: 'POST', pattern: '/images/{name...}/push', handler: push },
];

function create(call: Call): Promise<HttpAnswer> | HttpAnswer {
  const { query } = call;
  return query.text('fromImage') === '' ? importRoot(call) : pull(call);
}

async function importRoot({ house, request, query, signal }: Call): Promise<HttpAnswer> {
  if (query.text('fromSrc') !== '-') throw new EngineError('InvalidArgument', 'fromSrc takes only "-": send the tar as the body');
  const platform = platformOf(query.text('platform'));
  const image = await importImage(
    house,
    request.stream(),
    {
      reference: referenceOf(query.text('repo'), query.text('tag')),
      message: query.text('message'),
      changes: query
        .all('changes')
        .flatMap((text) => text.split('\n'))
        .filter((line) => line.trim() !== ''),
      ...(platform === undefined ? {} : { platform }),
    },
    { signal },
  );
  return jsonLines(only({ status: image.id }));
}

// Until there are registries: what Docker says of a repository that is not there.
async function pull({ api, query, signal }: Call): Promise<HttpAnswer> {
  const { fromImage, tag } = { fromImage: query.text('fromImage'), tag: query.text('tag') };
  const reference = parseReference(referenceOf(fromImage, tag));
  const name = formatFamiliar(reference);
  const known = await api.pullBuiltIn(/[:@]/.test(name.slice(name.lastIndexOf('/') + 1)) ? name : `${name}:latest`, { signal });
  if (known) return jsonLines(only({ status: `Status: Downloaded newer image for ${name}` }));
  throw new EngineError(
    'NotFound',
    `pull access denied for ${familiarName(reference)}, repository does not exist or may require 'docker login': ` +
      'denied: requested access to the resource is denied',
  );
}

function push({ params }: Call): never {
  throw new EngineError('NotImplemented', `Cannot push ${params[0]}: registries are not supported yet`);
}

// The answer begins while the archive is still coming in; what goes wrong is a line of it.
function load({ house, request, query, signal, minor }: Call): HttpAnswer {
  const platform = minor >= 48 ? jsonPlatform(query.text('platform')) : undefined;
  const quiet = query.boolean('quiet');
  const lines = new Mailbox<unknown>();
  const work = async () => {
    const loaded = await loadImages(
      house,
      request.stream(),
      {
        ...(platform === undefined ? {} : { platform }),
        progress: (event) => {
          if (event.kind === 'status') return lines.post({ stream: `${event.message}\n` });
          if (quiet) return;
          const { id, status, current, total } = event;
          lines.post({ status, progressDetail: { current, total }, id });
        },
      },
      { signal },
    );
    for (const { image, names } of loaded) {
      if (names.length === 0) lines.post({ stream: `Loaded image ID: ${image.id}\n` });
      for (const name of names) lines.post({ stream: `Loaded image: ${name}\n` });
    }
  };
  lines.closeAfter(work());
  return jsonLines(lines);
}

function save({ house, query, signal, minor }: Call, names: readonly string[]): HttpAnswer {
  const platform = minor >= 48 ? jsonPlatform(query.text('platform')) : undefined;
  if (names.length === 0) throw new EngineError('InvalidArgument', 'no images to save');
  return bytes(saveImages(house, names, platform === undefined ? {} : { platform }, { signal }), 'application/x-tar');
}

/** `os[/arch[/variant]]`, as create and pull take it. */
function platformOf(text: string): Platform | undefined {
  if (text === '') return undefined;
  const [os = 'linux', architecture = 'amd64', variant] = text.split('/');
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

/** A JSON platform, as load and save take it since 1.48. @throws {EngineError} InvalidArgument. */
function jsonPlatform(text: string): Platform | undefined {
  if (text === '') return undefined;
  try {
    const { os, architecture, variant } = JSON.parse(text) as Partial<Record<keyof Platform, unknown>>;
    if (typeof os === 'string' && typeof architecture === 'string') {
      return { os, architecture, ...(typeof variant === 'string' && variant !== '' ? { variant } : {}) };
    }
  } catch {
    // Answered below, as a platform of the wrong shape.
  }
  throw new EngineError('InvalidArgument', 'failed to parse platform: invalid JSON');
}

async function* only(line: unknown): AsyncGenerator<unknown> {
  yield line;
}
