import { EngineError, isEngineError } from '../base/index.ts';
import type { PathStat as RawStat } from '../archive/index.ts';
import { cleanPath, openContainerRoot, type ContainerRoot } from './container-root.ts';
import { lookUpUser } from './container-user.ts';
import { publishContainerEvent } from './events/index.ts';
import { goFileMode } from './go-file-mode.ts';
import type { House } from './house.ts';
import type { Options } from './requests.ts';
import { whileStreaming } from './streams/index.ts';
import type { PathStat, WriteArchiveRequest } from './use-cases.ts';

/** What is at a path of a container. @throws {EngineError} NotFound `Could not find the file /x in container y`. */
export async function statArchive(house: House, words: string, path: string, options: Options): Promise<PathStat> {
  const record = house.records.resolve(words);
  requirePath(path);
  await using root = await openContainerRoot(house, record, path);
  // Awaited: the root is let go when this returns.
  return await statOf(house, root, words, path, options);
}

/** A tar of a path of a container; its entries start with the path's last name. @throws {EngineError} NotFound. */
export async function readArchive(
  house: House,
  words: string,
  path: string,
  options: Options,
): Promise<{ readonly stat: PathStat; readonly tar: ReadableStream<Uint8Array> }> {
  const record = house.records.resolve(words);
  requirePath(path);
  const root = await openContainerRoot(house, record, path);
  try {
    const stat = await statOf(house, root, words, path, options);
    const tar = house.rootWorkers.tarPath(root.directory, root.path, { ...options, crossInto: root.mounts });
    publishContainerEvent(house.events, record, 'archive-path');
    return { stat, tar: whileStreaming(tar, root, options) };
  } catch (error) {
    await root[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Unpacks a tar into a directory of a container. @throws {EngineError} NotFound, when it is not there; InvalidArgument, when it is no directory or
 * would be replaced by a file; Forbidden, when it may not be written to.
 */
export async function writeArchive(
  house: House,
  words: string,
  request: WriteArchiveRequest,
  tar: ReadableStream<Uint8Array>,
  options: Options,
): Promise<void> {
  const record = house.records.resolve(words);
  requirePath(request.path);
  const path = request.path.endsWith('/') ? request.path : `${request.path}/`;
  await using root = await openContainerRoot(house, record, path);
  if (root.readOnly) {
    const what = root.mountedAt === '' ? 'container rootfs' : 'mounted volume';
    throw new EngineError('Forbidden', `${what} is marked read-only`);
  }
  // As moby: `-a` gives all to the container's own user, otherwise owners are as the tar says.
  const owner = request.copyUidGid && record.config.User !== '' ? await lookUpUser(house, record, options) : undefined;
  try {
    await house.rootWorkers.untarInto(root.directory, root.path, tar, {
      signal: options.signal,
      noOverwriteDirNonDir: request.noOverwriteDirNonDir,
      ...(owner === undefined ? {} : { owner }),
    });
  } catch (error) {
    throw notFound(error, words, request.path);
  }
  publishContainerEvent(house.events, record, 'extract-to-dir');
}

async function statOf(house: House, root: ContainerRoot, words: string, path: string, options: Options): Promise<PathStat> {
  try {
    return toPathStat(await house.rootWorkers.statPath(root.directory, root.path, options), root, path);
  } catch (error) {
    throw notFound(error, words, path);
  }
}

function toPathStat(raw: RawStat, root: ContainerRoot, path: string): PathStat {
  // The root of a volume has no name of its own: it is called as the path that led there.
  const name = root.path.replace(/\/+$/, '') === '' ? (cleanPath(path).split('/').at(-1) ?? '') : raw.name;
  return {
    name: name === '' ? '/' : name,
    size: raw.size,
    mode: goFileMode(raw.mode),
    modifiedAt: raw.mtime,
    modifiedText: raw.mtimeText,
    linkTarget: raw.linkTarget === '' ? '' : `${root.mountedAt}${raw.linkTarget}`,
  };
}

function notFound(error: unknown, words: string, path: string): unknown {
  if (!isEngineError(error, 'NotFound')) return error;
  return new EngineError('NotFound', `Could not find the file ${path} in container ${words}`, { cause: error });
}

function requirePath(path: string): void {
  if (path === '') throw new EngineError('InvalidArgument', 'Path cannot be empty');
}
