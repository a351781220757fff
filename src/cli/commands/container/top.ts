import type { Command } from '../../command.ts';
import { containerPath } from '../../each.ts';
import { tabulate } from '../../format/tabulate.ts';

export const command: Command = {
  usage: 'CONTAINER [ps OPTIONS]',
  summary: 'Show the processes of a container',
  aliases: ['container top', 'top'],
  arguments: { minimum: 1 },
  flags: [],
  stopsAtArgument: true,
  async run({ args: [name = '', ...options], client, io }) {
    const query = { ps_args: options.length === 0 ? undefined : options.join(' ') };
    const { Titles, Processes } = await client.json<TopAnswer>('GET', containerPath(name, '/top'), { query });
    const text = [Titles, ...(Processes ?? [])].map((row) => `${row.join('\t')}\n`).join('');
    await io.stdout.write(tabulate(text, { minimumWidth: 20, padding: 3 }));
    return 0;
  },
};

interface TopAnswer {
  readonly Titles: readonly string[];
  readonly Processes: ReadonlyArray<readonly string[]> | null;
}
