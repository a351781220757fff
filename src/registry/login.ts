import { EngineError } from '../base/index.ts';
import { parseChallenges } from './challenge.ts';
import type { RegistryCredentials } from './contract.ts';
import { serverEndpoints, type Endpoint } from './endpoints.ts';
import type { RegistryPolicy } from './contract.ts';
import type { Wire } from './places.ts';
import { drop } from './read-capped.ts';
import { ConnectionError } from './registry-error.ts';
import { basic, fetchToken } from './tokens.ts';

/** See `Registry.login`. After moby registry/auth.go, `loginV2`. */
export async function login(
  wire: Wire,
  policy: RegistryPolicy,
  server: string,
  credentials: RegistryCredentials,
  { signal }: { readonly signal: AbortSignal },
): Promise<string> {
  const endpoints = serverEndpoints(server, policy);
  let failure: unknown;
  for (const endpoint of endpoints) {
    try {
      return await loginAt(wire, endpoint, credentials, signal);
    } catch (error) {
      failure = error;
      if (!(error instanceof ConnectionError)) throw error;
    }
  }
  throw failure;
}

async function loginAt(
  { transport }: Wire,
  { origin, insecure }: Endpoint,
  credentials: RegistryCredentials,
  signal: AbortSignal,
): Promise<string> {
  const url = `${origin}/v2/`;
  const bare = await transport.send(url, { method: 'GET', signal });
  drop(bare);
  if (bare.status === 200) return '';
  const bearer = parseChallenges(bare.headers.get('www-authenticate') ?? '').find(({ scheme }) => scheme === 'bearer');
  if (bearer === undefined) {
    const authorization = basic(credentials.username ?? '', credentials.password ?? '');
    const second = await transport.send(url, { method: 'GET', authorization, signal });
    drop(second);
    if (second.status === 200) return '';
    throw new EngineError('Unauthorized', `login attempt to ${url} failed with status: ${second.status} ${second.statusText}`);
  }
  const request = { origin, scopes: [], credentials, insecure, signal, offline: true };
  const { token, refreshToken } = await fetchToken(transport, bearer, request).catch((error: unknown) => {
    if (error instanceof ConnectionError || signal.aborted) throw error;
    throw new EngineError('Unauthorized', `Get ${JSON.stringify(url)}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  });
  const second = await transport.send(url, { method: 'GET', authorization: `Bearer ${token}`, signal });
  drop(second);
  if (second.status === 200) return refreshToken;
  throw new EngineError('Unauthorized', `login attempt to ${url} failed with status: ${second.status} ${second.statusText}`);
}
