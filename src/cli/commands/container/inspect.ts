import type { Command } from '../../command.ts';
import { containerPath } from '../../each.ts';
import { inspectEach } from '../../inspect.ts';
import { formatFlag } from '../../shared-flags.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Show everything about one or more containers',
  arguments: { minimum: 1 },
  flags: [
    { ...formatFlag, short: 'f' },
    { name: 'size', short: 's', kind: 'bool', usage: 'Show sizes' },
  ],
  run: (call) =>
    inspectEach(call, async (name) => {
      const query = { size: call.flags.bool('size') ? 1 : undefined };
      return await (await call.client.request('GET', containerPath(name, '/json'), { query })).text();
    }),
};
