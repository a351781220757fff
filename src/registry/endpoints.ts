import { BlockList, isIP } from 'node:net';
import { EngineError } from '../base/index.ts';
import { formatReference, withoutTag, type Reference } from '../spec/index.ts';
import type { RegistryPolicy, RegistryRule } from './contract.ts';

/** One place a repository may be: `origin` is `https://host:port`, `path` the repository there. */
export interface Endpoint {
  readonly origin: string;
  readonly path: string;
  readonly kind: 'mirror' | 'registry';
  /** Certificates are not verified. */
  readonly insecure: boolean;
  readonly why: string;
}

const hub = 'docker.io';
const hubHost = 'registry-1.docker.io';

/**
 * Where a repository is looked for, in order: mirrors, then the registry; of an insecure one TLS first, then plain HTTP, as Docker.
 * Pushes go to the registry itself. Pure. @throws {EngineError} Forbidden, when a rule blocks it; InvalidArgument, for broken mirrors.
 */
export function endpointsOf(reference: Reference, policy: RegistryPolicy, access: 'pull' | 'push'): readonly Endpoint[] {
  const rule = ruleOf(reference, policy);
  if (rule?.blocked === true)
    throw new EngineError('Forbidden', `registry ${rule.prefix} is blocked by this engine's configuration (${formatReference(reference)})`);
  const endpoints: Endpoint[] = [];
  if (access === 'pull') {
    for (const { location, insecure } of rule?.mirrors ?? [])
      endpoints.push(...mirrorOf(reference, rule?.prefix ?? '', location, insecure === true || isInsecure(hostOf(location), policy)));
    if (reference.domain === hub) for (const mirror of policy.mirrors ?? []) endpoints.push(...dockerMirror(reference, mirror, policy));
  }
  if (rule?.mirrorsOnly !== true || access === 'push') {
    const host = reference.domain === hub ? hubHost : reference.domain;
    const insecure = rule?.insecure === true || isInsecure(reference.domain, policy);
    const why = reference.domain === hub ? 'default registry' : 'named by the reference';
    endpoints.push(...bothSchemes(host, reference.path, 'registry', insecure, why));
  }
  if (endpoints.length === 0)
    throw new EngineError('Forbidden', `registry ${reference.domain} may be asked through mirrors only, and there are none`);
  return endpoints;
}

/** Whether TLS of `host[:port]` need not be right. */
export function isInsecure(host: string, { insecure = [] }: RegistryPolicy): boolean {
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  if (name === 'localhost') return true;
  const ranges = new BlockList();
  ranges.addSubnet('127.0.0.0', 8, 'ipv4');
  ranges.addAddress('::1', 'ipv6');
  for (const each of insecure) {
    if (each === host || each === name) return true;
    const [address = '', bits] = each.split('/');
    if (bits !== undefined && isIP(address) > 0) ranges.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  return isIP(name) > 0 && ranges.check(name, isIP(name) === 6 ? 'ipv6' : 'ipv4');
}

/** The endpoints of a registry as such, for login and catalog. `server` may be a URL. */
export function serverEndpoints(server: string, policy: RegistryPolicy): readonly Endpoint[] {
  const host = server.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  const isHub = host === '' || host === 'index.docker.io' || host === hub || host === hubHost;
  return bothSchemes(isHub ? hubHost : host, '', 'registry', isInsecure(host, policy), 'named by the user');
}

function ruleOf(reference: Reference, { rules = [] }: RegistryPolicy): RegistryRule | undefined {
  const name = formatReference(withoutTag(reference));
  const fitting = rules.filter(({ prefix }) => name === prefix || name.startsWith(`${prefix.replace(/\/$/, '')}/`));
  return fitting.toSorted((a, b) => b.prefix.length - a.prefix.length)[0];
}

function mirrorOf(reference: Reference, prefix: string, location: string, insecure: boolean): readonly Endpoint[] {
  const name = formatReference(withoutTag(reference));
  const rest = name.slice(prefix.replace(/\/$/, '').length).replace(/^\//, '');
  const host = hostOf(location);
  const base = location
    .replace(/^https?:\/\//, '')
    .slice(host.length)
    .replace(/^\/|\/$/g, '');
  const path = [base, rest].filter((part) => part !== '').join('/');
  if (location.startsWith('http://')) return [{ origin: `http://${host}`, path, kind: 'mirror', insecure, why: `mirror of ${prefix}` }];
  return bothSchemes(host, path, 'mirror', insecure, `mirror of ${prefix}`);
}

function dockerMirror({ path }: Reference, mirror: string, policy: RegistryPolicy): readonly Endpoint[] {
  const match = /^(https?):\/\/([^/?#@]+)\/?$/.exec(mirror);
  if (match === null)
    throw new EngineError('InvalidArgument', `invalid mirror: ${JSON.stringify(mirror)} must be http:// or https:// and a host`);
  const [, scheme = 'https', host = ''] = match;
  return [
    {
      origin: `${scheme}://${host}`,
      path,
      kind: 'mirror',
      insecure: isInsecure(host, policy),
      why: 'mirror of docker.io (registry-mirrors)',
    },
  ];
}

function bothSchemes(host: string, path: string, kind: Endpoint['kind'], insecure: boolean, why: string): readonly Endpoint[] {
  const secure: Endpoint = { origin: `https://${host}`, path, kind, insecure, why };
  return insecure ? [secure, { ...secure, origin: `http://${host}`, why: `${why}; insecure, so without TLS where it has none` }] : [secure];
}

function hostOf(location: string): string {
  return location.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}
