import type { Command } from '../../command.ts';
import { renderExplanation, type Explanation } from '../../explain/render.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTAINER',
  summary: 'Tell what isolates a container, and what each part protects',
  details: `Of a running container inodes, paths and use are read from the kernel; of another one it is told what its next start would give it.`,
  aliases: ['container explain', 'explain'],
  arguments: { minimum: 1, maximum: 1 },
  flags: [{ name: 'json', kind: 'bool', usage: 'Print everything as JSON' }],
  async run({ args: [name = ''], flags, client, io }) {
    const explanation = await client.json<Explanation>('GET', `/berth/v1/containers/${encodeURIComponent(name)}/explain`);
    const width = io.stdout.size()?.columns ?? 120;
    await io.stdout.write(flags.bool('json') ? `${JSON.stringify(explanation, null, 2)}\n` : renderExplanation(explanation, width));
    return 0;
  },
};
