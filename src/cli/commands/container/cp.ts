import { lstat } from 'node:fs/promises';
import { basename, dirname, normalize, resolve } from 'node:path';
import { writeTar } from '../../../archive/index.ts';
import { isClientError, type EngineResponse } from '../../../client/index.ts';
import { formatSize } from '../../../base/index.ts';
import type { Call, Command } from '../../command.ts';
import { entriesOf } from '../../copy/in.ts';
import { unpackTo } from '../../copy/out.ts';
import { parsePathStat, type PathStat } from '../../copy/path-stat.ts';
import { containerPath } from '../../each.ts';
import { goStyle } from '../../transfer.ts';

export const command: Command = {
  usage: ['[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-', '[OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH'],
  summary: 'Copy files between a container and this machine',
  details: `'-' as the source is a tar archive on STDIN, unpacked into a directory of the
container. '-' as the destination writes a tar archive of the source to STDOUT.`,
  aliases: ['container cp', 'cp'],
  arguments: { minimum: 2, maximum: 2 },
  flags: [
    { name: 'archive', short: 'a', kind: 'bool', usage: 'Keep owner and group of every file' },
    { name: 'follow-link', short: 'L', kind: 'bool', usage: 'Copy what a symbolic link in SRC_PATH means' },
    { name: 'quiet', short: 'q', kind: 'bool', usage: 'Do not say what was copied. Nothing is said without a terminal' },
  ],
  async run(call) {
    const [source = '', target = ''] = call.args;
    if (source === '') throw new Error('source can not be empty');
    if (target === '') throw new Error('destination can not be empty');
    const from = splitPlace(source);
    const to = splitPlace(target);
    if (from.container !== undefined && to.container !== undefined) throw new Error('copying between containers is not supported');
    if (from.container !== undefined) return await copyOut(call, from.container, from.path, to.path);
    if (to.container !== undefined) return await copyIn(call, from.path, to.container, to.path);
    throw new Error('must specify at least one container source');
  },
};

// `name:path`. A path that starts with `/` or `.` is here, whatever colons it has.
function splitPlace(text: string): { container: string | undefined; path: string } {
  const colon = text.indexOf(':');
  if (text.startsWith('/') || text.startsWith('.') || colon < 1) return { container: undefined, path: text };
  return { container: text.slice(0, colon), path: text.slice(colon + 1) };
}

async function copyOut(call: Call, container: string, path: string, target: string): Promise<number> {
  const { client, flags, io } = call;
  let source = path;
  if (flags.bool('follow-link')) source = await linkTarget(call, container, path);
  const response = await client.request('GET', containerPath(container, '/archive'), { query: { path: source } });
  if (target === '-') {
    for await (const bytes of response.body) await io.stdout.write(bytes);
    return 0;
  }
  const stat = parsePathStat(response.headers['x-docker-container-path-stat']);
  const counter = { bytes: 0 };
  await unpackTo(webStream(response, counter), {
    sourcePath: path,
    isDirectory: stat.isDirectory,
    target,
    keepOwner: flags.bool('archive'),
    signal: new AbortController().signal,
  });
  await say(call, counter.bytes, resolve(target));
  return 0;
}

async function linkTarget(call: Call, container: string, path: string): Promise<string> {
  const stat = await statPath(call, container, path);
  if (stat?.isLink !== true) return path;
  return stat.linkTarget.startsWith('/') ? stat.linkTarget : normalize(`${dirname(path)}/${stat.linkTarget}`);
}

async function statPath({ client }: Call, container: string, path: string): Promise<PathStat | undefined> {
  try {
    const response = await client.request('HEAD', containerPath(container, '/archive'), { query: { path } });
    return parsePathStat(response.headers['x-docker-container-path-stat']);
  } catch (error) {
    if (isClientError(error, 404)) return undefined;
    throw error;
  }
}

async function copyIn(call: Call, source: string, container: string, path: string): Promise<number> {
  const { client, flags, io } = call;
  const query = { noOverwriteDirNonDir: true, copyUIDGID: flags.bool('archive') ? 1 : undefined };
  const headers = { 'Content-Type': 'application/x-tar' };
  let folder = path;
  if (source === '-') {
    await client.request('PUT', containerPath(container, '/archive'), { query: { path, ...query }, upload: io.stdin.stream(), headers });
    return 0;
  }
  const local = await lstat(source).catch((error: unknown) => {
    throw goStyle(error, 'lstat', resolve(source));
  });
  let found = await statPath(call, container, path);
  if (found?.isLink === true) {
    folder = await linkTarget(call, container, path);
    found = await statPath(call, container, folder);
  }
  let name = basename(resolve(source));
  const takesContent = /(^|\/)\.$/.test(source) && local.isDirectory();
  if (takesContent) name = '';
  if (found?.isDirectory !== true) {
    if (found !== undefined && local.isDirectory()) throw new Error('cannot copy directory');
    if (found === undefined && path.endsWith('/') && !local.isDirectory()) throw new Error('no such directory');
    name = basename(folder);
    folder = dirname(folder.replace(/\/+$/, ''));
  }
  const counter = { bytes: 0 };
  const options = { followsLink: flags.bool('follow-link') || source.endsWith('/'), keepOwner: flags.bool('archive') };
  const tar = writeTar(entriesOf(source, name, options), { signal: new AbortController().signal });
  await client.request('PUT', containerPath(container, '/archive'), {
    query: { path: folder || '/', ...query },
    upload: counted(tar, counter),
    headers,
  });
  await say(call, counter.bytes, `${container}:${path}`);
  return 0;
}

async function* counted(source: AsyncIterable<Uint8Array>, counter: { bytes: number }): AsyncGenerator<Uint8Array, void> {
  for await (const bytes of source) {
    counter.bytes += bytes.length;
    yield bytes;
  }
}

function webStream(response: EngineResponse, counter: { bytes: number }): ReadableStream<Uint8Array> {
  const chunks = counted(response.body, counter);
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await chunks.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel() {
      await chunks.return();
    },
  });
}

async function say({ flags, io }: Call, bytes: number, where: string): Promise<void> {
  if (!flags.bool('quiet') && io.stderr.isTerminal) await io.stderr.write(`Successfully copied ${formatSize(bytes, 3)} to ${where}\n`);
}
