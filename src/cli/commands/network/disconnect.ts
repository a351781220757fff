import type { Command } from '../../command.ts';
import { networkPath } from '../../format/network-rows.ts';

export const command: Command = {
  usage: '[OPTIONS] NETWORK CONTAINER',
  summary: 'Take a container off a network',
  arguments: { minimum: 2, maximum: 2 },
  flags: [{ name: 'force', short: 'f', kind: 'bool', usage: 'Also a container that is not there any more' }],
  async run({ args: [network = '', container = ''], client, flags }) {
    await client.request('POST', networkPath(network, '/disconnect'), { body: { Container: container, Force: flags.bool('force') } });
    return 0;
  },
};
