import { eraseCredentials, serverNamed } from '../auth/credentials.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  usage: '[SERVER]',
  summary: 'Log out from a registry',
  details: 'Without a server: from Docker Hub.',
  arguments: { minimum: 0, maximum: 1 },
  flags: [],
  async run({ args, io, configFolder }) {
    const server = serverNamed(args[0] ?? '');
    const removed = await eraseCredentials(configFolder, server);
    await io.stdout.write(removed ? `Removing login credentials for ${server}\n` : `Not logged in to ${server}\n`);
    return 0;
  },
};
