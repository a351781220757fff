import type { Command } from '../../command.ts';
import { containerPath, forEachArgument } from '../../each.ts';
import { stopFlags, stopQuery } from '../../stop-flags.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Stop one or more running containers',
  aliases: ['container stop', 'stop'],
  arguments: { minimum: 1 },
  flags: stopFlags,
  async run(call) {
    const query = stopQuery(call.flags);
    return await forEachArgument(call, (name) => call.client.request('POST', containerPath(name, '/stop'), { query }));
  },
};
