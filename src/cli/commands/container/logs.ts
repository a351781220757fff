import { messageOf } from '../../../base/index.ts';
import type { Command } from '../../command.ts';
import { containerPath } from '../../each.ts';
import type { FlagValues } from '../../flags/index.ts';
import { copyOutput } from '../../streams.ts';
import { timestampQuery } from '../../timestamp.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTAINER',
  summary: 'Show the logs of a container',
  aliases: ['container logs', 'logs'],
  arguments: { minimum: 1, maximum: 1 },
  flags: [
    { name: 'details', kind: 'bool', usage: 'Show the extra attributes of each line' },
    { name: 'follow', short: 'f', kind: 'bool', usage: 'Go on with what is written from now on' },
    { name: 'since', kind: 'string', usage: 'Show lines since an instant ("2013-01-02T13:23:37Z") or for a time back ("42m")' },
    { name: 'tail', short: 'n', kind: 'string', fallback: 'all', usage: 'How many lines to show from the end' },
    { name: 'timestamps', short: 't', kind: 'bool', usage: 'Show when each line was written' },
    { name: 'until', kind: 'string', usage: 'Show lines before an instant ("2013-01-02T13:23:37Z") or a time back ("42m")' },
  ],
  async run({ args: [name = ''], client, flags, io }) {
    const { Config } = await client.json<{ readonly Config: { readonly Tty: boolean } }>('GET', containerPath(name, '/json'));
    const yes = (flag: string) => (flags.bool(flag) ? 1 : undefined);
    const query = {
      stdout: 1,
      stderr: 1,
      details: yes('details'),
      follow: yes('follow'),
      timestamps: yes('timestamps'),
      since: instant(flags, 'since'),
      until: instant(flags, 'until'),
      tail: flags.string('tail'),
    };
    const response = await client.request('GET', containerPath(name, '/logs'), { query });
    await copyOutput(response.body, Config.Tty, io);
    return 0;
  },
};

function instant(flags: FlagValues, name: 'since' | 'until'): string | undefined {
  try {
    return timestampQuery(flags.string(name));
  } catch (error) {
    throw new Error(`invalid value for ${JSON.stringify(name)}: ${messageOf(error)}`, { cause: error });
  }
}
