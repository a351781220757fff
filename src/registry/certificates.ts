import { readdirSync, readFileSync } from 'node:fs';
import { EngineError, messageOf } from '../base/index.ts';

/** What TLS with one host needs. Bun's `tls` option of fetch. */
export interface HostCertificates {
  readonly ca?: readonly string[];
  readonly cert?: string;
  readonly key?: string;
}

/**
 * The certificates for `host[:port]` in folders like `/etc/docker/certs.d`, of the first that has any: `*.crt` are authorities, `x.cert`
 * and `x.key` a client's. Read anew each time. @throws {EngineError} InvalidArgument, for a certificate without its key.
 */
export function hostCertificates(directories: readonly string[], host: string): HostCertificates {
  if (host.includes('/') || host.startsWith('.')) return {};
  for (const directory of directories) {
    const folder = `${directory}/${host}`;
    const names = namesIn(folder);
    if (names.length === 0) continue;
    const read = (name: string): string => readText(`${folder}/${name}`);
    const ca = names.filter((name) => name.endsWith('.crt')).map(read);
    const certificate = names.find((name) => name.endsWith('.cert'));
    if (certificate === undefined) return ca.length === 0 ? {} : { ca };
    const key = certificate.replace(/\.cert$/, '.key');
    if (!names.includes(key))
      throw new EngineError(
        'InvalidArgument',
        `missing key ${key} for client certificate ${certificate}. CA certificates must use the extension .crt`,
      );
    return { ...(ca.length === 0 ? {} : { ca }), cert: read(certificate), key: read(key) };
  }
  return {};
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new EngineError('InvalidArgument', `Cannot read certificate ${path}: ${messageOf(error)}`, { cause: error });
  }
}
