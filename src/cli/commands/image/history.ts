import { formatSize } from '../../../base/index.ts';
import type { Command } from '../../command.ts';
import { ellipsis, shortDigest } from '../../format/ellipsis.ts';
import { writeRows, type RowFormat } from '../../format/rows.ts';
import { ago, rfc3339 } from '../../format/when.ts';
import { platformQuery } from '../../platform.ts';
import { listFormatFlag } from '../../shared-flags.ts';

export const command: Command = {
  usage: '[OPTIONS] IMAGE',
  summary: 'Show how an image was made',
  aliases: ['image history', 'history'],
  arguments: { minimum: 1, maximum: 1 },
  flags: [
    listFormatFlag,
    { name: 'human', short: 'H', kind: 'bool', fallback: 'true', usage: 'Show sizes and dates for people' },
    { name: 'no-trunc', kind: 'bool', usage: 'Show everything in full' },
    { name: 'platform', kind: 'string', usage: 'Show this platform, "os[/arch[/variant]]" as in "linux/amd64"' },
    { name: 'quiet', short: 'q', kind: 'bool', usage: 'Show only ids' },
  ],
  async run({ args: [image = ''], client, flags, io }) {
    const query = { platform: platformQuery(flags.string('platform')) };
    const steps = await client.json<readonly HistoryStep[]>('GET', `/images/${encodeURIComponent(image)}/history`, { query });
    const format = flags.string('format');
    const spec = historyRows({ full: flags.bool('no-trunc'), human: flags.bool('human') });
    await writeRows(io, flags.bool('quiet') && (format === '' || format === 'table') ? '{{.ID}}' : format, steps, spec);
    return 0;
  },
};

interface HistoryStep {
  readonly Id: string;
  readonly Created: number;
  readonly CreatedBy: string;
  readonly Size: number;
  readonly Comment: string;
}

function historyRows({ full, human }: { readonly full: boolean; readonly human: boolean }): RowFormat<HistoryStep> {
  const at = ({ Created }: HistoryStep) => new Date(Created * 1000);
  return {
    typeName: '*history.historyContext',
    columns: ['ID', 'CreatedSince', 'CreatedBy', 'Size', 'Comment'],
    headers: {
      ID: 'IMAGE',
      CreatedSince: human ? 'CREATED' : 'CREATED AT',
      CreatedAt: 'CREATED AT',
      CreatedBy: 'CREATED BY',
      Size: 'SIZE',
      Comment: 'COMMENT',
    },
    fields: {
      ID: ({ Id }) => (full ? Id : shortDigest(Id)),
      CreatedAt: (step) => rfc3339(at(step)),
      CreatedSince: (step) => (human ? ago(at(step)) : rfc3339(at(step))),
      CreatedBy: ({ CreatedBy }) => {
        const text = CreatedBy.replaceAll('\t', ' ');
        return full ? text : ellipsis(text, 45);
      },
      Size: ({ Size }) => (human ? formatSize(Size, 3) : String(Size)),
      Comment: ({ Comment }) => Comment,
    },
  };
}
