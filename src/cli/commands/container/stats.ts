import type { Call, Command } from '../../command.ts';
import { containerPath } from '../../each.ts';
import type { ContainerSummary } from '../../format/container-rows.ts';
import { renderRows } from '../../format/rows.ts';
import { blankRow, rowOf, statsRows, type StatsAnswer, type StatsRow } from '../../format/stats-rows.ts';
import { filtersQuery, listFormatFlag } from '../../shared-flags.ts';

export const command: Command = {
  usage: '[OPTIONS] [CONTAINER...]',
  summary: 'Show what containers use, live',
  aliases: ['container stats', 'stats'],
  arguments: { minimum: 0 },
  flags: [
    { name: 'all', short: 'a', kind: 'bool', usage: 'Show all containers, not only running ones' },
    listFormatFlag,
    { name: 'no-stream', kind: 'bool', usage: 'Show the first numbers and end' },
    { name: 'no-trunc', kind: 'bool', usage: 'Show everything in full' },
  ],
  run: (call) => (call.flags.bool('no-stream') ? showOnce(call) : showLive(call)),
};

async function showOnce(call: Call): Promise<number> {
  const names = await containersOf(call);
  const rows = await Promise.all(names.map(async (name) => rowOf(name, await readOnce(call, name))));
  await call.io.stdout.write(await render(call, rows, false));
  return 0;
}

async function readOnce({ client }: Call, name: string): Promise<StatsAnswer> {
  return await client.json<StatsAnswer>('GET', containerPath(name, '/stats'), { query: { stream: 0 } });
}

async function render({ flags }: Call, rows: readonly StatsRow[], live: boolean): Promise<string> {
  return await renderRows(flags.string('format'), rows, statsRows({ full: flags.bool('no-trunc'), live }));
}

async function containersOf({ args, client, flags }: Call): Promise<readonly string[]> {
  if (args.length > 0) return args;
  const containers = await client.json<readonly ContainerSummary[]>('GET', '/containers/json', {
    query: { all: flags.bool('all') ? 1 : undefined },
  });
  return containers.map(({ Id }) => Id.slice(0, 12));
}

const refreshMs = 500;

// Each container has a stream of numbers; the screen is drawn at a steady pace from the newest ones. With no names the set follows the engine's events.
async function showLive(call: Call): Promise<number> {
  const { args, client, io } = call;
  const rows = new Map<string, StatsRow>();
  const abort = new AbortController();
  const failures: unknown[] = [];
  const follow = (name: string) => {
    if (rows.has(name)) return;
    rows.set(name, blankRow(name, name, ''));
    void followOne(call, name, rows, abort.signal).catch((error: unknown) => {
      if (args.length > 0) failures.push(error);
      else rows.delete(name);
    });
  };
  const stop = io.onSignal('SIGINT', () => abort.abort());
  if (args.length === 0) void followEvents(call, rows, follow, abort.signal).catch((error: unknown) => failures.push(error));
  for (const name of await containersOf(call)) follow(name);
  try {
    while (!abort.signal.aborted) {
      if (failures.length > 0) throw failures[0];
      await io.stdout.write(`\x1b[H${(await render(call, [...rows.values()], true)).replaceAll('\n', '\x1b[K\n')}\x1b[J`);
      await Promise.race([Bun.sleep(refreshMs), new Promise((resolve) => abort.signal.addEventListener('abort', resolve, { once: true }))]);
    }
  } finally {
    stop();
    abort.abort();
    client.close();
  }
  // Only Ctrl-C gets here.
  return 130;
}

async function followOne({ client }: Call, name: string, rows: Map<string, StatsRow>, signal: AbortSignal): Promise<void> {
  const response = await client.request('GET', containerPath(name, '/stats'), { query: { stream: 1 }, signal });
  for await (const answer of response.lines<StatsAnswer>()) {
    if (!rows.has(name)) return;
    rows.set(name, rowOf(name, answer));
  }
}

async function followEvents(
  { client, flags }: Call,
  rows: Map<string, StatsRow>,
  follow: (name: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const response = await client.request('GET', '/events', { query: { filters: filtersQuery(['type=container']) }, signal });
  for await (const { Action, Actor } of response.lines<{ readonly Action: string; readonly Actor: { readonly ID: string } }>()) {
    const name = Actor.ID.slice(0, 12);
    if (Action === 'start' || (Action === 'create' && flags.bool('all'))) follow(name);
    if (Action === 'destroy' || (Action === 'die' && !flags.bool('all'))) rows.delete(name);
  }
}
