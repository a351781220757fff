import { EngineError } from '../../base/index.ts';
import { importImage, loadImages, saveImages } from '../../engine/index.ts';
import { parsePlatform, type Platform } from '../../spec/index.ts';
import { bytes, jsonLines } from '../answers.ts';
import { subject, type Call } from '../call.ts';
import type { HttpAnswer } from '../http/index.ts';
import { Mailbox } from '../mailbox.ts';
import type { Route } from '../router.ts';
import { referenceOf } from './images.ts';
import { pull } from './registries.ts';

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
];

function create(call: Call): Promise<HttpAnswer> | HttpAnswer {
  const { query } = call;
  return query.text('fromImage') === '' ? importRoot(call) : pull(call, platformOf(query.text('platform')));
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

/** `os[/arch[/variant]]`, as create and pull take it. @throws {EngineError} InvalidArgument. */
function platformOf(text: string): Platform | undefined {
  return text === '' ? undefined : parsePlatform(text);
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
