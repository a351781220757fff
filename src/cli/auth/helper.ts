import type { StoredCredentials } from './config-file.ts';

/** A program `docker-credential-<name>` that keeps passwords: JSON over its stdin and stdout (docker-credential-helpers protocol). */
export class CredentialHelper {
  readonly #program: string;

  constructor(name: string) {
    if (!/^[\w.-]+$/.test(name)) throw new Error(`invalid credential helper name: ${JSON.stringify(name)}`);
    this.#program = `docker-credential-${name}`;
  }

  async get(server: string): Promise<StoredCredentials | undefined> {
    const { code, text } = await this.#call('get', server);
    if (code !== 0) {
      if (/credentials not found/i.test(text)) return undefined;
      throw new Error(`error getting credentials - err: exit status ${code}, out: \`${text.trim()}\``);
    }
    const { Username = '', Secret = '' } = JSON.parse(text) as { readonly Username?: string; readonly Secret?: string };
    // The name that says that the secret is an identity token.
    return Username === '<token>'
      ? { username: '', password: '', identityToken: Secret }
      : { username: Username, password: Secret, identityToken: '' };
  }

  async store(server: string, { username, password, identityToken }: StoredCredentials): Promise<void> {
    const Username = identityToken === '' ? username : '<token>';
    const Secret = identityToken === '' ? password : identityToken;
    await this.#must('store', JSON.stringify({ ServerURL: server, Username, Secret }));
  }

  async erase(server: string): Promise<void> {
    await this.#must('erase', server);
  }

  async #must(verb: string, input: string): Promise<void> {
    const { code, text } = await this.#call(verb, input);
    if (code !== 0)
      throw new Error(`error ${verb === 'store' ? 'storing' : 'erasing'} credentials - err: exit status ${code}, out: \`${text.trim()}\``);
  }

  async #call(verb: string, input: string): Promise<{ readonly code: number; readonly text: string }> {
    const program = Bun.which(this.#program);
    if (program === null)
      throw new Error(
        `error getting credentials - err: exec: ${JSON.stringify(this.#program)}: executable file not found in $PATH, out: \`\``,
      );
    const child = Bun.spawn({ cmd: [program, verb], stdin: new TextEncoder().encode(input), stdout: 'pipe', stderr: 'inherit' });
    const [text, code] = await Promise.all([new Response(child.stdout).text(), child.exited]);
    return { code, text };
  }
}
