import type { Command } from '../../command.ts';
import { containerPath, forEachArgument } from '../../each.ts';

export const command: Command = {
  usage: 'CONTAINER [CONTAINER...]',
  summary: 'Pause every process of one or more containers',
  aliases: ['container pause', 'pause'],
  arguments: { minimum: 1 },
  flags: [],
  run: (call) => forEachArgument(call, (name) => call.client.request('POST', containerPath(name, '/pause'))),
};
