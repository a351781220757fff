import type { RegistryTiming, RegistryCredentials } from './contract.ts';
import { pause, retryAfterMs } from './pause.ts';
import { drop } from './read-capped.ts';
import { ConnectionError, readError } from './registry-error.ts';
import type { Tokens } from './tokens.ts';
import type { Transport } from './transport.ts';

export interface SessionOptions {
  readonly transport: Transport;
  readonly tokens: Tokens;
  readonly timing: RegistryTiming;
  readonly origin: string;
  readonly insecure: boolean;
  readonly scopes: readonly string[];
  readonly credentials: RegistryCredentials;
}

export interface SessionRequest {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer> | string;
  /** Sent as it comes, once: the caller tries again. */
  readonly stream?: ReadableStream<Uint8Array>;
  readonly signal: AbortSignal;
  /** Statuses that are answers; others are thrown. */
  readonly accept: readonly number[];
  /** Tries in all; default: as many as the timing has. */
  readonly attempts?: number;
}

const passing: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** Requests to one registry in one scope: convinces it of who asks, and tries again what fails in passing. */
export class Session {
  readonly #options: SessionOptions;
  rateLimit: { readonly limit: string; readonly remaining: string } | null = null;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  get origin(): string {
    return this.#options.origin;
  }

  /** `address` is a path on the registry, or a URL it gave. @throws {RegistryError}; {ConnectionError}; {EngineError} Unauthorized. */
  async request(method: string, address: string, request: SessionRequest): Promise<Response> {
    const { timing } = this.#options;
    const url = new URL(address, this.#options.origin).href;
    const attempts = request.stream === undefined ? (request.attempts ?? timing.pausesMs.length + 1) : 1;
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await this.#authorized(method, url, request);
        if (request.accept.includes(response.status)) return response;
        if (attempt >= attempts || !passing.has(response.status)) throw await readError(response, url, request.signal);
        drop(response);
        const wait = retryAfterMs(response.headers.get('retry-after')) ?? timing.pausesMs[attempt - 1] ?? 0;
        await pause(Math.min(wait, timing.longestPauseMs), request.signal);
      } catch (error) {
        if (attempt >= attempts || !(error instanceof ConnectionError) || isHopeless(error)) throw error;
        await pause(timing.pausesMs[attempt - 1] ?? 0, request.signal);
      }
    }
  }

  async #authorized(method: string, url: string, request: SessionRequest): Promise<Response> {
    const { transport, tokens, origin, insecure, scopes, credentials } = this.#options;
    const { headers = {}, body, stream, signal } = request;
    const auth = { origin, scopes, credentials, insecure, signal };
    // What a registry names on other hosts (an upload's place) gets no credentials.
    const own = new URL(url).origin === origin;
    const wire = { method, headers, signal, ...(stream === undefined ? { body } : { body: stream, slow: true }) };
    const known = own ? tokens.known(auth) : undefined;
    const response = await transport.send(url, { ...wire, authorization: known });
    this.#seeLimits(response);
    if (response.status !== 401 || !own || stream !== undefined) return response;
    // Once: a registry that goes on to say 401 means it.
    const authorization = await tokens.answer(response, method, url, auth);
    drop(response);
    const second = await transport.send(url, { ...wire, authorization });
    this.#seeLimits(second);
    return second;
  }

  #seeLimits({ headers }: Response): void {
    const limit = headers.get('ratelimit-limit');
    const remaining = headers.get('ratelimit-remaining');
    if (limit !== null && remaining !== null) this.rateLimit = { limit, remaining };
  }
}

// Trying again does not make a certificate right, or a name known.
function isHopeless(error: ConnectionError): boolean {
  return /x509|no such host|connection refused/.test(error.message);
}
