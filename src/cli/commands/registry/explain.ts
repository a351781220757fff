import type { Command } from '../../command.ts';
import { checkReference } from '../../reference.ts';

export const command: Command = {
  usage: 'NAME[:TAG|@DIGEST]',
  summary: 'Show which hosts would be asked for an image, in order, and why',
  arguments: { minimum: 1, maximum: 1 },
  flags: [],
  async run({ args: [reference = ''], client, io }) {
    checkReference(reference);
    const query = { reference };
    const found = await client.json<ReadonlyArray<{ readonly url: string; readonly why: string }>>('GET', '/berth/v1/registry/explain', {
      query,
    });
    await io.stdout.write(found.map(({ url, why }, index) => `${index + 1}. ${url}  (${why})\n`).join(''));
    return 0;
  },
};
