import { chunkBytes, headText, isBodyless, lastChunk } from './answer-bytes.ts';
import type { HttpAnswer } from './contract.ts';
import type { RequestHead } from './request-head.ts';
import type { SocketWriter } from './socket-writer.ts';

type Plain = HttpAnswer & { readonly kind: 'whole' | 'stream' };

/** Sends an answer. @returns whether the client has all of it, so that another may follow. */
export async function sendAnswer(out: SocketWriter, head: RequestHead, answer: Plain, keepAlive: boolean): Promise<boolean> {
  const connection = connectionHeader(head, keepAlive);
  return answer.kind === 'whole' ? await sendWhole(out, head, answer, connection) : await sendStream(out, head, answer, connection);
}

/** The head of an answer that hands the connection over. */
export function answer101(answer: HttpAnswer & { readonly kind: 'takeover' }): Uint8Array {
  const more = answer.status === 101 ? 'Connection: Upgrade\r\n' : 'Connection: close\r\n';
  return Buffer.from(headText(answer.status, answer.headers ?? {}, more), 'latin1');
}

async function sendWhole(
  out: SocketWriter,
  head: RequestHead,
  answer: Plain & { readonly kind: 'whole' },
  connection: string,
): Promise<boolean> {
  const { status, body, headers = {} } = answer;
  if (isBodyless(status)) {
    await out.write(Buffer.from(headText(status, headers, connection)));
    return !out.closed;
  }
  const size = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  const text = headText(status, headers, `${connection}Content-Length: ${size}\r\n`);
  if (head.method === 'HEAD') await out.write(Buffer.from(text));
  else if (typeof body === 'string') await out.write(Buffer.from(text + body));
  else await out.write(Buffer.concat([Buffer.from(text), body]));
  return !out.closed;
}

async function sendStream(
  out: SocketWriter,
  head: RequestHead,
  answer: Plain & { readonly kind: 'stream' },
  connection: string,
): Promise<boolean> {
  const { status, headers = {}, body } = answer;
  const chunked = head.minor === 1;
  const text = headText(status, headers, `${connection}${chunked ? 'Transfer-Encoding: chunked\r\n' : ''}`);
  const sent = out.write(Buffer.from(text));
  if (sent !== undefined) await sent;
  if (head.method === 'HEAD') {
    await body[Symbol.asyncIterator]().return?.();
    return !out.closed;
  }
  for await (const part of body) {
    if (out.closed) break; // Leaving the loop ends the iterator.
    if (part.length === 0) continue;
    const room = out.write(chunked ? chunkBytes(part) : part);
    if (room !== undefined) await room;
  }
  if (chunked && !out.closed) await out.write(lastChunk);
  return !out.closed && chunked;
}

function connectionHeader(head: RequestHead, keepAlive: boolean): string {
  const date = `Date: ${new Date().toUTCString()}\r\n`;
  if (!keepAlive) return `${date}Connection: close\r\n`;
  return head.minor === 0 ? `${date}Connection: keep-alive\r\n` : date;
}
