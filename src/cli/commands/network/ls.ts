import { shortId } from '../../../base/index.ts';
import type { Command } from '../../command.ts';
import { networkRows, type NetworkSummary } from '../../format/network-rows.ts';
import { writeRows } from '../../format/rows.ts';
import { filterFlag, filtersQuery, listFormatFlag } from '../../shared-flags.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  summary: 'List networks',
  aliases: ['network ls', 'network list'],
  arguments: { minimum: 0, maximum: 0 },
  flags: [
    filterFlag,
    listFormatFlag,
    { name: 'no-trunc', kind: 'bool', usage: 'Show everything in full' },
    { name: 'quiet', short: 'q', kind: 'bool', usage: 'Show only ids' },
  ],
  async run({ client, flags, io }) {
    const query = { filters: filtersQuery(flags.list('filter')) };
    const networks = [...(await client.json<readonly NetworkSummary[]>('GET', '/networks', { query }))];
    networks.sort((left, right) => (left.Name < right.Name ? -1 : 1));
    const full = flags.bool('no-trunc');
    const format = flags.string('format');
    if (flags.bool('quiet') && (format === '' || format === 'table')) {
      await io.stdout.write(networks.map(({ Id }) => `${full ? Id : shortId(Id)}\n`).join(''));
      return 0;
    }
    await writeRows(io, format, networks, networkRows(full));
    return 0;
  },
};
