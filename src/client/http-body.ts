import type { Connection } from './connection.ts';
import type { ResponseHead } from './http-head.ts';

/** How the body of an answer ends on the wire. */
export type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' | 'close' };

/** RFC 9112 section 6.3, for the method that was asked. */
export function bodyFraming(method: string, head: ResponseHead): BodyFraming {
  if (method === 'HEAD' || head.status === 204 || head.status === 304) return { kind: 'none' };
  if (head.headers['transfer-encoding']?.toLowerCase() === 'chunked') return { kind: 'chunked' };
  const length = head.headers['content-length'];
  return length === undefined ? { kind: 'close' } : { kind: 'length', bytes: Number(length) };
}

/** The body's bytes as they arrive, never more than one read at a time. @throws when the body is cut short. */
export async function* readBody(connection: Connection, framing: BodyFraming): AsyncGenerator<Uint8Array, void> {
  switch (framing.kind) {
    case 'none':
      return;
    case 'length':
      return yield* readExactly(connection, framing.bytes);
    case 'chunked':
      return yield* readChunked(connection);
    case 'close':
      for (let bytes = await connection.read(); bytes !== undefined; bytes = await connection.read()) yield bytes;
  }
}

async function* readExactly(connection: Connection, length: number): AsyncGenerator<Uint8Array, void> {
  let left = length;
  while (left > 0) {
    const bytes = await connection.read();
    if (bytes === undefined) throw new Error('unexpected EOF');
    const taken = bytes.subarray(0, left);
    connection.unread(bytes.subarray(taken.length));
    left -= taken.length;
    yield taken;
  }
}

async function* readChunked(connection: Connection): AsyncGenerator<Uint8Array, void> {
  for (;;) {
    const size = Number.parseInt(await readLine(connection), 16);
    if (!Number.isSafeInteger(size) || size < 0) throw new Error('malformed chunked encoding');
    if (size > 0) yield* readExactly(connection, size);
    if (size > 0) await readLine(connection);
    else {
      while ((await readLine(connection)) !== '') continue;
      return;
    }
  }
}

const maximumLineBytes = 8 << 10;

async function readLine(connection: Connection): Promise<string> {
  let line = '';
  for (;;) {
    const bytes = await connection.read();
    if (bytes === undefined) throw new Error('unexpected EOF');
    const end = bytes.indexOf(10);
    line += Buffer.from(end === -1 ? bytes : bytes.subarray(0, end)).toString('latin1');
    if (line.length > maximumLineBytes) throw new Error('malformed chunked encoding');
    if (end === -1) continue;
    connection.unread(bytes.subarray(end + 1));
    return line.replace(/\r$/, '');
  }
}
