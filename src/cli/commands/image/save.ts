import { CliError } from '../../cli-error.ts';
import type { Command } from '../../command.ts';
import { platformQuery } from '../../platform.ts';
import { writeBody } from '../../transfer.ts';

export const command: Command = {
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  summary: 'Save one or more images to a tar archive (to STDOUT unless told otherwise)',
  aliases: ['image save', 'save'],
  arguments: { minimum: 1 },
  flags: [
    { name: 'output', short: 'o', kind: 'string', usage: 'Write to this file, not to STDOUT' },
    { name: 'platform', kind: 'string', usage: 'Save only this platform, "os[/arch[/variant]]" as in "linux/amd64"' },
  ],
  async run({ args, client, flags, io }) {
    const output = flags.string('output');
    if (output === '' && io.stdout.isTerminal) throw new CliError('cowardly refusing to save to a terminal. Use the -o flag or redirect');
    const query = { names: args, platform: platformQuery(flags.string('platform')) };
    await writeBody(await client.request('GET', '/images/get', { query }), output, io);
    return 0;
  },
};
