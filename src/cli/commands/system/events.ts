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
    const show = format === '' ? plain : format === 'json' ? JSON.stringify : await templated(format);
    const response = await client.request('GET', '/events', { query });
    for await (const event of response.lines<EngineEvent>()) await io.stdout.write(`${show(event)}\n`);
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
  readonly timeNano: number;
}

function plain({ Type, Action, Actor, time, timeNano }: EngineEvent): string {
  const attributes = Object.entries(Actor.Attributes ?? {}).sort(([left], [right]) => (left < right ? -1 : 1));
  const details = attributes.length === 0 ? '' : ` (${attributes.map(([name, value]) => `${name}=${value}`).join(', ')})`;
  return `${instant(time, timeNano)} ${Type} ${Action} ${Actor.ID}${details}`;
}

// The number is past what a double keeps: the last digits are not exact, as JSON.parse gives them.
function instant(time: number, timeNano: number): string {
  const seconds = timeNano === 0 ? time : Math.floor(timeNano / 1e9);
  const nanos = timeNano === 0 ? 0 : Number(BigInt(timeNano) % 1_000_000_000n);
  const at = new Date(seconds * 1000);
  const offset = -at.getTimezoneOffset();
  const local = new Date(at.getTime() + offset * 60_000).toISOString().slice(0, 19);
  const sign = offset < 0 ? '-' : '+';
  const zone =
    offset === 0
      ? 'Z'
      : `${sign}${String(Math.trunc(Math.abs(offset) / 60)).padStart(2, '0')}:${String(Math.abs(offset) % 60).padStart(2, '0')}`;
  return `${local}.${String(nanos).padStart(9, '0')}${zone}`;
}

async function templated(format: string): Promise<(event: EngineEvent) => string> {
  const show = await compile(format.replaceAll('\\t', '\t'), '*events.Message');
  return (event) => {
    const { status, id, from, scope, time, timeNano } = event;
    return show({ Status: status ?? '', ID: id ?? '', From: from ?? '', Scope: scope ?? '', Time: time, TimeNano: timeNano, ...event });
  };
}
