import type { Command } from '../../command.ts';
import { compile } from '../../format/rows.ts';
import { filterFlag, filtersQuery, formatFlag } from '../../shared-flags.ts';
import { timestampQuery } from '../../timestamp.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  summary: 'Show what happens in the engine, as it happens',
  aliases: ['system events', 'events'],
  arguments: { minimum: 0, maximum: 0 },
  flags: [
    filterFlag,
    formatFlag,
    { name: 'since', kind: 'string', usage: 'From this instant on' },
    { name: 'until', kind: 'string', usage: 'Until this instant' },
  ],
  async run({ client, flags, io }) {
    const query = {
      since: timestampQuery(flags.string('since')),
      until: timestampQuery(flags.string('until')),
      filters: filtersQuery(flags.list('filter')),
    };
    const format = flags.string('format');
    const show = format === '' ? plain : format === 'json' ? (_: EngineEvent, line: string) => line : await templated(format);
    const response = await client.request('GET', '/events', { query });
    for await (const line of response.textLines()) await io.stdout.write(`${show(JSON.parse(line) as EngineEvent, line)}\n`);
    return 0;
  },
};

interface EngineEvent {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> | null };
  readonly status?: string;
  readonly id?: string;
  readonly from?: string;
  readonly scope?: string;
  /** Seconds since 1970. */
  readonly time: number;
}

function plain({ Type, Action, Actor, time }: EngineEvent, line: string): string {
  const attributes = Object.entries(Actor.Attributes ?? {}).sort(([left], [right]) => (left < right ? -1 : 1));
  const details = attributes.length === 0 ? '' : ` (${attributes.map(([name, value]) => `${name}=${value}`).join(', ')})`;
  return `${instant(time, nanosOf(line))} ${Type} ${Action} ${Actor.ID}${details}`;
}

// Nanoseconds since 1970 are more than JavaScript's numbers hold exactly.
function nanosOf(line: string): string {
  return /"timeNano":(\d+)\}?$/.exec(line)?.[1] ?? /"timeNano":(\d+)/.exec(line)?.[1] ?? '';
}

function instant(time: number, timeNano: string): string {
  const seconds = timeNano.length > 9 ? Number(timeNano.slice(0, -9)) : time;
  const at = new Date(seconds * 1000);
  const offset = -at.getTimezoneOffset();
  const local = new Date(at.getTime() + offset * 60_000).toISOString().slice(0, 19);
  const sign = offset < 0 ? '-' : '+';
  const zone =
    offset === 0
      ? 'Z'
      : `${sign}${String(Math.trunc(Math.abs(offset) / 60)).padStart(2, '0')}:${String(Math.abs(offset) % 60).padStart(2, '0')}`;
  return `${local}.${timeNano.slice(-9).padStart(9, '0')}${zone}`;
}

async function templated(format: string): Promise<(event: EngineEvent, line: string) => string> {
  const show = await compile(format.replaceAll('\\t', '\t'), '*events.Message');
  return (event, line) => {
    const { status, id, from, scope, time } = event;
    return show({
      Status: status ?? '',
      ID: id ?? '',
      From: from ?? '',
      Scope: scope ?? '',
      Time: time,
      TimeNano: nanosOf(line),
      ...event,
    });
  };
}
