import type { EngineResponse } from '../client/index.ts';
import type { CliIo } from './io.ts';

/** Writes a body to the file `path`, or to stdout for ''. */
export async function writeBody(response: EngineResponse, path: string, io: CliIo): Promise<void> {
  if (path === '') {
    for await (const bytes of response.body) await io.stdout.write(bytes);
    return;
  }
  const { open } = await import('node:fs/promises');
  const file = await open(path, 'w', 0o600).catch((error: unknown) => {
    throw goStyle(error, 'open', path);
  });
  try {
    for await (const bytes of response.body) await file.writeFile(bytes);
  } finally {
    await file.close();
  }
}

/** The bytes of the file `path`, or of stdin for '' and '-'. @throws at once when the file cannot be opened. */
export async function readSource(path: string, io: CliIo): Promise<AsyncIterable<Uint8Array>> {
  if (path === '' || path === '-') return io.stdin.stream();
  const { open } = await import('node:fs/promises');
  const file = await open(path, 'r').catch((error: unknown) => {
    throw goStyle(error, 'open', path);
  });
  return file.createReadStream({ highWaterMark: 256 << 10 });
}

/** The text of a file. @throws in Go's words. */
export async function readText(path: string): Promise<string> {
  try {
    return await Bun.file(path).text();
  } catch (error) {
    throw goStyle(error, 'open', path);
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
  ENOTDIR: 'not a directory',
  EEXIST: 'file exists',
};

/** A file error in the words of Go: `open /x: no such file or directory`. */
export function goStyle(error: unknown, verb: string, path: string): Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return new Error(`${verb} ${path}: ${reasons[code] ?? (error instanceof Error ? error.message : String(error))}`);
}
