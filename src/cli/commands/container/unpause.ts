import type { Command } from '../../command.ts';
import { containerPath, forEachArgument } from '../../each.ts';

export const command: Command = {
  usage: 'CONTAINER [CONTAINER...]',
  summary: 'Let the processes of one or more paused containers go on',
  aliases: ['container unpause', 'unpause'],
  arguments: { minimum: 1 },
  flags: [],
  run: (call) => forEachArgument(call, (name) => call.client.request('POST', containerPath(name, '/unpause'))),
};
