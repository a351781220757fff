import type { Command } from '../../command.ts';
import { containerPath, forEachArgument } from '../../each.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Send a signal to one or more running containers, KILL unless told otherwise',
  aliases: ['container kill', 'kill'],
  arguments: { minimum: 1 },
  flags: [{ name: 'signal', short: 's', kind: 'string', usage: 'Signal to send' }],
  async run(call) {
    const query = { signal: call.flags.string('signal') || undefined };
    return await forEachArgument(call, (name) => call.client.request('POST', containerPath(name, '/kill'), { query }));
  },
};
