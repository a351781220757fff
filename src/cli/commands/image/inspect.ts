import type { Command } from '../../command.ts';
import { inspectEach } from '../../inspect.ts';
import { platformQuery } from '../../platform.ts';
import { formatFlag } from '../../shared-flags.ts';

export const command: Command = {
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  summary: 'Show everything about one or more images',
  arguments: { minimum: 1 },
  flags: [
    { ...formatFlag, short: 'f' },
    { name: 'platform', kind: 'string', usage: 'Show this platform, "os[/arch[/variant]]" as in "linux/amd64"' },
  ],
  run: (call) =>
    inspectEach(call, async (name) => {
      const query = { platform: platformQuery(call.flags.string('platform')) };
      return await (await call.client.request('GET', `/images/${encodeURIComponent(name)}/json`, { query })).text();
    }),
};
