import { commitContainer, imageHistory, inspectImage, listImages, pruneImages, removeImage, tagImage } from '../../engine/index.ts';
import { json } from '../answers.ts';
import { jsonBody, subject, type Call } from '../call.ts';
import { decodeCommitConfig } from '../decode/index.ts';
import type { HttpAnswer } from '../http/index.ts';
import { renderHistory, renderImage, renderImageSummary, renderRemoval } from '../render/image.ts';
import type { Route } from '../router.ts';

export const imageRoutes: readonly Route[] = [
  { method: 'GET', pattern: '/images/json', handler: list },
  { method: 'GET', pattern: '/images/{name...}/json', handler: inspect },
  { method: 'GET', pattern: '/images/{name...}/history', handler: history },
  { method: 'POST', pattern: '/images/{name...}/tag', handler: tag },
  { method: 'POST', pattern: '/images/prune', handler: prune, minimum: 25 },
  { method: 'DELETE', pattern: '/images/{name...}', handler: remove },
  { method: 'POST', pattern: '/commit', handler: commit },
];

async function list({ house, query, signal, minor }: Call): Promise<HttpAnswer> {
  const filters = query.filters();
  // Until 1.40 `filter` was a reference.
  const old = minor < 41 ? query.text('filter') : '';
  const found = await listImages(
    house,
    {
      all: query.boolean('all'),
      filters: old === '' ? filters : { ...filters, reference: [...(filters['reference'] ?? []), old] },
      sharedSize: minor >= 42 && query.boolean('shared-size'),
    },
    { signal },
  );
  return json(found.map((summary) => renderImageSummary(summary, minor)));
}

function inspect(call: Call): HttpAnswer {
  return json(renderImage(inspectImage(call.house, subject(call)), call.house.snapshots, call.minor));
}

function history(call: Call): HttpAnswer {
  return json(imageHistory(call.house, subject(call)).map(renderHistory));
}

function tag(call: Call): HttpAnswer {
  tagImage(call.house, subject(call), referenceOf(call.query.text('repo'), call.query.text('tag')));
  return { kind: 'whole', status: 201, body: '' };
}

async function remove(call: Call): Promise<HttpAnswer> {
  const { house, query, signal } = call;
  const removed = await removeImage(house, subject(call), { force: query.boolean('force'), prune: !query.boolean('noprune') }, { signal });
  return json(removed.map(renderRemoval));
}

async function prune({ house, query, signal }: Call): Promise<HttpAnswer> {
  const { removed, reclaimed } = await pruneImages(house, query.filters(), { signal });
  return json({ ImagesDeleted: removed.length === 0 ? null : removed.map(renderRemoval), SpaceReclaimed: reclaimed });
}

async function commit(call: Call): Promise<HttpAnswer> {
  const { house, query, signal } = call;
  const body = await jsonBody(call);
  const id = await commitContainer(
    house,
    query.text('container'),
    {
      reference: referenceOf(query.text('repo'), query.text('tag')),
      author: query.text('author'),
      comment: query.text('comment'),
      pause: query.boolean('pause', true),
      changes: query
        .all('changes')
        .flatMap((text) => text.split('\n'))
        .filter((line) => line.trim() !== ''),
      ...(body === undefined || body === null ? {} : { config: decodeCommitConfig(body) }),
    },
    { signal },
  );
  return json({ Id: id }, 201);
}

/** `repo` and `tag` of a query as one reference; a tag may be a digest. '' when there is no repo. */
export function referenceOf(repo: string, tagText: string): string {
  if (repo === '' || tagText === '') return repo;
  return `${repo}${tagText.includes(':') ? '@' : ':'}${tagText}`;
}
