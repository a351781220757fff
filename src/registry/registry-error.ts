import { EngineError, messageOf, type ErrorCode } from '../base/index.ts';
import { familiarName, formatFamiliar, type Reference } from '../spec/index.ts';
import { readCapped } from './read-capped.ts';

/** What a registry answered instead of what was asked. Inside this room; callers of the room see `EngineError`. */
export class RegistryError extends Error {
  readonly status: number;
  /** distribution-spec's, `MANIFEST_UNKNOWN`; '' when the answer has none. */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'RegistryError';
    this.status = status;
    this.code = code;
  }
}

const maximumErrorBytes = 64 * 1024;

/** Reads an answer that says no. Go's client shows them as `denied: requested access …`; so does this. */
export async function readError(response: Response, what: string, signal: AbortSignal): Promise<RegistryError> {
  const bytes = await readCapped(response, maximumErrorBytes, signal).catch(() => new Uint8Array(0));
  const text = new TextDecoder().decode(bytes);
  const { status } = response;
  const first = firstError(text);
  if (first !== null) return new RegistryError(status, first.code, words(first.code, first.message));
  const byStatus: Readonly<Record<number, string>> = { 401: 'UNAUTHORIZED', 403: 'DENIED', 429: 'TOOMANYREQUESTS' };
  const code = byStatus[status] ?? '';
  if (code !== '') return new RegistryError(status, code, words(code, detailsOf(text) || defaults[code] || response.statusText));
  return new RegistryError(status, '', `${what}: unexpected status code ${status} ${response.statusText}`.trim());
}

const defaults: Readonly<Record<string, string>> = {
  UNAUTHORIZED: 'authentication required',
  DENIED: 'requested access to the resource is denied',
  TOOMANYREQUESTS: 'too many requests',
};

function words(code: string, message: string): string {
  const name = code.toLowerCase().replaceAll('_', ' ');
  return message === '' || message.toLowerCase() === name ? `${name}: ${name}` : `${name}: ${message}`;
}

function firstError(text: string): { readonly code: string; readonly message: string } | null {
  try {
    const parsed: unknown = JSON.parse(text);
    const list = (parsed as { readonly errors?: unknown } | null)?.errors;
    const first: unknown = Array.isArray(list) ? list[0] : undefined;
    if (typeof first !== 'object' || first === null) return null;
    const { code, message } = first as { readonly code?: unknown; readonly message?: unknown };
    return typeof code === 'string' ? { code: printable(code), message: typeof message === 'string' ? printable(message) : '' } : null;
  } catch {
    return null;
  }
}

function detailsOf(text: string): string {
  try {
    const { details, message } = JSON.parse(text) as { readonly details?: unknown; readonly message?: unknown };
    return printable(String(details ?? message ?? ''));
  } catch {
    return '';
  }
}

// A registry's text ends up on terminals.
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ').slice(0, 500);
}

/**
 * Any failure of a pull or push as what Docker says of it (moby distribution/errors.go, `notFoundError`, `translatePullError`).
 * @returns the error itself when it is no registry's.
 */
export function toEngineError(error: unknown, reference: Reference): unknown {
  if (!(error instanceof RegistryError)) return error;
  const make = (code: ErrorCode, message: string): EngineError =>
    new EngineError(code, message, { cause: error, detail: { registryCode: error.code, status: error.status } });
  const name = familiarName(reference);
  switch (error.code) {
    case 'DENIED':
      return make('NotFound', `pull access denied for ${name}, repository does not exist or may require 'docker login': ${error.message}`);
    case 'NAME_UNKNOWN':
      return make('NotFound', `repository ${name} not found: ${error.message}`);
    case 'MANIFEST_UNKNOWN':
      return make('NotFound', `manifest for ${formatFamiliar(reference)} not found: ${error.message}`);
    case 'BLOB_UNKNOWN':
      return make('NotFound', error.message);
    case 'TOOMANYREQUESTS':
      return make('Unavailable', error.message);
    default:
      return make(codeOf(error.status), error.message);
  }
}

/** As `toEngineError`, for a push: its words are the registry's. */
export function toPushError(error: unknown): unknown {
  if (!(error instanceof RegistryError)) return error;
  return new EngineError(codeOf(error.status), error.message, { cause: error, detail: { registryCode: error.code, status: error.status } });
}

function codeOf(status: number): ErrorCode {
  if (status === 401) return 'Unauthorized';
  if (status === 403) return 'Forbidden';
  if (status === 404) return 'NotFound';
  if (status === 429 || status >= 500) return 'Unavailable';
  return 'InvalidArgument';
}

/** A connection that could not be made or broke. Worth another try. */
export class ConnectionError extends Error {
  constructor(method: string, url: string, cause: unknown) {
    super(`${goVerb(method)} ${JSON.stringify(url)}: ${reasonOf(cause)}`, { cause });
    this.name = 'ConnectionError';
  }
}

/** `Get`, as Go writes methods in errors. */
export function goVerb(method: string): string {
  return method.slice(0, 1) + method.slice(1).toLowerCase();
}

function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const known: Readonly<Record<string, string>> = {
    ConnectionRefused: 'connect: connection refused',
    ECONNREFUSED: 'connect: connection refused',
    ECONNRESET: 'connection reset by peer',
    ConnectionClosed: 'EOF',
    FailedToOpenSocket: 'cannot connect: no such host or no route to it',
    ENOTFOUND: 'no such host',
    DEPTH_ZERO_SELF_SIGNED_CERT: 'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    SELF_SIGNED_CERT_IN_CHAIN: 'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    CERT_HAS_EXPIRED: 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid',
    ERR_TLS_CERT_ALTNAME_INVALID: 'tls: failed to verify certificate: x509: certificate is not valid for this host',
  };
  return known[code] ?? messageOf(cause);
}
