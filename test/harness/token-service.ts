import { createPrivateKey, createSign, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ok } from './command.ts';

/**
 * A token service as Docker's registries use (distribution-spec's Bearer challenge): signs what `user` asks for, and `pull` for everybody.
 * Leaving the block ends it.
 */
export class TokenService implements AsyncDisposable {
  readonly root: string;
  /** Scopes of the tokens it gave, in order. */
  readonly given: string[] = [];
  readonly #user: { readonly name: string; readonly password: string };
  readonly #server: Bun.Server<undefined>;

  static async start(user: { readonly name: string; readonly password: string }): Promise<TokenService> {
    const root = mkdtempSync(join(tmpdir(), 'bt-tokens-'));
    await ok([
      'openssl',
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=tests',
      '-keyout',
      `${root}/key`,
      '-out',
      `${root}/crt`,
    ]);
    return new TokenService(root, user);
  }

  private constructor(root: string, user: { readonly name: string; readonly password: string }) {
    this.root = root;
    this.#user = user;
    this.#server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: (request) => this.#answer(request) });
  }

  get realm(): string {
    return `${this.#server.url.origin}/token`;
  }

  get certificate(): string {
    return `${this.root}/crt`;
  }

  #answer(request: Request): Response {
    const { searchParams } = new URL(request.url);
    const authorization = request.headers.get('authorization');
    const known = authorization === `Basic ${btoa(`${this.#user.name}:${this.#user.password}`)}`;
    if (authorization !== null && !known) return Response.json({ details: 'incorrect username or password' }, { status: 401 });
    const access = searchParams.getAll('scope').flatMap((scope) => {
      const [type = '', name = '', actions = ''] = scope.split(':');
      return [{ type, name, actions: actions.split(',').filter((action) => known || action === 'pull') }];
    });
    this.given.push(...searchParams.getAll('scope'));
    return Response.json({ token: this.#sign(access), expires_in: 300 });
  }

  // RFC 7519, RS256, with the certificate in the header, as the registry wants it.
  #sign(access: readonly object[]): string {
    const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const seconds = Math.floor(Date.now() / 1000);
    const x5c = [new X509Certificate(readFileSync(this.certificate)).raw.toString('base64')];
    const claims = {
      iss: 'tests',
      sub: this.#user.name,
      aud: 'tests',
      exp: seconds + 300,
      nbf: seconds - 10,
      iat: seconds,
      jti: crypto.randomUUID(),
      access,
    };
    const text = `${encode({ typ: 'JWT', alg: 'RS256', x5c })}.${encode(claims)}`;
    const signature = createSign('RSA-SHA256')
      .update(text)
      .sign(createPrivateKey(readFileSync(`${this.root}/key`)));
    return `${text}.${signature.toString('base64url')}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
    rmSync(this.root, { recursive: true, force: true });
  }
}
