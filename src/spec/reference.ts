import { EngineError } from '../base/index.ts';
import { isDigest, type Digest } from './digest.ts';

declare const referenceBrand: unique symbol;

/** The name of an image as registries know it, normalized: `debian` is `docker.io/library/debian`. Only `parseReference` and its kin make one. */
export interface Reference {
  /** Registry host with optional port, `docker.io`. */
  readonly domain: string;
  /** Repository inside the registry, `library/debian`. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
  readonly [referenceBrand]: 'Reference';
}

const defaultDomain = 'docker.io';
const legacyDomain = 'index.docker.io';
const officialPrefix = 'library/';
const maxNameLength = 255;
// Everything a valid reference can be, with room; longer text is refused before a pattern looks at it.
const maxTextLength = 1024;

const label = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const domainPattern = `(?:${label}(?:\\.${label})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?`;
const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const whole = new RegExp(
  `^(${domainPattern})/(${component}(?:/${component})*)(?::(\\w[\\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$`,
);

/**
 * The reference a user's words mean. No tag is added; see `withDefaultTag`. Grammar and messages are those of
 * github.com/distribution/reference v0.6 (`ParseNormalizedNamed`).
 * @throws {EngineError} InvalidArgument, `invalid reference format` and what Docker adds to it.
 */
export function parseReference(text: string): Reference {
  if (/^[0-9a-f]{64}$/.test(text)) throw invalid(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  if (text.length > maxTextLength) throw invalid('invalid reference format');
  const { domain, remainder } = splitDomain(text);
  const colon = remainder.indexOf(':');
  const remote = colon < 0 ? remainder : remainder.slice(0, colon);
  if (remote.toLowerCase() !== remote) throw invalid(`invalid reference format: repository name (${remote}) must be lowercase`);
  const match = whole.exec(`${domain}/${remainder}`);
  const path = match?.[2];
  if (match === null || path === undefined) throw invalid('invalid reference format');
  if (domain.length + 1 + path.length > maxNameLength) throw invalid('repository name must not be more than 255 characters');
  const digest = match[4];
  if (digest !== undefined && !isDigest(digest)) throw invalid('invalid reference format: only sha256 digests are supported');
  return reference(domain, path, match[3], digest);
}

/** `reference` with tag `latest` where it has neither tag nor digest. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined ? withTag(reference, 'latest') : reference;
}

/** `reference` with this tag and no digest. @throws {EngineError} InvalidArgument `invalid tag format`. */
export function withTag({ domain, path }: Reference, tag: string): Reference {
  if (!/^\w[\w.-]{0,127}$/.test(tag)) throw invalid('invalid tag format');
  return reference(domain, path, tag, undefined);
}

/** `reference` with this digest and no tag. */
export function withDigest({ domain, path }: Reference, digest: Digest): Reference {
  return reference(domain, path, undefined, digest);
}

/** `reference` without tag and digest. */
export function withoutTag({ domain, path }: Reference): Reference {
  return reference(domain, path, undefined, undefined);
}

/** The full text, `docker.io/library/debian:12`; equal texts are equal references. */
export function formatReference({ domain, path, tag, digest }: Reference): string {
  return `${domain}/${path}${suffix(tag, digest)}`;
}

/** The short text people write, `debian:12`; it parses back to the same reference. */
export function formatFamiliar(reference: Reference): string {
  return `${familiarName(reference)}${suffix(reference.tag, reference.digest)}`;
}

/** The short name without tag and digest, `debian`. */
export function familiarName({ domain, path }: Reference): string {
  if (domain !== defaultDomain) return `${domain}/${path}`;
  const official = path.startsWith(officialPrefix) ? path.slice(officialPrefix.length) : path;
  // `docker.io/library/a/b` keeps its prefix, and a first component that reads as a domain keeps the real one before it.
  if (official.includes('/')) return splitDomain(path).domain === defaultDomain ? path : `${domain}/${path}`;
  return official;
}

function splitDomain(text: string): { readonly domain: string; readonly remainder: string } {
  const slash = text.indexOf('/');
  const first = text.slice(0, Math.max(slash, 0));
  const local = slash < 0 || (!/[.:]/.test(first) && first !== 'localhost' && first.toLowerCase() === first);
  const domain = local ? defaultDomain : first === legacyDomain ? defaultDomain : first;
  const remainder = local ? text : text.slice(slash + 1);
  return { domain, remainder: domain === defaultDomain && !remainder.includes('/') ? officialPrefix + remainder : remainder };
}

function reference(domain: string, path: string, tag: string | undefined, digest: Digest | undefined): Reference {
  return { domain, path, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) } as Reference;
}

function suffix(tag: string | undefined, digest: Digest | undefined): string {
  return `${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

function invalid(message: string): EngineError {
  return new EngineError('InvalidArgument', message);
}
