import { createVolume, inspectVolume, listVolumes, removeVolume } from '../../engine/index.ts';
import { json, noContent } from '../answers.ts';
import { jsonBody, subject, type Call } from '../call.ts';
import { decodeVolumeCreate } from '../decode/index.ts';
import type { HttpAnswer } from '../http/index.ts';
import { renderVolume } from '../render/volume.ts';
import type { Route } from '../router.ts';

export const volumeRoutes: readonly Route[] = [
  { method: 'GET', pattern: '/volumes', handler: list },
  { method: 'POST', pattern: '/volumes/create', handler: create },
  { method: 'POST', pattern: '/volumes/prune', handler: prune, minimum: 25 },
  { method: 'GET', pattern: '/volumes/{name}', handler: inspect },
  { method: 'DELETE', pattern: '/volumes/{name}', handler: remove },
];

function list({ house, query }: Call): HttpAnswer {
  return json({ Volumes: listVolumes(house, query.filters()).map((volume) => renderVolume(volume)), Warnings: null });
}

async function create(call: Call): Promise<HttpAnswer> {
  const volume = await createVolume(call.house, decodeVolumeCreate(await jsonBody(call)), { signal: call.signal });
  return json(renderVolume(volume), 201);
}

function inspect(call: Call): HttpAnswer {
  return json(renderVolume(inspectVolume(call.house, subject(call))));
}

async function remove(call: Call): Promise<HttpAnswer> {
  await removeVolume(call.house, subject(call), { force: call.query.boolean('force') }, { signal: call.signal });
  return noContent();
}

// Since 1.42 only anonymous volumes, unless `all=true`.
async function prune({ house, query, minor, signal }: Call): Promise<HttpAnswer> {
  const { all = [], ...filters } = query.filters();
  const everything = minor < 42 || all.some((value) => value === '1' || value === 'true');
  const unused = listVolumes(house, { ...filters, dangling: ['true'] }).filter((volume) => everything || volume.anonymous);
  let reclaimed = 0;
  const deleted: string[] = [];
  for (const { name } of unused) {
    const size = await house.volumes.usage(name);
    await removeVolume(house, name, { force: false }, { signal });
    deleted.push(name);
    reclaimed += size;
  }
  return json({ VolumesDeleted: deleted, SpaceReclaimed: reclaimed });
}
