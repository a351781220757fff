import type { Command } from '../../command.ts';
import { imageNames, imageRows, type ImageSummary } from '../../format/image-rows.ts';
import { shortDigest } from '../../format/ellipsis.ts';
import { writeRows } from '../../format/rows.ts';
import { filterFlag, filtersQuery, listFormatFlag } from '../../shared-flags.ts';

export const command: Command = {
  usage: '[OPTIONS] [REPOSITORY[:TAG]]',
  summary: 'List images',
  aliases: ['image ls', 'image list', 'images'],
  arguments: { minimum: 0, maximum: 1 },
  flags: [
    { name: 'all', short: 'a', kind: 'bool', usage: 'Show all images, with those between the steps of a build' },
    { name: 'digests', kind: 'bool', usage: 'Show digests' },
    filterFlag,
    listFormatFlag,
    { name: 'no-trunc', kind: 'bool', usage: 'Show everything in full' },
    { name: 'quiet', short: 'q', kind: 'bool', usage: 'Show only ids' },
    { name: 'tree', kind: 'bool', usage: 'Show the platforms of each image as a tree (not there yet)' },
  ],
  async run({ args: [reference], client, flags, io }) {
    if (flags.bool('tree')) throw new Error('--tree is not implemented yet');
    const filters = [...flags.list('filter'), ...(reference === undefined ? [] : [`reference=${reference}`])];
    const query = { all: flags.bool('all') ? 1 : undefined, filters: filtersQuery(filters) };
    const images = await client.json<readonly ImageSummary[]>('GET', '/images/json', { query });
    const format = flags.string('format');
    const full = flags.bool('no-trunc');
    const digests = flags.bool('digests') || /\.Digest\b/.test(format);
    const rows = imageNames(images, digests);
    if (flags.bool('quiet') && (format === '' || format === 'table')) {
      await io.stdout.write(rows.map(({ image }) => `${full ? image.Id : shortDigest(image.Id)}\n`).join(''));
      return 0;
    }
    await writeRows(io, format, rows, imageRows({ full, digests: flags.bool('digests') }));
    return 0;
  },
};
