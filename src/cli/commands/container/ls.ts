import type { Command } from '../../command.ts';
import { containerRows, type ContainerSummary } from '../../format/container-rows.ts';
import { shortDigest } from '../../format/ellipsis.ts';
import { compile, writeRows } from '../../format/rows.ts';
import { filterFlag, filtersQuery, listFormatFlag } from '../../shared-flags.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  summary: 'List containers',
  aliases: ['container ls', 'container list', 'container ps', 'ps'],
  arguments: { minimum: 0, maximum: 0 },
  flags: [
    { name: 'all', short: 'a', kind: 'bool', usage: 'Show all containers, not only running ones' },
    filterFlag,
    listFormatFlag,
    { name: 'last', short: 'n', kind: 'int', fallback: '-1', usage: 'Show the n newest containers, in any state' },
    { name: 'latest', short: 'l', kind: 'bool', usage: 'Show the newest container, in any state' },
    { name: 'no-trunc', kind: 'bool', usage: 'Show everything in full' },
    { name: 'quiet', short: 'q', kind: 'bool', usage: 'Show only ids' },
    { name: 'size', short: 's', kind: 'bool', usage: 'Show sizes' },
  ],
  async run({ client, flags, io }) {
    const quiet = flags.bool('quiet');
    const given = flags.string('format');
    if (quiet && given !== '') await io.stderr.write('WARNING: Ignoring custom format, because both --format and --quiet are set.\n');
    const format = quiet ? '' : given;
    // A broken template is known before the engine is asked.
    if (format.includes('{{')) await compile(format, '');
    const full = flags.bool('no-trunc');
    const last = flags.bool('latest') && !flags.has('last') ? 1 : flags.int('last');
    const size = flags.bool('size') || /\.Size\b|\{\{\s*json\s+\.\s*\}\}/.test(format);
    const query = {
      all: flags.bool('all') || last > 0 ? 1 : undefined,
      limit: last > 0 ? last : undefined,
      size: size ? 1 : undefined,
      filters: filtersQuery(flags.list('filter')),
    };
    const containers = await client.json<readonly ContainerSummary[]>('GET', '/containers/json', { query });
    if (quiet) {
      await io.stdout.write(containers.map(({ Id }) => `${full ? Id : shortDigest(Id)}\n`).join(''));
      return 0;
    }
    await writeRows(io, format, containers, containerRows({ full, size: flags.bool('size') }));
    return 0;
  },
};
