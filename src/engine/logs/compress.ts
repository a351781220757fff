import { createReadStream, createWriteStream, renameSync, rmSync, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { messageOf, type Log } from '../../base/index.ts';

/** Turns the newest rotated file into a `.gz`, in the background. Files may be rotated on meanwhile: the result takes the number its source has then. */
export async function compressRotated(path: string, log: Log): Promise<void> {
  const source = `${path}.1`;
  const temporary = `${path}.${process.hrtime.bigint()}.gz.tmp`;
  try {
    const { ino } = statSync(source);
    await pipeline(createReadStream(source), createGzip({ level: 1 }), createWriteStream(temporary, { mode: 0o640 }));
    for (let index = 1; ; index++) {
      const status = statSync(`${path}.${index}`, { throwIfNoEntry: false });
      if (status === undefined && statSync(`${path}.${index}.gz`, { throwIfNoEntry: false }) === undefined) break;
      if (status?.ino !== ino) continue;
      renameSync(temporary, `${path}.${index}.gz`);
      rmSync(`${path}.${index}`);
      return;
    }
    rmSync(temporary, { force: true });
  } catch (error) {
    rmSync(temporary, { force: true });
    log.warn('Cannot compress container log', { path: source, error: messageOf(error) });
  }
}
