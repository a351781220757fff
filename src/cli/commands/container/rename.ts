import type { Command } from '../../command.ts';
import { containerPath } from '../../each.ts';

export const command: Command = {
  usage: 'CONTAINER NEW_NAME',
  summary: 'Rename a container',
  aliases: ['container rename', 'rename'],
  arguments: { minimum: 2, maximum: 2 },
  flags: [],
  async run({ args: [name = '', newName = ''], client }) {
    if (newName.trim() === '') throw new Error('Error: Neither old nor new names may be empty');
    await client.request('POST', containerPath(name, '/rename'), { query: { name: newName } });
    return 0;
  },
};
