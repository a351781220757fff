import type { Command } from '../../command.ts';
import { showProgress } from '../../progress.ts';
import { parseRepositoryTag } from '../../reference.ts';
import { readSource } from '../../transfer.ts';

export const command: Command = {
  usage: '[OPTIONS] file|URL|- [REPOSITORY[:TAG]]',
  summary: 'Make an image from the tar archive of a filesystem',
  aliases: ['image import', 'import'],
  arguments: { minimum: 1 },
  flags: [
    { name: 'change', short: 'c', kind: 'list', usage: 'Apply a Dockerfile instruction to the image' },
    { name: 'message', short: 'm', kind: 'string', usage: 'What the image is' },
    { name: 'platform', kind: 'string', usage: 'Platform of the image' },
  ],
  async run({ args: [source = '', reference], client, flags, io }) {
    const isUrl = /^https?:\/\//.test(source);
    const { repository, tag } = reference === undefined ? { repository: undefined, tag: undefined } : parseRepositoryTag(reference);
    const query = {
      fromSrc: isUrl ? source : '-',
      repo: repository,
      tag,
      message: flags.string('message') || undefined,
      platform: flags.string('platform') || undefined,
      changes: flags.list('change'),
    };
    const body = isUrl ? {} : { upload: await readSource(source, io) };
    await showProgress(
      await client.request('POST', '/images/create', { query, ...body, headers: { 'Content-Type': 'application/x-tar' } }),
      io.stdout,
    );
    return 0;
  },
};
