import { CliError } from '../../cli-error.ts';
import type { Command } from '../../command.ts';
import { createBody } from '../../create/body.ts';
import { createContainer } from '../../create/create-container.ts';
import { createFlags } from '../../create/flags.ts';
import { describe } from '../../describe.ts';

export const command: Command = {
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  summary: 'Create a new container',
  aliases: ['container create', 'create'],
  arguments: { minimum: 1 },
  flags: createFlags,
  stopsAtArgument: true,
  async run(call) {
    const body = await createBody(call.flags, call.args, call.io.env).catch((error: unknown) => {
      if (error instanceof CliError) throw error;
      throw new CliError(`berth: ${describe(error)}\n\nRun '${call.path} --help' for more information`, 125);
    });
    await call.io.stdout.write(`${await createContainer(call, body)}\n`);
    return 0;
  },
};
