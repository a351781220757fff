import type { Reference } from '../spec/index.ts';
import type {
  ExplainedEndpoint,
  Registry,
  RegistryCredentials,
  RegistryOptions,
  RegistryPolicy,
  RegistryTiming,
  Repository,
  RepositoryOptions,
  SearchResult,
} from './contract.ts';
import { endpointsOf, isInsecure, serverEndpoints, type Endpoint } from './endpoints.ts';
import { login } from './login.ts';
import { connection, OpenRepository } from './open-repository.ts';
import { Places, Schemes, type Wire } from './places.ts';
import { searchPlaces } from './search.ts';
import { Tokens } from './tokens.ts';
import { Transport } from './transport.ts';

const defaultTiming: RegistryTiming = {
  answerMs: 60_000,
  stallMs: 30_000,
  pausesMs: [250, 1000, 3000, 6000],
  longestPauseMs: 60_000,
};
const hubSearch: Endpoint = {
  origin: 'https://index.docker.io',
  path: '',
  kind: 'registry',
  insecure: false,
  why: 'search of the default registry',
};

/** A client of all registries. Opens no connection. */
export function openRegistry(options: RegistryOptions = {}): Registry {
  return new OpenRegistry(options);
}

class OpenRegistry implements Registry {
  #policy: RegistryPolicy;
  readonly #wire: Wire;

  constructor({ policy = {}, userAgent = 'berth', certificateDirectories = [], env = {}, timing = {} }: RegistryOptions) {
    this.#policy = policy;
    const times = { ...defaultTiming, ...timing };
    const insecureHost = (host: string): boolean => isInsecure(host, this.#policy) || this.#insecureByRule(host);
    const transport = new Transport({ userAgent, certificateDirectories, env, timing: times, isInsecure: insecureHost });
    this.#wire = { transport, tokens: new Tokens(transport), timing: times, schemes: new Schemes(transport) };
  }

  get policy(): RegistryPolicy {
    return this.#policy;
  }

  configure(policy: RegistryPolicy): void {
    this.#policy = policy;
  }

  repository(reference: Reference, { credentials = {}, access = 'pull' }: RepositoryOptions = {}): Repository {
    return new OpenRepository(this.#wire, this.#policy, reference, credentials, access);
  }

  async login(server: string, credentials: RegistryCredentials, options: { readonly signal: AbortSignal }): Promise<string> {
    try {
      return await login(this.#wire, this.#policy, server, credentials, options);
    } catch (error) {
      throw connection(error);
    }
  }

  async search(
    term: string,
    limit: number,
    credentials: RegistryCredentials | undefined,
    options: { readonly signal: AbortSignal },
  ): Promise<readonly SearchResult[]> {
    const slash = term.indexOf('/');
    const first = term.slice(0, Math.max(slash, 0));
    const named = /[.:]/.test(first) || first === 'localhost';
    const endpoints = named && first !== 'docker.io' ? serverEndpoints(first, this.#policy) : [hubSearch];
    const places = new Places(this.#wire, endpoints, credentials ?? {}, () => ['registry:catalog:*']);
    try {
      return await searchPlaces(places, named ? term.slice(slash + 1) : term, limit, options);
    } catch (error) {
      throw connection(error);
    }
  }

  explain(reference: Reference): readonly ExplainedEndpoint[] {
    return endpointsOf(reference, this.#policy, 'pull').map(({ origin, path, why }) => ({ url: `${origin}/v2/${path}`, why }));
  }

  // Rules name prefixes, certificates are of hosts.
  #insecureByRule(host: string): boolean {
    const hostOf = (text: string): string => text.replace(/^https?:\/\//, '').split('/')[0] ?? '';
    return (this.#policy.rules ?? []).some(
      (rule) =>
        (rule.insecure === true && hostOf(rule.prefix) === host) ||
        (rule.mirrors ?? []).some((mirror) => mirror.insecure === true && hostOf(mirror.location) === host),
    );
  }
}
