import type { Command } from '../../command.ts';
import { containerPath } from '../../each.ts';
import { describe } from '../../describe.ts';

export const command: Command = {
  usage: 'CONTAINER [CONTAINER...]',
  summary: 'Wait until one or more containers stop, then print their exit codes',
  aliases: ['container wait', 'wait'],
  arguments: { minimum: 1 },
  flags: [],
  async run({ args, client, io }) {
    let failures = '';
    for (const name of args) {
      try {
        const { StatusCode, Error } = await client.json<WaitAnswer>('POST', containerPath(name, '/wait'), {});
        if (Error?.Message !== undefined && Error.Message !== '') failures += `${Error.Message}\n`;
        else await io.stdout.write(`${StatusCode}\n`);
      } catch (error) {
        failures += `${describe(error)}\n`;
      }
    }
    if (failures !== '') await io.stderr.write(failures);
    return failures === '' ? 0 : 1;
  },
};

/** Body of `POST /containers/{id}/wait`. */
export interface WaitAnswer {
  readonly StatusCode: number;
  readonly Error?: { readonly Message?: string } | null;
}
