import { CliError } from '../../cli-error.ts';
import type { Command } from '../../command.ts';
import { describe } from '../../describe.ts';
import { containerPath } from '../../each.ts';

export const command: Command = {
  usage: 'CONTAINER NEW_NAME',
  summary: 'Rename a container',
  aliases: ['container rename', 'rename'],
  arguments: { minimum: 2, maximum: 2 },
  flags: [],
  async run({ args: [name = '', newName = ''], client }) {
    if (newName.trim() === '') throw new Error('Error: Neither old nor new names may be empty');
    try {
      await client.request('POST', containerPath(name, '/rename'), { query: { name: newName } });
      return 0;
    } catch (error) {
      throw new CliError(`${describe(error)}\nError: failed to rename container named ${name}`);
    }
  },
};
