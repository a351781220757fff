import type { HttpHeaders } from './contract.ts';

const reasons: Readonly<Record<number, string>> = {
  101: 'UPGRADED',
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  204: 'No Content',
  301: 'Moved Permanently',
  304: 'Not Modified',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Request Entity Too Large',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
};

/** Status line and headers, with the empty line. Line breaks in values are dropped: no header can be smuggled out. */
export function headText(status: number, headers: HttpHeaders, more: string): string {
  let text = `HTTP/1.1 ${status} ${reasons[status] ?? 'Unknown'}\r\n`;
  for (const [name, value] of Object.entries(headers)) text += `${name}: ${value.replace(/[\r\n\0]/g, '')}\r\n`;
  return `${text}${more}\r\n`;
}

/** One chunk of a chunked body. Copied: one write is cheaper than three. */
export function chunkBytes(part: Uint8Array): Uint8Array {
  const size = `${part.length.toString(16)}\r\n`;
  const bytes = Buffer.allocUnsafe(size.length + part.length + 2);
  bytes.write(size, 0, 'latin1');
  bytes.set(part, size.length);
  bytes[bytes.length - 2] = 13;
  bytes[bytes.length - 1] = 10;
  return bytes;
}

export const lastChunk = new TextEncoder().encode('0\r\n\r\n');

/** Whether an answer of this status has no body at all, not even an empty one. RFC 9110, section 6.4.1. */
export function isBodyless(status: number): boolean {
  return status === 204 || status === 304 || status < 200;
}
