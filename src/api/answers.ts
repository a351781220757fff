import type { HttpAnswer, HttpHeaders } from './http/index.ts';
import { statusOf } from './status.ts';

const jsonType = 'application/json';
const encoder = new TextEncoder();

export function json(value: unknown, status = 200): HttpAnswer {
  return jsonText(`${JSON.stringify(value)}\n`, status);
}

/** As `json`, for what is JSON text already. */
export function jsonText(text: string, status = 200): HttpAnswer {
  return { kind: 'whole', status, headers: { 'Content-Type': jsonType }, body: text };
}

export function noContent(): HttpAnswer {
  return { kind: 'whole', status: 204, body: '' };
}

/** `{"message": …}` with the error's status. */
export function failure(error: unknown): HttpAnswer {
  const { status, message } = statusOf(error);
  if (status === 304) return { kind: 'whole', status, body: '' };
  return json({ message }, status);
}

/** A stream of JSON lines; what throws after it began becomes a last line, as Docker's progress streams do. */
export function jsonLines(lines: AsyncIterable<unknown>, headers: HttpHeaders = {}): HttpAnswer {
  return { kind: 'stream', status: 200, headers: { 'Content-Type': jsonType, ...headers }, body: encodeLines(lines) };
}

async function* encodeLines(lines: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  try {
    for await (const line of lines) yield encoder.encode(typeof line === 'string' ? line : `${JSON.stringify(line)}\r\n`);
  } catch (error) {
    const { message } = statusOf(error);
    yield encoder.encode(`${JSON.stringify({ errorDetail: { message }, error: message })}\r\n`);
  }
}

/** A tar or other bytes. */
export function bytes(body: AsyncIterable<Uint8Array>, contentType: string, headers: HttpHeaders = {}): HttpAnswer {
  return { kind: 'stream', status: 200, headers: { 'Content-Type': contentType, ...headers }, body };
}
