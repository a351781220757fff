import { CliError } from '../../cli-error.ts';
import type { Command } from '../../command.ts';
import { showProgress } from '../../progress.ts';

export const command: Command = {
  usage: '[OPTIONS] debian[:SUITE]',
  summary: "Make a base image from the engine's package mirror",
  details: `For machines that reach no registry. The engine runs mmdebstrap with its own
machine's apt sources. The image is debian:SUITE and debian:latest.`,
  arguments: { minimum: 1, maximum: 1 },
  flags: [
    { name: 'include', kind: 'list', usage: 'More packages to put in' },
    { name: 'mirror', kind: 'string', usage: "Package mirror in place of the machine's" },
    { name: 'tag', short: 't', kind: 'string', usage: 'Name of the image, in place of debian:SUITE and debian:latest' },
  ],
  async run({ args: [source = ''], client, flags, io }) {
    const match = /^debian(?::([a-z][a-z0-9.-]*))?$/.exec(source);
    if (match === null) throw new CliError(`Cannot bootstrap ${source}: only debian[:SUITE] is known`);
    const suite = match[1] === 'latest' ? '' : (match[1] ?? '');
    await io.stderr.write(`Making ${source} with mmdebstrap, which takes half a minute\n`);
    const query = {
      suite,
      include: flags.list('include'),
      mirror: flags.string('mirror') || undefined,
      name: flags.string('tag') || undefined,
    };
    await showProgress(await client.request('POST', '/berth/v1/images/bootstrap', { query }), io.stdout);
    return 0;
  },
};
