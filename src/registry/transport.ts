import { existsSync, readFileSync } from 'node:fs';
import { EngineError } from '../base/index.ts';
import { hostCertificates } from './certificates.ts';
import type { RegistryTiming } from './contract.ts';
import { proxyFor } from './proxy.ts';
import { drop } from './read-capped.ts';
import { ConnectionError } from './registry-error.ts';

export interface TransportOptions {
  readonly userAgent: string;
  readonly certificateDirectories: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timing: RegistryTiming;
  /** Whether TLS of this `host[:port]` need not be right. */
  readonly isInsecure: (host: string) => boolean;
}

export interface WireRequest {
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly authorization?: string | undefined;
  readonly body?: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | string | undefined;
  readonly signal: AbortSignal;
  /** Wait as long as a body of this request takes to be sent. */
  readonly slow?: boolean;
}

const maximumRedirects = 10;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const systemBundle = '/etc/ssl/certs/ca-certificates.crt';

/** One HTTP exchange, redirects included: what goes over the wire and to whom. */
export class Transport {
  readonly #options: TransportOptions;
  // Hosts whose certificates the built-in authorities do not know, and the system's may.
  readonly #systemTrust = new Set<string>();

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  /**
   * The answer, its body still to be read. GET and HEAD follow redirects: credentials go to the first host only, and never from TLS to none.
   * @throws {ConnectionError}; {EngineError} InvalidArgument, for redirects that lead nowhere; what `signal` says.
   */
  async send(address: string, request: WireRequest): Promise<Response> {
    const first = new URL(address);
    let url = first;
    for (let count = 0; ; count++) {
      const response = await this.#exchange(url, url.origin === first.origin ? request : { ...request, authorization: undefined });
      const location = response.headers.get('location');
      const follows = request.method === 'GET' || request.method === 'HEAD';
      if (!follows || location === null || !redirects.has(response.status)) return response;
      drop(response);
      if (count >= maximumRedirects) throw new EngineError('InvalidArgument', `${first.href}: stopped after ${maximumRedirects} redirects`);
      url = redirected(url, location);
    }
  }

  async #exchange(url: URL, request: WireRequest): Promise<Response> {
    try {
      return await this.#once(url, request);
    } catch (error) {
      if (this.#systemTrust.has(url.host) || !isUnknownAuthority(error) || !existsSync(systemBundle)) throw error;
      if (request.body instanceof ReadableStream) throw error;
      this.#systemTrust.add(url.host);
      return this.#once(url, request);
    }
  }

  async #once(url: URL, { method, headers, authorization, body, signal, slow }: WireRequest): Promise<Response> {
    signal.throwIfAborted();
    const stop = new AbortController();
    const onAbort = (): void => stop.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    const timer =
      slow === true
        ? undefined
        : setTimeout(
            () => stop.abort(new Error('no answer in time (Client.Timeout exceeded while awaiting headers)')),
            this.#options.timing.answerMs,
          );
    const proxy = proxyFor(url, this.#options.env);
    try {
      // Aborting the body later is up to its reader: cancelling it ends the exchange.
      return await fetch(url, {
        method,
        headers: {
          'User-Agent': this.#options.userAgent,
          'Accept-Encoding': 'identity',
          ...headers,
          ...(authorization === undefined ? {} : { Authorization: authorization }),
        },
        redirect: 'manual',
        signal: stop.signal,
        decompress: false,
        timeout: false,
        ...(proxy === undefined ? {} : { proxy }),
        ...(url.protocol === 'https:' ? { tls: this.#tls(url) } : {}),
        ...(body === undefined ? {} : { body, duplex: 'half' }),
      } as RequestInit);
    } catch (error) {
      signal.throwIfAborted();
      throw new ConnectionError(method, url.href, stop.signal.aborted ? stop.signal.reason : error);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  }

  #tls({ host }: URL): object {
    const { ca, cert, key } = hostCertificates(this.#options.certificateDirectories, host);
    const trusted = ca ?? (this.#systemTrust.has(host) ? [readFileSync(systemBundle, 'utf8')] : undefined);
    return {
      rejectUnauthorized: !this.#options.isInsecure(host),
      ...(trusted === undefined ? {} : { ca: trusted }),
      ...(cert === undefined ? {} : { cert, key }),
    };
  }
}

function redirected(from: URL, location: string): URL {
  let to: URL;
  try {
    to = new URL(location, from);
  } catch {
    throw new EngineError('InvalidArgument', `${from.href}: redirected to something that is no URL`);
  }
  if (to.protocol !== 'https:' && to.protocol !== 'http:')
    throw new EngineError('InvalidArgument', `${from.href}: redirected to ${to.protocol}, which is refused`);
  if (from.protocol === 'https:' && to.protocol === 'http:')
    throw new EngineError('InvalidArgument', `${from.href}: redirected from TLS to plain HTTP, which is refused`);
  to.username = '';
  to.password = '';
  return to;
}

function isUnknownAuthority(error: unknown): boolean {
  return error instanceof ConnectionError && error.message.endsWith('unknown authority');
}
