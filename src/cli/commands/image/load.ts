import { CliError } from '../../cli-error.ts';
import type { Command } from '../../command.ts';
import { platformQuery } from '../../platform.ts';
import { showProgress } from '../../progress.ts';
import { readSource } from '../../transfer.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  summary: 'Load images from a tar archive or STDIN',
  aliases: ['image load', 'load'],
  arguments: { minimum: 0, maximum: 0 },
  flags: [
    { name: 'input', short: 'i', kind: 'string', usage: 'Read from this file, not from STDIN' },
    { name: 'platform', kind: 'string', usage: 'Load only this platform, "os[/arch[/variant]]" as in "linux/amd64"' },
    { name: 'quiet', short: 'q', kind: 'bool', usage: 'Do not show progress' },
  ],
  async run({ client, flags, io }) {
    const input = flags.string('input');
    if (input === '' && io.stdin.isTerminal) throw new CliError('requested load from stdin, but stdin is empty');
    const upload = await readSource(input, io);
    const quiet = flags.bool('quiet') || !io.stdout.isTerminal;
    const query = { quiet: quiet ? 1 : 0, platform: platformQuery(flags.string('platform')) };
    const response = await client.request('POST', '/images/load', { query, upload, headers: { 'Content-Type': 'application/x-tar' } });
    if (response.headers['content-type'] === 'application/json') await showProgress(response, io.stdout);
    else for await (const bytes of response.body) await io.stdout.write(bytes);
    return 0;
  },
};
