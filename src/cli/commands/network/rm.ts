import type { Command } from '../../command.ts';
import { forEachArgument } from '../../each.ts';
import { networkPath } from '../../format/network-rows.ts';

export const command: Command = {
  usage: 'NETWORK [NETWORK...]',
  summary: 'Remove one or more networks',
  aliases: ['network rm', 'network remove'],
  arguments: { minimum: 1 },
  flags: [{ name: 'force', short: 'f', kind: 'bool', usage: 'No error when a network is not there' }],
  run: (call) =>
    forEachArgument(call, async (name) => {
      try {
        await call.client.request('DELETE', networkPath(name));
      } catch (error) {
        if (!call.flags.bool('force') || !/not found/.test(String(error))) throw error;
      }
    }),
};
