import type { Command } from '../../command.ts';
import { ManifestLists } from './lists.ts';

export const command: Command = {
  usage: 'MANIFEST_LIST [MANIFEST_LIST...]',
  summary: 'Forget lists that were made here',
  arguments: { minimum: 1 },
  flags: [],
  async run({ args, configFolder }) {
    const lists = new ManifestLists(configFolder);
    for (const each of args) lists.remove(each);
    return 0;
  },
};
