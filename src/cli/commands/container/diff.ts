import type { Command } from '../../command.ts';
import { containerPath } from '../../each.ts';

const letters = ['C', 'A', 'D'];

export const command: Command = {
  usage: 'CONTAINER',
  summary: "Show what changed on a container's filesystem",
  aliases: ['container diff', 'diff'],
  arguments: { minimum: 1, maximum: 1 },
  flags: [],
  async run({ args: [name = ''], client, io }) {
    const changes = await client.json<ReadonlyArray<{ readonly Kind: number; readonly Path: string }> | null>(
      'GET',
      containerPath(name, '/changes'),
    );
    await io.stdout.write((changes ?? []).map(({ Kind, Path }) => `${letters[Kind] ?? '?'} ${Path}\n`).join(''));
    return 0;
  },
};
