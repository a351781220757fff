import { isEngineError } from '../base/index.ts';
import type { RegistryCredentials, RegistryTiming } from './contract.ts';
import type { Endpoint } from './endpoints.ts';
import { drop } from './read-capped.ts';
import { ConnectionError, RegistryError } from './registry-error.ts';
import { Session } from './session.ts';
import type { Tokens } from './tokens.ts';
import type { Transport } from './transport.ts';

/** What sessions of one registry client share. */
export interface Wire {
  readonly transport: Transport;
  readonly tokens: Tokens;
  readonly timing: RegistryTiming;
  readonly schemes: Schemes;
}

/** A session with one endpoint. */
export interface Place {
  readonly session: Session;
  /** `/v2/<name>`; `/v2` for the registry itself. */
  readonly base: string;
  readonly kind: Endpoint['kind'];
}

const rememberMs = 60_000;

/** Which insecure hosts speak TLS. Found out once a minute at most. */
export class Schemes {
  readonly #transport: Transport;
  readonly #speaks = new Map<string, { readonly tls: Promise<boolean>; readonly until: number }>();

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  speaksTls(origin: string, signal: AbortSignal): Promise<boolean> {
    const known = this.#speaks.get(origin);
    if (known !== undefined && known.until > Date.now()) return known.tls;
    const tls = this.#ask(origin, signal);
    this.#speaks.set(origin, { tls, until: Date.now() + rememberMs });
    tls.catch(() => this.#speaks.delete(origin));
    return tls;
  }

  async #ask(origin: string, signal: AbortSignal): Promise<boolean> {
    try {
      drop(await this.#transport.send(`${origin}/v2/`, { method: 'GET', signal }));
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ConnectionError) return false;
      throw error;
    }
  }
}

/** The endpoints of one repository with who asks: work goes to the first that does it, and stays there. */
export class Places {
  readonly #wire: Wire;
  readonly #endpoints: readonly Endpoint[];
  readonly #scopesOf: (path: string) => readonly string[];
  readonly #credentials: RegistryCredentials;
  readonly #open = new Map<Endpoint, Place>();
  // The first that did what it was asked; later work starts there.
  #settled = 0;

  constructor(wire: Wire, endpoints: readonly Endpoint[], credentials: RegistryCredentials, scopesOf: (path: string) => readonly string[]) {
    this.#wire = wire;
    this.#endpoints = endpoints;
    this.#credentials = credentials;
    this.#scopesOf = scopesOf;
  }

  get rateLimit(): { readonly limit: string; readonly remaining: string } | null {
    return [...this.#open.values()].map(({ session }) => session.rateLimit).findLast((limit) => limit !== null) ?? null;
  }

  /** Does `work` at the first place that can. What a mirror cannot do, the next one is asked; the last one's error is thrown. */
  async at<T>(signal: AbortSignal, work: (place: Place) => Promise<T>): Promise<T> {
    let failure: unknown;
    for (let index = this.#settled; index < this.#endpoints.length; index++) {
      const endpoint = this.#endpoints[index]!;
      const last = index === this.#endpoints.length - 1;
      try {
        if (
          endpoint.insecure &&
          endpoint.origin.startsWith('https:') &&
          !last &&
          !(await this.#wire.schemes.speaksTls(endpoint.origin, signal))
        )
          continue;
        const done = await work(this.#placeOf(endpoint));
        this.#settled = index;
        return done;
      } catch (error) {
        signal.throwIfAborted();
        failure = error;
        if (last || !(endpoint.kind === 'mirror' && isMirrorFailure(error))) throw error;
      }
    }
    throw failure ?? new TypeError('there is no endpoint');
  }

  #placeOf(endpoint: Endpoint): Place {
    const known = this.#open.get(endpoint);
    if (known !== undefined) return known;
    const { origin, path, insecure, kind } = endpoint;
    const { transport, tokens, timing } = this.#wire;
    // A mirror is another party: it does not get the registry's password.
    const credentials = kind === 'mirror' ? {} : this.#credentials;
    const session = new Session({ transport, tokens, timing, origin, insecure, credentials, scopes: this.#scopesOf(path) });
    const place = { session, base: path === '' ? '/v2' : `/v2/${path}`, kind };
    this.#open.set(endpoint, place);
    return place;
  }
}

function isMirrorFailure(error: unknown): boolean {
  return error instanceof ConnectionError || error instanceof RegistryError || isEngineError(error);
}
