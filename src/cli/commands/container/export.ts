import { CliError } from '../../cli-error.ts';
import type { Command } from '../../command.ts';
import { containerPath } from '../../each.ts';
import { writeBody } from '../../transfer.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTAINER',
  summary: "Write a container's filesystem as a tar archive",
  aliases: ['container export', 'export'],
  arguments: { minimum: 1, maximum: 1 },
  flags: [{ name: 'output', short: 'o', kind: 'string', usage: 'Write to this file, not to STDOUT' }],
  async run({ args: [name = ''], client, flags, io }) {
    const output = flags.string('output');
    if (output === '' && io.stdout.isTerminal) throw new CliError('cowardly refusing to save to a terminal. Use the -o flag or redirect');
    const response = await client.request('GET', containerPath(name, '/export'));
    await writeBody(response, output, io);
    return 0;
  },
};
