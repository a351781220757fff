import { registryAuth } from '../auth/credentials.ts';
import type { Command } from '../command.ts';
import { writeRows, type RowFormat } from '../format/rows.ts';
import { filterFlag, filtersQuery, listFormatFlag } from '../shared-flags.ts';

interface Found {
  readonly name: string;
  readonly description: string;
  readonly star_count: number;
  readonly is_official: boolean;
  readonly is_automated: boolean;
}

export const command: Command = {
  usage: '[OPTIONS] TERM',
  summary: 'Search Docker Hub, or the registry TERM begins with',
  arguments: { minimum: 1, maximum: 1 },
  flags: [
    filterFlag,
    listFormatFlag,
    { name: 'limit', kind: 'int', usage: 'How many to show at most' },
    { name: 'no-trunc', kind: 'bool', usage: 'Show everything in full' },
  ],
  async run({ args: [term = ''], client, flags, io, configFolder }) {
    const limit = flags.int('limit');
    const query = { term, limit: limit === 0 ? undefined : limit, filters: filtersQuery(flags.list('filter')) };
    const headers = { 'X-Registry-Auth': await registryAuth(configFolder, term) };
    const found = await client.json<readonly Found[]>('GET', '/images/search', { query, headers });
    const sorted = found.toSorted((a, b) => b.star_count - a.star_count);
    await writeRows(io, flags.string('format'), sorted, searchRows(flags.bool('no-trunc')));
    return 0;
  },
};

function searchRows(full: boolean): RowFormat<Found> {
  return {
    typeName: '*formatter.searchContext',
    columns: ['Name', 'Description', 'StarCount', 'IsOfficial'],
    headers: { Name: 'NAME', Description: 'DESCRIPTION', StarCount: 'STARS', IsOfficial: 'OFFICIAL', IsAutomated: 'AUTOMATED' },
    fields: {
      Name: ({ name }) => name,
      Description: ({ description }) => {
        const line = description.replaceAll(/\s+/g, ' ').trim();
        return full || line.length <= 45 ? line : `${line.slice(0, 44)}…`;
      },
      StarCount: ({ star_count }) => String(star_count),
      IsOfficial: ({ is_official }) => (is_official ? '[OK]' : ''),
      IsAutomated: ({ is_automated }) => (is_automated ? '[OK]' : ''),
    },
  };
}
