import { messageOf } from '../../../base/index.ts';
import type { Command } from '../../command.ts';
import { parseRepositoryTag } from '../../reference.ts';

export const command: Command = {
  usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  summary: 'Give an image one more name',
  aliases: ['image tag', 'tag'],
  arguments: { minimum: 2, maximum: 2 },
  flags: [],
  async run({ args: [source = '', target = ''], client }) {
    const { repository, tag } = readTarget(target);
    await client.request('POST', `/images/${encodeURIComponent(source)}/tag`, { query: { repo: repository, tag } });
    return 0;
  },
};

function readTarget(target: string): { readonly repository: string; readonly tag: string } {
  try {
    return parseRepositoryTag(target);
  } catch (error) {
    throw new Error(`Error parsing reference: ${JSON.stringify(target)} is not a valid repository/tag: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
