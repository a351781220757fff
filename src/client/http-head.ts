import type { Connection } from './connection.ts';

/** Status line and headers of an answer; header names in lower case. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

const maximumHeadBytes = 64 << 10;

/** Reads an answer's head and leaves the connection at the first byte of the body. RFC 9112. @throws on malformed or oversize heads. */
export async function readHead(connection: Connection): Promise<ResponseHead> {
  let bytes: Uint8Array = new Uint8Array();
  for (;;) {
    const chunk = await connection.read();
    if (chunk === undefined) throw new Error(bytes.length === 0 ? 'EOF' : 'unexpected EOF');
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    const end = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf('\r\n\r\n');
    if (end !== -1) {
      connection.unread(bytes.subarray(end + 4));
      return parseHead(Buffer.from(bytes.buffer, bytes.byteOffset, end).toString('latin1'));
    }
    if (bytes.length > maximumHeadBytes) throw new Error('the answer has too long a head');
  }
}

function parseHead(text: string): ResponseHead {
  const lines = text.split('\r\n');
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(lines[0]!);
  if (status === null) throw new Error(`malformed HTTP response "${lines[0]!.slice(0, 80)}"`);
  const headers: Record<string, string> = {};
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { status: Number(status[1]), headers };
}
