import type { Command } from '../../command.ts';
import { containerPath, forEachArgument } from '../../each.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Stop one or more running containers',
  aliases: ['container stop', 'stop'],
  arguments: { minimum: 1 },
  flags: [
    { name: 'signal', short: 's', kind: 'string', usage: 'Signal that asks the container to end' },
    { name: 'timeout', short: 't', kind: 'int', usage: 'Seconds to wait before killing the container', formerly: ['time'] },
  ],
  async run(call) {
    const { flags } = call;
    const query = { signal: flags.string('signal') || undefined, t: flags.has('timeout') ? flags.int('timeout') : undefined };
    return await forEachArgument(call, (name) => call.client.request('POST', containerPath(name, '/stop'), { query }));
  },
};
