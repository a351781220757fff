import { BadRequest } from './bad-request.ts';
import { limits } from './limits.ts';

/** How a request's body ends. RFC 9112, section 6. */
export type BodyFraming = { readonly kind: 'length'; readonly bytes: number } | { readonly kind: 'chunked' };

/** Request line and headers. */
export interface RequestHead {
  readonly method: string;
  /** Origin form, as sent: `/v1.51/info?x=1`. */
  readonly target: string;
  /** 0 or 1, of HTTP/1.x. */
  readonly minor: number;
  /** Names in lower case; values of a repeated header are joined with `, `. */
  readonly headers: ReadonlyMap<string, string>;
  readonly framing: BodyFraming;
  /** The client wants the connection for another request. */
  readonly keepAlive: boolean;
  /** What the connection is to become, in lower case: `tcp`, `h2c`, `websocket`. */
  readonly upgrade: string | undefined;
  readonly expectsContinue: boolean;
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const requestLine = /^([A-Z]{1,32}) (\S+) HTTP\/1\.([01])$/;
// Visible characters, tab and what is above ASCII (obs-text).
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Parses the bytes before the empty line, in latin1. Strict where two parsers may disagree: folded lines, bare CR or LF, space before the
 * colon, Content-Length beside Transfer-Encoding and unequal Content-Lengths are refused. RFC 9112, sections 2 to 6.
 * @throws {BadRequest}
 */
export function parseHead(text: string): RequestHead {
  const lines = text.split('\r\n');
  const line = requestLine.exec(lines[0]!);
  if (line === null) throw new BadRequest('malformed HTTP request');
  if (lines.length - 1 > limits.headerCount) throw new BadRequest('too many headers', 431);
  const headers = new Map<string, string>();
  for (let index = 1; index < lines.length; index++) addField(headers, lines[index]!);
  const minor = Number(line[3]);
  if (minor === 1 && !headers.has('host')) throw new BadRequest('missing required Host header');
  const connection = (headers.get('connection') ?? '').toLowerCase().split(/\s*,\s*/);
  const upgrade = connection.includes('upgrade') ? headers.get('upgrade')?.toLowerCase() : undefined;
  return {
    method: line[1]!,
    target: originForm(line[2]!),
    minor,
    headers,
    framing: bodyFraming(headers, minor),
    keepAlive: minor === 1 ? !connection.includes('close') : connection.includes('keep-alive'),
    upgrade,
    expectsContinue: minor === 1 && headers.get('expect')?.toLowerCase() === '100-continue',
  };
}

function addField(headers: Map<string, string>, line: string): void {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(0, colon));
  if (!token.test(name)) throw new BadRequest('malformed header');
  const value = line.slice(colon + 1).trim();
  if (!fieldValue.test(value)) throw new BadRequest('malformed header value');
  const key = name.toLowerCase();
  const before = headers.get(key);
  if (before === undefined) {
    headers.set(key, value);
  } else if (key === 'host' || key === 'transfer-encoding') {
    throw new BadRequest(`too many ${name} headers`);
  } else if (key === 'content-length') {
    if (before !== value) throw new BadRequest('unequal Content-Length headers');
  } else {
    headers.set(key, `${before}, ${value}`);
  }
}

function bodyFraming(headers: ReadonlyMap<string, string>, minor: number): BodyFraming {
  const encoding = headers.get('transfer-encoding');
  const length = headers.get('content-length');
  if (encoding === undefined) {
    if (length === undefined) return { kind: 'length', bytes: 0 };
    if (!/^\d{1,15}$/.test(length)) throw new BadRequest('bad Content-Length');
    return { kind: 'length', bytes: Number(length) };
  }
  if (length !== undefined) throw new BadRequest('Content-Length with Transfer-Encoding');
  if (minor === 0) throw new BadRequest('Transfer-Encoding in HTTP/1.0');
  if (encoding.toLowerCase() !== 'chunked') throw new BadRequest(`unsupported transfer encoding`, 501);
  return { kind: 'chunked' };
}

function originForm(target: string): string {
  if (target.startsWith('/') || target === '*') return target;
  const absolute = /^https?:\/\/[^/?#]*(.*)$/i.exec(target);
  if (absolute === null) throw new BadRequest('malformed request target');
  const rest = absolute[1]!;
  return rest.startsWith('/') ? rest : `/${rest}`;
}
