import { EngineError } from '../../base/index.ts';
import { readArchive, statArchive, writeArchive } from '../../engine/index.ts';
import { bytes } from '../answers.ts';
import { subject, type Call } from '../call.ts';
import type { HttpAnswer } from '../http/index.ts';
import { formatTime } from '../render/time.ts';
import type { Route } from '../router.ts';

export const archiveRoutes: readonly Route[] = [
  { method: 'HEAD', pattern: '/containers/{id}/archive', handler: stat },
  { method: 'GET', pattern: '/containers/{id}/archive', handler: read },
  { method: 'PUT', pattern: '/containers/{id}/archive', handler: write },
];

type PathStat = Awaited<ReturnType<typeof statArchive>>;

function pathOf({ query }: Call): string {
  const path = query.text('path');
  if (path === '') throw new EngineError('InvalidArgument', 'bad parameter: path cannot be empty');
  return path;
}

function statHeader({ name, size, mode, modifiedAt, linkTarget }: PathStat): { readonly 'X-Docker-Container-Path-Stat': string } {
  const text = JSON.stringify({ name, size, mode, mtime: formatTime(modifiedAt), linkTarget });
  return { 'X-Docker-Container-Path-Stat': Buffer.from(text).toString('base64') };
}

async function stat(call: Call): Promise<HttpAnswer> {
  const found = await statArchive(call.house, subject(call), pathOf(call), { signal: call.signal });
  return { kind: 'whole', status: 200, headers: statHeader(found), body: '' };
}

async function read(call: Call): Promise<HttpAnswer> {
  const { stat: found, tar } = await readArchive(call.house, subject(call), pathOf(call), { signal: call.signal });
  return bytes(tar, 'application/x-tar', statHeader(found));
}

async function write(call: Call): Promise<HttpAnswer> {
  const { house, query, request, signal } = call;
  const wanted = {
    path: pathOf(call),
    noOverwriteDirNonDir: query.boolean('noOverwriteDirNonDir'),
    copyUidGid: query.boolean('copyUIDGID'),
  };
  await writeArchive(house, subject(call), wanted, request.stream(), { signal });
  return { kind: 'whole', status: 200, body: '' };
}
