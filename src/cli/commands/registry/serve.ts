import type { Command } from '../../command.ts';
import { showProgress } from '../../progress.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  summary: 'Offer the images of this machine to others as a registry, read-only, until interrupted',
  details: 'Whoever can connect can read every image, without a password and without TLS.',
  arguments: { minimum: 0, maximum: 0 },
  flags: [
    { name: 'listen', kind: 'string', fallback: '127.0.0.1:5000', usage: 'Where to listen, HOST:PORT' },
    { name: 'pull-through', kind: 'bool', usage: 'Pull what is asked for and not here' },
  ],
  async run({ client, flags, io }) {
    const query = { listen: flags.string('listen'), pullThrough: flags.bool('pull-through') ? 1 : undefined };
    await showProgress(await client.request('POST', '/berth/v1/registry/serve', { query }), io.stdout);
    return 0;
  },
};
