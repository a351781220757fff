import type { Command } from '../../command.ts';
import { parseRepositoryTag } from '../../reference.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTAINER [REPOSITORY[:TAG]]',
  summary: "Make an image of a container's changes",
  aliases: ['container commit', 'commit'],
  arguments: { minimum: 1, maximum: 2 },
  flags: [
    { name: 'author', short: 'a', kind: 'string', usage: 'Author, such as "Ada <ada@example.org>"' },
    { name: 'change', short: 'c', kind: 'list', usage: 'Apply a Dockerfile instruction to the image' },
    { name: 'message', short: 'm', kind: 'string', usage: 'What the change is' },
    { name: 'pause', short: 'p', kind: 'bool', fallback: 'true', usage: 'Pause the container meanwhile' },
  ],
  async run({ args: [container = '', reference], client, flags, io }) {
    const { repository, tag } = reference === undefined ? { repository: undefined, tag: undefined } : parseRepositoryTag(reference);
    const query = {
      container,
      repo: repository,
      tag,
      author: flags.string('author') || undefined,
      comment: flags.string('message') || undefined,
      changes: flags.list('change'),
      pause: flags.bool('pause') ? undefined : 0,
    };
    const { Id } = await client.json<{ readonly Id: string }>('POST', '/commit', { query });
    await io.stdout.write(`${Id}\n`);
    return 0;
  },
};
