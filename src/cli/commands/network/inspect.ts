import type { Command } from '../../command.ts';
import { networkPath } from '../../format/network-rows.ts';
import { inspectEach } from '../../inspect.ts';
import { formatFlag } from '../../shared-flags.ts';

export const command: Command = {
  usage: '[OPTIONS] NETWORK [NETWORK...]',
  summary: 'Show everything about one or more networks',
  arguments: { minimum: 1 },
  flags: [
    { ...formatFlag, short: 'f' },
    { name: 'verbose', short: 'v', kind: 'bool', usage: 'Show more, for diagnostics' },
  ],
  run: (call) => inspectEach(call, async (name) => await (await call.client.request('GET', networkPath(name))).text()),
};
