import { EngineError, isEngineError } from '../base/index.ts';
import { parseChallenges, type Challenge } from './challenge.ts';
import type { RegistryCredentials } from './contract.ts';
import { readCapped } from './read-capped.ts';
import { goVerb, readError, RegistryError } from './registry-error.ts';
import type { Transport } from './transport.ts';

const maximumTokenBytes = 1024 * 1024;
const shortestLifeMs = 60_000;
const clientId = 'berth';

/** Whom to convince of what. */
export interface AuthRequest {
  readonly origin: string;
  /** `repository:name:pull`. */
  readonly scopes: readonly string[];
  readonly credentials: RegistryCredentials;
  /** The registry may be spoken to without TLS, so its token service may, too. */
  readonly insecure: boolean;
  readonly signal: AbortSignal;
  /** Ask for an identity token as well, for login. */
  readonly offline?: boolean;
}

interface Cached {
  readonly header: string;
  readonly until: number;
}

/** Authorization headers by origin, scope and who asks; got by answering challenges (distribution-spec's token protocol, RFC 7617). */
export class Tokens {
  readonly #transport: Transport;
  readonly #cached = new Map<string, Cached>();
  readonly #inFlight = new Map<string, Promise<Cached>>();

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** What convinced this registry before. */
  known(request: AuthRequest): string | undefined {
    const { registryToken } = request.credentials;
    if (registryToken !== undefined && registryToken !== '') return `Bearer ${registryToken}`;
    const cached = this.#cached.get(keyOf(request));
    return cached !== undefined && cached.until > Date.now() ? cached.header : undefined;
  }

  /**
   * Answers a 401. The same question is asked once however many wait for it.
   * @throws {EngineError} Unauthorized, in Go's words; {RegistryError} of the token service.
   */
  async answer(response: Response, method: string, url: string, request: AuthRequest): Promise<string> {
    const key = keyOf(request);
    const running = this.#inFlight.get(key);
    if (running !== undefined) return (await running).header;
    const work = this.#negotiate(response, method, url, request);
    this.#inFlight.set(key, work);
    try {
      const got = await work;
      if (this.#cached.size > 1000) this.#cached.clear();
      this.#cached.set(key, got);
      return got.header;
    } finally {
      this.#inFlight.delete(key);
    }
  }

  async #negotiate(response: Response, method: string, url: string, request: AuthRequest): Promise<Cached> {
    const challenges = parseChallenges(response.headers.get('www-authenticate') ?? '');
    const bearer = challenges.find((challenge) => challenge.scheme === 'bearer');
    if (bearer !== undefined) {
      const { token, lifeMs } = await fetchToken(this.#transport, bearer, request);
      return { header: `Bearer ${token}`, until: Date.now() + lifeMs };
    }
    const { username = '', password = '' } = request.credentials;
    if (challenges.some((challenge) => challenge.scheme === 'basic')) {
      if (username === '') throw new EngineError('Unauthorized', `${goVerb(method)} ${JSON.stringify(url)}: no basic auth credentials`);
      return { header: basic(username, password), until: Number.POSITIVE_INFINITY };
    }
    throw await readError(response, url, request.signal);
  }
}

/** What a token service gives; `refreshToken` is '' where it gives none. @throws {EngineError}; {RegistryError}. */
export async function fetchToken(
  transport: Transport,
  { parameters }: Challenge,
  request: AuthRequest,
): Promise<{ readonly token: string; readonly lifeMs: number; readonly refreshToken: string }> {
  const realm = realmOf(parameters['realm'] ?? '', request);
  const { username = '', password = '', identityToken = '' } = request.credentials;
  const scopes = new Set([...request.scopes, ...(parameters['scope'] ?? '').split(' ').filter((scope) => scope !== '')]);
  const service = parameters['service'] ?? '';
  const fields = new URLSearchParams();
  if (service !== '') fields.set('service', service);
  let response: Response;
  if (identityToken !== '') {
    fields.set('grant_type', 'refresh_token');
    fields.set('client_id', clientId);
    fields.set('refresh_token', identityToken);
    fields.set('scope', [...scopes].join(' '));
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    response = await transport.send(realm.href, { method: 'POST', headers, body: fields.toString(), signal: request.signal });
  } else {
    for (const scope of scopes) fields.append('scope', scope);
    if (username !== '') fields.set('account', username);
    if (request.offline === true) {
      fields.set('offline_token', 'true');
      fields.set('client_id', clientId);
    }
    for (const [name, value] of fields) realm.searchParams.append(name, value);
    const authorization = username === '' ? undefined : basic(username, password);
    response = await transport.send(realm.href, { method: 'GET', authorization, signal: request.signal });
  }
  if (response.status !== 200) throw await tokenRefused(response, realm, request);
  return parseToken(await readCapped(response, maximumTokenBytes, request.signal));
}

async function tokenRefused(response: Response, realm: URL, { signal }: AuthRequest): Promise<RegistryError> {
  const error = await readError(response, `fetching a token from ${realm.origin}`, signal);
  if (error.status !== 401 || error.code !== 'UNAUTHORIZED') return error;
  return new RegistryError(401, 'UNAUTHORIZED', error.message);
}

// Passwords go where the registry says, as the protocol has it, but not in the open when the registry itself was reached by TLS.
function realmOf(text: string, { origin, insecure }: AuthRequest): URL {
  const refuse = (why: string): EngineError =>
    new EngineError('InvalidArgument', `the token service of ${origin} ${why}: ${JSON.stringify(text.slice(0, 200))}`);
  let realm: URL;
  try {
    realm = new URL(text);
  } catch {
    throw refuse('has no URL');
  }
  if (realm.protocol !== 'https:' && (realm.protocol !== 'http:' || (origin.startsWith('https:') && !insecure)))
    throw refuse('is not reached by TLS');
  return realm;
}

function parseToken(bytes: Uint8Array): { readonly token: string; readonly lifeMs: number; readonly refreshToken: string } {
  try {
    const parsed = JSON.parse(new TextDecoder().decode(bytes)) as Readonly<Record<string, unknown>>;
    const token = parsed['token'] ?? parsed['access_token'];
    if (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)) {
      const seconds = Number(parsed['expires_in'] ?? 60);
      const refreshToken = typeof parsed['refresh_token'] === 'string' ? parsed['refresh_token'] : '';
      // A little less, so that none ends on its way.
      return { token, lifeMs: Math.max(Number.isFinite(seconds) ? seconds * 1000 : 0, shortestLifeMs) * 0.9, refreshToken };
    }
  } catch (error) {
    if (isEngineError(error)) throw error;
  }
  throw new EngineError('Unavailable', 'authorization server did not include a token in the response');
}

/** RFC 7617. */
export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function keyOf({ origin, scopes, credentials }: AuthRequest): string {
  const who = [credentials.username, credentials.password, credentials.identityToken].map((part) => part ?? '').join('\0');
  return [origin, scopes.join(' '), new Bun.CryptoHasher('sha256').update(who).digest('hex')].join('\n');
}
