import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { cleanEnvironment, ok } from './command.ts';
import { eventually } from './eventually.ts';

export interface RegistryWishes {
  /** Basic auth for this user. */
  readonly user?: { readonly name: string; readonly password: string };
  /** Tokens of the service at this URL, which `tokens` signs. */
  readonly tokens?: { readonly realm: string; readonly certificate: string };
  /** TLS with a certificate of an authority of its own. */
  readonly tls?: boolean;
}

/** Debian's `docker-registry` on a free port of loopback, with a store of its own; leaving the block ends it. */
export class TestRegistry implements AsyncDisposable {
  readonly root = mkdtempSync(join(tmpdir(), 'bt-registry-'));
  #child: Bun.Subprocess | undefined;
  #port = 0;

  static async start(wishes: RegistryWishes = {}): Promise<TestRegistry> {
    const registry = new TestRegistry();
    try {
      await registry.#start(wishes);
    } catch (error) {
      await registry[Symbol.asyncDispose]();
      throw error;
    }
    return registry;
  }

  /** `127.0.0.1:port`. */
  get host(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** A folder as `--certs-dir` takes it, with the authority of this registry. */
  get certificates(): string {
    return join(this.root, 'certs');
  }

  async #start({ user, tokens, tls }: RegistryWishes): Promise<void> {
    this.#port = freePort();
    if (user !== undefined)
      writeFileSync(
        join(this.root, 'htpasswd'),
        `${user.name}:${(await Bun.password.hash(user.password, { algorithm: 'bcrypt', cost: 4 })).replace('$2b$', '$2y$')}\n`,
      );
    if (tls === true) await this.#makeCertificates();
    const config = {
      version: '0.1',
      log: { level: 'warn' },
      storage: { filesystem: { rootdirectory: join(this.root, 'store') }, delete: { enabled: true } },
      http: {
        addr: this.host,
        secret: 'for tests',
        ...(tls === true ? { tls: { certificate: join(this.root, 'server.crt'), key: join(this.root, 'server.key') } } : {}),
      },
      ...(tokens === undefined
        ? {}
        : { auth: { token: { realm: tokens.realm, service: 'tests', issuer: 'tests', rootcertbundle: tokens.certificate } } }),
      ...(user === undefined ? {} : { auth: { htpasswd: { realm: 'tests', path: join(this.root, 'htpasswd') } } }),
    };
    // YAML takes JSON as it is.
    writeFileSync(join(this.root, 'config.yml'), JSON.stringify(config));
    const env = Object.fromEntries(Object.entries(cleanEnvironment()).filter(([name]) => !name.startsWith('REGISTRY_')));
    this.#child = Bun.spawn({
      cmd: [registryPath(), 'serve', join(this.root, 'config.yml')],
      env,
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: Bun.file(join(this.root, 'log')),
    });
    const url = `${tls === true ? 'https' : 'http'}://${this.host}/v2/`;
    await eventually('docker-registry answers', async () => {
      if (this.#child?.exitCode !== null) throw new Error(`docker-registry ended: ${await Bun.file(join(this.root, 'log')).text()}`);
      const answer = await fetch(url, { tls: { rejectUnauthorized: false } }).catch(() => undefined);
      return answer !== undefined;
    });
  }

  async #makeCertificates(): Promise<void> {
    const at = (name: string) => join(this.root, name);
    const folder = join(this.certificates, this.host);
    mkdirSync(folder, { recursive: true });
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    await ok(['openssl', 'req', '-x509', ...key, '-keyout', at('ca.key'), '-out', join(folder, 'ca.crt'), '-subj', '/CN=tests']);
    writeFileSync(at('extensions'), 'subjectAltName=IP:127.0.0.1\n');
    await ok([
      'openssl',
      'req',
      '-new',
      ...key.slice(0, -2),
      '-keyout',
      at('server.key'),
      '-out',
      at('server.csr'),
      '-subj',
      '/CN=127.0.0.1',
    ]);
    await ok([
      ...['openssl', 'x509', '-req', '-in', at('server.csr'), '-CA', join(folder, 'ca.crt'), '-CAkey', at('ca.key'), '-CAcreateserial'],
      ...['-days', '2', '-extfile', at('extensions'), '-out', at('server.crt')],
    ]);
    chmodSync(at('server.key'), 0o600);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child?.kill('SIGTERM');
    await this.#child?.exited;
    rmSync(this.root, { recursive: true, force: true });
  }
}

function registryPath(): string {
  const unpacked = resolve('build/packages/docker-registry/usr/bin/docker-registry');
  const found = Bun.which('docker-registry') ?? (existsSync(unpacked) ? unpacked : null);
  if (found === null) throw new Error('docker-registry is missing: run `sh tools/install.sh test`');
  return found;
}

// Free a moment ago; whoever else takes it makes the registry end, which is an error of its own.
function freePort(): number {
  const probe = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
  const { port } = probe;
  probe.stop(true);
  return port;
}
