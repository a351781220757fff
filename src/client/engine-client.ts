import { ClientError, ConnectError } from './client-error.ts';
import { Connection } from './connection.ts';
import type { Host } from './host.ts';
import { bodyFraming, readBody, type BodyFraming } from './http-body.ts';
import { readHead, type ResponseHead } from './http-head.ts';
import { EngineResponse } from './response.ts';

/** The newest API version this client speaks. */
export const maximumApiVersion = '1.51';

export type QueryValue = string | number | boolean | readonly string[] | undefined;

export interface RequestOptions {
  /** Parameters; undefined ones are left out, lists are repeated. */
  readonly query?: Readonly<Record<string, QueryValue>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it comes, in chunks. */
  readonly upload?: AsyncIterable<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/**
 * A client of the Docker Engine API at one host. Requests speak the newest version at once; an engine that answers that it is older is
 * asked again with its own version, so the usual case needs no ping. Connections are kept and used again.
 */
export class EngineClient {
  readonly host: Host;
  #version: string;
  #negotiated = false;
  readonly #userAgent: string;
  readonly #idle: Connection[] = [];

  constructor(options: { readonly host: Host; readonly version?: string; readonly userAgent?: string }) {
    this.host = options.host;
    this.#version = options.version ?? maximumApiVersion;
    this.#negotiated = options.version !== undefined;
    this.#userAgent = options.userAgent ?? 'berth-client';
  }

  /** The API version requests speak now. */
  get version(): string {
    return this.#version;
  }

  /** Sends a request and gives the answer once its head is here. @throws {ClientError} for any status of 400 and more; {ConnectError}. */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<EngineResponse> {
    // An upload can be sent only once, and an answer to HEAD has no text to tell an older engine by.
    if (options.upload !== undefined || method === 'HEAD') await this.negotiate(options);
    const version = this.#version;
    const { connection, head } = await this.#exchange(method, path, options, {});
    const framing = bodyFraming(method, head);
    const response = this.#response(connection, head, framing, options.signal);
    if (head.status < 400) return response;
    const error = await errorOf(response);
    if (this.#fallBack(error, version)) return await this.request(method, path, options);
    throw error;
  }

  /** `request`, and the whole answer as JSON. */
  async json<T = unknown>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const response = await this.request(method, path, options);
    return await response.json<T>();
  }

  /**
   * Takes the connection over for raw bytes both ways (attach, exec). `multiplexed` says what the engine declared, undefined when it is too old to.
   * The caller owns the connection. @throws {ClientError} when the engine refuses.
   */
  async hijack(
    method: string,
    path: string,
    options: RequestOptions = {},
  ): Promise<{ connection: Connection; multiplexed: boolean | undefined }> {
    const version = this.#version;
    const { connection, head } = await this.#exchange(method, path, options, { Connection: 'Upgrade', Upgrade: 'tcp' });
    if (head.status < 400) {
      const type = head.headers['content-type'];
      const multiplexed = type === 'application/vnd.docker.multiplexed-stream' ? true : undefined;
      return { connection, multiplexed };
    }
    const error = await errorOf(this.#response(connection, head, bodyFraming(method, head), undefined));
    if (this.#fallBack(error, version)) return await this.hijack(method, path, options);
    throw error;
  }

  /** Settles on a version both sides speak, asking `/_ping` unless that is known. */
  async negotiate(options: { readonly signal?: AbortSignal } = {}): Promise<string> {
    if (this.#negotiated) return this.#version;
    const head = await this.ping(options);
    const theirs = head['api-version'];
    if (theirs !== undefined && isOlder(theirs, this.#version)) this.#version = theirs;
    this.#negotiated = true;
    return this.#version;
  }

  /** The headers of `HEAD /_ping`. */
  async ping(options: { readonly signal?: AbortSignal } = {}): Promise<Readonly<Record<string, string>>> {
    const { connection, head } = await this.#exchange(
      'HEAD',
      '/_ping',
      options.signal === undefined ? {} : { signal: options.signal },
      {},
      '',
    );
    this.#release(connection, head);
    return head.headers;
  }

  /** Closes the connections that are kept. */
  close(): void {
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  async #exchange(
    method: string,
    path: string,
    options: RequestOptions,
    extra: Readonly<Record<string, string>>,
    prefix = `/v${this.#version}`,
  ): Promise<{ connection: Connection; head: ResponseHead }> {
    options.signal?.throwIfAborted();
    const text = this.#render(method, prefix + path + queryText(options.query), options, extra);
    for (;;) {
      const kept = this.#idle.pop();
      const connection = kept ?? (await Connection.open(this.host));
      const abort = () => connection.destroy();
      options.signal?.addEventListener('abort', abort, { once: true });
      try {
        await connection.write(text);
        if (options.upload !== undefined) void sendChunks(connection, options.upload);
        return { connection, head: await readHead(connection) };
      } catch (error) {
        connection.destroy();
        options.signal?.throwIfAborted();
        // A kept connection may have been closed by the engine in the meantime; a fresh one may not.
        if (kept === undefined || options.upload !== undefined) throw new ConnectError(this.host.url, error);
      } finally {
        options.signal?.removeEventListener('abort', abort);
      }
    }
  }

  #render(method: string, target: string, options: RequestOptions, extra: Readonly<Record<string, string>>): string {
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    const hostName = this.host.kind === 'unix' ? 'api.berth' : `${this.host.hostname}:${this.host.port}`;
    const headers: Record<string, string> = { Host: hostName, 'User-Agent': this.#userAgent, ...extra, ...options.headers };
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    if (options.upload !== undefined) headers['Transfer-Encoding'] = 'chunked';
    else if (body !== undefined || method === 'POST' || method === 'PUT') headers['Content-Length'] = String(Buffer.byteLength(body ?? ''));
    let text = `${method} ${target} HTTP/1.1\r\n`;
    for (const [name, value] of Object.entries(headers)) text += `${name}: ${value}\r\n`;
    return `${text}\r\n${body ?? ''}`;
  }

  #response(connection: Connection, head: ResponseHead, framing: BodyFraming, signal: AbortSignal | undefined): EngineResponse {
    const abort = () => connection.destroy();
    signal?.addEventListener('abort', abort, { once: true });
    const release = () => {
      signal?.removeEventListener('abort', abort);
      this.#release(connection, head, framing);
    };
    if (framing.kind === 'none' || (framing.kind === 'length' && framing.bytes === 0)) release();
    return new EngineResponse(head.status, head.headers, bodyThen(connection, framing, signal, release), () => connection.destroy());
  }

  #release(connection: Connection, head: ResponseHead, framing: BodyFraming = { kind: 'none' }): void {
    if (framing.kind === 'close' || head.headers['connection']?.toLowerCase() === 'close') connection.destroy();
    else this.#idle.push(connection);
  }

  // Docker's words: "client version 1.51 is too new. Maximum supported API version is 1.41".
  // Of requests under way at the same time the first settles the version for all.
  #fallBack(error: ClientError, asked: string): boolean {
    const theirs = /is too new\. Maximum supported API version is (\d+\.\d+)/.exec(error.message)?.[1];
    if (error.status !== 400 || theirs === undefined) return false;
    if (this.#negotiated) return asked !== this.#version;
    this.#version = theirs;
    this.#negotiated = true;
    return true;
  }
}

async function* bodyThen(connection: Connection, framing: BodyFraming, signal: AbortSignal | undefined, release: () => void) {
  if (framing.kind === 'none') return;
  let whole = false;
  try {
    yield* readBody(connection, framing);
    whole = true;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    if (!whole) connection.destroy();
    else if (!(framing.kind === 'length' && framing.bytes === 0)) release();
  }
}

// A failing upload is not thrown: the engine's answer tells why it stopped reading.
async function sendChunks(connection: Connection, upload: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const chunk of upload) {
      if (chunk.length === 0) continue;
      await connection.write(`${chunk.length.toString(16)}\r\n`);
      await connection.write(chunk);
      await connection.write('\r\n');
    }
    await connection.write('0\r\n\r\n');
  } catch {
    connection.closeWrite();
  }
}

async function errorOf(response: EngineResponse): Promise<ClientError> {
  const text = await response.text();
  let message = text.trim();
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed) message = String(parsed.message);
  } catch {
    // Not JSON: the text itself is the message.
  }
  return new ClientError(response.status, message === '' ? `request returned status ${response.status}` : message);
}

function queryText(query: Readonly<Record<string, QueryValue>> | undefined): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue;
    const values = typeof value === 'object' ? value : [value === true ? '1' : value === false ? '0' : String(value)];
    for (const each of values) parts.push(`${name}=${encodeURIComponent(each)}`);
  }
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

function isOlder(left: string, right: string): boolean {
  const [leftMajor = 0, leftMinor = 0] = left.split('.').map(Number);
  const [rightMajor = 0, rightMinor = 0] = right.split('.').map(Number);
  return leftMajor < rightMajor || (leftMajor === rightMajor && leftMinor < rightMinor);
}
