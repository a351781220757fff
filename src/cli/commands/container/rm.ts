import type { Command } from '../../command.ts';
import { containerPath, forEachArgument } from '../../each.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Remove one or more containers',
  aliases: ['container rm', 'container remove', 'rm'],
  arguments: { minimum: 1 },
  flags: [
    { name: 'force', short: 'f', kind: 'bool', usage: 'Remove it even if it runs (it gets SIGKILL)' },
    { name: 'link', short: 'l', kind: 'bool', usage: 'Remove the link of that name' },
    { name: 'volumes', short: 'v', kind: 'bool', usage: 'Remove its anonymous volumes too' },
  ],
  async run(call) {
    const yes = (name: string) => (call.flags.bool(name) ? 1 : undefined);
    const query = { force: yes('force'), link: yes('link'), v: yes('volumes') };
    return await forEachArgument(call, (name) => call.client.request('DELETE', containerPath(name.replace(/^\//, '')), { query }));
  },
};
