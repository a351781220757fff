import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { join } from 'node:path';
import type { TarEntryToWrite } from '../../archive/index.ts';

/** Tar entries of `path` and everything under it. `name` is what it is called in the archive; '' leaves the directory itself out. */
export async function* entriesOf(
  path: string,
  name: string,
  options: { readonly followsLink: boolean; readonly keepOwner: boolean },
): AsyncGenerator<TarEntryToWrite, void> {
  const found = await (options.followsLink ? stat(path) : lstat(path));
  const base = {
    name,
    mode: found.mode & 0o7777,
    mtimeSeconds: Math.floor(found.mtimeMs / 1000),
    uid: options.keepOwner ? found.uid : 0,
    gid: options.keepOwner ? found.gid : 0,
  };
  if (found.isDirectory()) {
    if (name !== '') yield { header: { ...base, type: 'directory', name: `${name}/` } };
    for (const child of (await readdir(path)).sort()) {
      yield* entriesOf(join(path, child), name === '' ? child : `${name}/${child}`, { ...options, followsLink: false });
    }
  } else if (found.isSymbolicLink()) {
    yield { header: { ...base, type: 'symlink', linkName: await readlink(path) } };
  } else if (found.isFile()) {
    const body =
      found.size === 0
        ? new Uint8Array()
        : (Readable.toWeb(createReadStream(path, { highWaterMark: 256 << 10 })) as ReadableStream<Uint8Array>);
    yield { header: { ...base, type: 'file', size: found.size }, body };
  }
}
