import { storeCredentials, findCredentials, hubServer, serverNamed } from '../auth/credentials.ts';
import type { Call, Command } from '../command.ts';
import type { CliIo } from '../io.ts';

export const command: Command = {
  usage: '[OPTIONS] [SERVER]',
  summary: 'Log in to a registry',
  details: 'Without a server: to Docker Hub.',
  arguments: { minimum: 0, maximum: 1 },
  flags: [
    { name: 'password', short: 'p', kind: 'string', usage: 'Password or personal access token' },
    { name: 'password-stdin', kind: 'bool', usage: 'Take the password from stdin' },
    { name: 'username', short: 'u', kind: 'string', usage: 'User name' },
  ],
  async run(call) {
    const { args, client, io, configFolder } = call;
    const server = serverNamed(args[0] ?? '');
    const { username, password } = await askFor(call, server);
    const body = { username, password, serveraddress: server };
    const answer = await client.json<{ readonly Status: string; readonly IdentityToken?: string }>('POST', '/auth', { body });
    const identityToken = answer.IdentityToken ?? '';
    const { plain } = await storeCredentials(configFolder, server, { username, password, identityToken });
    if (plain !== null) {
      await io.stderr.write(
        `\nWARNING! Your credentials are stored unencrypted in '${plain}'.\nConfigure a credential helper to remove this warning. See\nhttps://docs.docker.com/go/credential-store/\n\n`,
      );
    }
    await io.stdout.write(`${answer.Status}\n`);
    return 0;
  },
};

async function askFor(
  { flags, io, configFolder }: Call,
  server: string,
): Promise<{ readonly username: string; readonly password: string }> {
  let username = flags.string('username').trim();
  if (flags.bool('password-stdin')) {
    if (flags.string('password') !== '') throw new Error('conflicting options: cannot specify both --password and --password-stdin');
    if (username === '') throw new Error('the --password-stdin option requires --username to be set');
    let text = '';
    for await (const bytes of io.stdin.stream()) text += Buffer.from(bytes).toString();
    return { username, password: text.replace(/\r?\n$/, '') };
  }
  const given = flags.string('password');
  if (given !== '') await io.stderr.write('WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n');
  if (username !== '' && given !== '') return { username, password: given };
  const known = await findCredentials(configFolder, server);
  if (username === '' && given === '' && known !== undefined && known.password !== '') {
    await io.stdout.write(`Authenticating with existing credentials... [Username: ${known.username}]\n`);
    return known;
  }
  if (!io.stdin.isTerminal) throw new Error('cannot perform an interactive login from a non-TTY device');
  if (server === hubServer) await io.stdout.write('Log in with your Docker ID or email address.\n');
  const lines = new Prompt(io);
  if (username === '') username = (await lines.ask('Username: ', false)).trim();
  if (username === '') throw new Error('username is required');
  const password = given === '' ? await lines.ask('Password: ', true) : given;
  if (password === '') throw new Error('password is required');
  return { username, password };
}

/** Asks at a terminal, line by line. */
class Prompt {
  readonly #io: CliIo;
  readonly #bytes: AsyncIterator<Uint8Array>;
  #rest = '';

  constructor(io: CliIo) {
    this.#io = io;
    this.#bytes = io.stdin.stream()[Symbol.asyncIterator]();
  }

  /** One line; `hidden` does not show what is typed. */
  async ask(question: string, hidden: boolean): Promise<string> {
    await this.#io.stdout.write(question);
    if (hidden) this.#io.stdin.setRaw(true);
    try {
      return await this.#line();
    } finally {
      if (hidden) {
        this.#io.stdin.setRaw(false);
        await this.#io.stdout.write('\n');
      }
    }
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = /\r\n|\r|\n/.exec(this.#rest);
      if (end !== null) {
        const line = this.#rest.slice(0, end.index);
        this.#rest = this.#rest.slice(end.index + end[0].length);
        return erased(line);
      }
      // Raw mode gives keys, not signals.
      if (this.#rest.includes('\u0003')) throw new Error('interrupted');
      const { done, value } = await this.#bytes.next();
      if (done === true) throw new Error('EOF');
      this.#rest += Buffer.from(value).toString();
    }
  }
}

// What the terminal would have done with backspace.
function erased(line: string): string {
  let text = '';
  for (const key of line) text = key === '\u007f' || key === '\b' ? text.slice(0, -1) : text + key;
  return text;
}
