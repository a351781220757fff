import { EngineError } from '../../base/index.ts';
import {
  containerChanges,
  containerTop,
  createContainer,
  exportContainer,
  inspectContainer,
  killContainer,
  listContainers,
  pauseContainer,
  pruneContainers,
  removeContainer,
  renameContainer,
  resizeContainer,
  restartContainer,
  startContainer,
  stopContainer,
  unpauseContainer,
  updateContainer,
  type StopRequest,
} from '../../engine/index.ts';
import { bytes, json, jsonText, noContent } from '../answers.ts';
import { jsonBody, lasting, subject, type Call } from '../call.ts';
import { decodeCreate, decodeUpdate, parseJson } from '../decode/index.ts';
import type { HttpAnswer } from '../http/index.ts';
import { renderContainer } from '../render/container.ts';
import type { Route } from '../router.ts';

export const containerRoutes: readonly Route[] = [
  { method: 'GET', pattern: '/containers/json', handler: list },
  { method: 'POST', pattern: '/containers/create', handler: create },
  { method: 'POST', pattern: '/containers/prune', handler: prune, minimum: 25 },
  { method: 'GET', pattern: '/containers/{id}/json', handler: inspect },
  { method: 'GET', pattern: '/containers/{id}/top', handler: top },
  { method: 'GET', pattern: '/containers/{id}/changes', handler: changes },
  { method: 'GET', pattern: '/containers/{id}/export', handler: exportTar },
  { method: 'POST', pattern: '/containers/{id}/resize', handler: resize },
  { method: 'POST', pattern: '/containers/{id}/start', handler: start },
  { method: 'POST', pattern: '/containers/{id}/stop', handler: stop },
  { method: 'POST', pattern: '/containers/{id}/restart', handler: restart },
  { method: 'POST', pattern: '/containers/{id}/kill', handler: kill },
  { method: 'POST', pattern: '/containers/{id}/pause', handler: pause },
  { method: 'POST', pattern: '/containers/{id}/unpause', handler: unpause },
  { method: 'POST', pattern: '/containers/{id}/rename', handler: rename },
  { method: 'POST', pattern: '/containers/{id}/update', handler: update },
  { method: 'DELETE', pattern: '/containers/{id}', handler: remove },
];

async function list({ api, house, query, signal, minor }: Call): Promise<HttpAnswer> {
  const limit = query.integer('limit');
  const summaries = await listContainers(
    house,
    { all: query.boolean('all'), ...(limit === undefined ? {} : { limit }), size: query.boolean('size'), filters: query.filters() },
    { signal },
  );
  // An image's words are shown while they still mean the image, else its id.
  const meant = new Map<string, string>();
  const imageName = ({ record }: (typeof summaries)[number]) => {
    const words = record.config.Image;
    let id = meant.get(words);
    if (id === undefined) meant.set(words, (id = imageId(words)));
    return id === record.image.id ? words : record.image.id;
  };
  const imageId = (words: string) => {
    try {
      return house.images.resolve(words).id;
    } catch {
      return ''; // The name is gone.
    }
  };
  return jsonText(`${api.containerList.render(summaries, { minor, now: house.clock.now(), imageName })}\n`);
}

async function create(call: Call): Promise<HttpAnswer> {
  const { house, query, minor, signal } = call;
  const body = await jsonBody(call);
  const request = decodeCreate(body === undefined ? parseJson('') : body, {
    minor,
    name: query.text('name'),
    platform: minor >= 41 ? query.text('platform') : '',
    cgroupVersion: house.host.cgroupVersion,
  });
  const { id, warnings } = await createContainer(house, request, { signal });
  return json({ Id: id, Warnings: warnings }, 201);
}

async function inspect(call: Call): Promise<HttpAnswer> {
  const { house, query, signal, minor } = call;
  const details = await inspectContainer(house, subject(call), { size: query.boolean('size') }, { signal });
  return json(renderContainer(details, { engineId: house.engineId, minor, networks: house.networks }));
}

async function start(call: Call): Promise<HttpAnswer> {
  const { house, query, request } = call;
  if (query.has('checkpoint')) throw new EngineError('InvalidArgument', 'checkpoint is not supported: checkpoints need CRIU');
  // Before 1.24 a HostConfig could come with start; an empty object still does.
  if (request.hasBody && Object.keys(((await jsonBody(call)) ?? {}) as object).length > 0) {
    throw new EngineError(
      'InvalidArgument',
      'starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24',
    );
  }
  await startContainer(house, subject(call), lasting(call));
  return noContent();
}

function stopRequest({ query, minor }: Call): StopRequest {
  const timeoutSeconds = query.integer('t');
  const stopSignal = minor >= 42 ? query.text('signal') : '';
  return { ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }), ...(stopSignal === '' ? {} : { stopSignal }) };
}

async function stop(call: Call): Promise<HttpAnswer> {
  await stopContainer(call.house, subject(call), stopRequest(call), lasting(call));
  return noContent();
}

async function restart(call: Call): Promise<HttpAnswer> {
  await restartContainer(call.house, subject(call), stopRequest(call), lasting(call));
  return noContent();
}

async function kill(call: Call): Promise<HttpAnswer> {
  await killContainer(call.house, subject(call), call.query.text('signal'), lasting(call));
  return noContent();
}

async function pause(call: Call): Promise<HttpAnswer> {
  await pauseContainer(call.house, subject(call), lasting(call));
  return noContent();
}

async function unpause(call: Call): Promise<HttpAnswer> {
  await unpauseContainer(call.house, subject(call), lasting(call));
  return noContent();
}

async function rename(call: Call): Promise<HttpAnswer> {
  await renameContainer(call.house, subject(call), call.query.text('name'), lasting(call));
  return noContent();
}

async function update(call: Call): Promise<HttpAnswer> {
  const request = decodeUpdate(await jsonBody(call));
  const { warnings } = await updateContainer(call.house, subject(call), request, lasting(call));
  return json({ Warnings: warnings.length === 0 ? null : warnings });
}

async function remove(call: Call): Promise<HttpAnswer> {
  const { house, query } = call;
  const request = { force: query.boolean('force'), volumes: query.boolean('v'), link: query.boolean('link') };
  await removeContainer(house, subject(call), request, lasting(call));
  return noContent();
}

async function resize(call: Call): Promise<HttpAnswer> {
  await resizeContainer(call.house, subject(call), sizeOf(call), { signal: call.signal });
  return { kind: 'whole', status: 200, body: '' };
}

/** `h` and `w`. @throws {EngineError} InvalidArgument. */
export function sizeOf({ query }: Call): { readonly rows: number; readonly columns: number } {
  const rows = query.integer('h') ?? 0;
  const columns = query.integer('w') ?? 0;
  if (rows < 0 || columns < 0 || rows > 65535 || columns > 65535) throw new EngineError('InvalidArgument', 'invalid resize: out of range');
  return { rows, columns };
}

async function top(call: Call): Promise<HttpAnswer> {
  const words = call.query.text('ps_args');
  const { titles, processes } = await containerTop(call.house, subject(call), words === '' ? '-ef' : words, { signal: call.signal });
  return json({ Processes: processes, Titles: titles });
}

const changeKinds = { modified: 0, added: 1, deleted: 2 } as const;

async function changes(call: Call): Promise<HttpAnswer> {
  const found = await containerChanges(call.house, subject(call), { signal: call.signal });
  return json(found.length === 0 ? null : found.map(({ kind, path }) => ({ Kind: changeKinds[kind], Path: path })));
}

async function exportTar(call: Call): Promise<HttpAnswer> {
  const tar = await exportContainer(call.house, subject(call), { signal: call.signal });
  return bytes(tar, 'application/octet-stream');
}

async function prune({ house, query, signal }: Call): Promise<HttpAnswer> {
  const { deleted, reclaimed } = await pruneContainers(house, query.filters(), { signal });
  return json({ ContainersDeleted: deleted.length === 0 ? null : deleted, SpaceReclaimed: reclaimed });
}
