import { registryAuth } from '../../auth/credentials.ts';
import type { Command } from '../../command.ts';
import type { CliOutput } from '../../io.ts';
import { showProgress } from '../../progress.ts';
import { canonicalName, parseRepositoryTag } from '../../reference.ts';

export const command: Command = {
  usage: '[OPTIONS] NAME[:TAG]',
  summary: 'Bring an image to a registry',
  aliases: ['image push', 'push'],
  arguments: { minimum: 1, maximum: 1 },
  flags: [
    { name: 'all-tags', short: 'a', kind: 'bool', usage: 'Push every tag of the repository' },
    { name: 'disable-content-trust', kind: 'bool', fallback: 'true', shownDefault: 'true', usage: 'Do not sign the image' },
    { name: 'platform', kind: 'string', usage: 'Push only this platform' },
    { name: 'quiet', short: 'q', kind: 'bool', usage: 'Do not show progress' },
  ],
  async run({ args: [name = ''], client, flags, io, configFolder }) {
    const all = flags.bool('all-tags');
    if (all && (name.includes('@') || name.lastIndexOf(':') > name.lastIndexOf('/')))
      throw new Error("tag can't be used with --all-tags/-a");
    const { repository, tag } = parseRepositoryTag(name);
    if (!all && !name.includes(':', name.lastIndexOf('/') + 1) && !flags.bool('quiet'))
      await io.stdout.write('Using default tag: latest\n');
    const headers = { 'X-Registry-Auth': await registryAuth(configFolder, repository) };
    const query = { tag: all ? undefined : tag };
    const response = await client.request('POST', `/images/${encodeURIComponent(repository)}/push`, { query, headers });
    const quiet: CliOutput = { isTerminal: false, size: () => undefined, write: async () => undefined };
    await showProgress(response, flags.bool('quiet') ? quiet : io.stdout);
    if (flags.bool('quiet')) await io.stdout.write(`${canonicalName(all ? repository : `${repository}:${tag}`)}\n`);
    return 0;
  },
};
