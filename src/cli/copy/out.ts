import { chmod, chown, link, lstat, mkdir, open, rm, stat, symlink, utimes } from 'node:fs/promises';
import { basename, dirname, join, normalize, resolve } from 'node:path';
import { readTar, type TarEntry, type TarHeader } from '../../archive/index.ts';

/**
 * Unpacks what the engine sent of `sourcePath` to `target` by the rules of cp: into a directory that is there, else under the name `target`;
 * a source that ends in `/.` means its content. Nothing is written outside. @throws with the docker CLI's words where they do not fit.
 */
export async function unpackTo(
  source: ReadableStream<Uint8Array>,
  options: {
    readonly sourcePath: string;
    readonly isDirectory: boolean;
    readonly target: string;
    readonly keepOwner: boolean;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const place = await placeOf(options);
  for await (const entry of readTar(source, { signal: options.signal })) {
    // Of a source `x/.` the engine's names start with `./`: there is no first part then.
    const parts = partsOf(entry.header.name);
    const inner = entry.header.name.startsWith('./')
      ? parts
      : place.dropsRoot
        ? parts.slice(1)
        : [place.rootName ?? parts[0] ?? '', ...parts.slice(1)];
    const path = join(place.folder, ...inner);
    if (inner.length === 0 && entry.header.type === 'directory') continue;
    await checkParents(place.folder, inner);
    await writeEntry(entry, path, place, options.keepOwner);
  }
}

function partsOf(name: string): string[] {
  return normalize(`/${name}`)
    .split('/')
    .filter((part) => part !== '');
}

interface Place {
  readonly folder: string;
  /** The first part of every name in the archive goes. */
  readonly dropsRoot: boolean;
  /** It becomes this, if not undefined. */
  readonly rootName: string | undefined;
}

async function placeOf(options: { sourcePath: string; isDirectory: boolean; target: string }): Promise<Place> {
  const { sourcePath, isDirectory, target } = options;
  const wantsFolder = /(^|\/)\.?$/.test(target);
  const found = await stat(target).catch(() => undefined);
  const takesContent = sourcePath.endsWith('/.');
  if (found?.isDirectory() === true) return { folder: resolve(target), dropsRoot: takesContent, rootName: undefined };
  if (found !== undefined && (isDirectory || wantsFolder)) throw new Error('cannot copy directory');
  const folder = dirname(resolve(target));
  const parent = await stat(folder).catch(() => undefined);
  if (parent === undefined) throw new Error(`invalid output path: directory ${JSON.stringify(folder)} does not exist`);
  if (wantsFolder && !isDirectory) throw new Error(`no such directory`);
  if (takesContent) {
    await mkdir(resolve(target));
    return { folder: resolve(target), dropsRoot: true, rootName: undefined };
  }
  return { folder, dropsRoot: false, rootName: basename(resolve(target)) };
}

// A link in the archive must not lead what follows it elsewhere.
async function checkParents(folder: string, parts: readonly string[]): Promise<void> {
  for (let count = 1; count < parts.length; count++) {
    const path = join(folder, ...parts.slice(0, count));
    const found = await lstat(path).catch(() => undefined);
    if (found === undefined) await mkdir(path, { recursive: true });
    else if (!found.isDirectory()) throw new Error(`cannot copy through ${path}: not a directory`);
  }
}

async function writeEntry(entry: TarEntry, path: string, place: Place, keepOwner: boolean): Promise<void> {
  const { header } = entry;
  const found = await lstat(path).catch(() => undefined);
  if (found?.isDirectory() === true && header.type !== 'directory')
    throw new Error(`cannot overwrite directory ${JSON.stringify(path)} with a file`);
  if (found?.isDirectory() === false) await rm(path);
  switch (header.type) {
    case 'directory':
      if (found === undefined) await mkdir(path);
      break;
    case 'file':
      await writeFileBody(entry, path);
      break;
    case 'symlink':
      await symlink(header.linkName, path);
      return;
    case 'hardlink':
      await link(linkPath(header, place), path);
      return;
    default:
      // Devices and pipes are left out: a copy is for files.
      return;
  }
  if (keepOwner) await chown(path, header.uid, header.gid);
  await chmod(path, header.mode);
  await utimes(path, header.mtimeSeconds, header.mtimeSeconds);
}

function linkPath(header: TarHeader, place: Place): string {
  const parts = partsOf(header.linkName);
  if (header.linkName.startsWith('./')) return join(place.folder, ...parts);
  return join(place.folder, ...(place.dropsRoot ? parts.slice(1) : [place.rootName ?? parts[0] ?? '', ...parts.slice(1)]));
}

async function writeFileBody(entry: TarEntry, path: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const bytes of entry.body) await file.write(bytes);
  } finally {
    await file.close();
  }
}
