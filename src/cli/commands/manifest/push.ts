import { registryAuth } from '../../auth/credentials.ts';
import type { Command } from '../../command.ts';
import { ManifestLists } from './lists.ts';

export const command: Command = {
  usage: '[OPTIONS] MANIFEST_LIST',
  summary: 'Bring a list to its registry',
  arguments: { minimum: 1, maximum: 1 },
  flags: [
    { name: 'insecure', kind: 'bool', usage: 'Taken as docker has it; the engine knows which registries are insecure' },
    { name: 'purge', short: 'p', kind: 'bool', usage: 'Forget the list afterwards' },
  ],
  async run({ args: [reference = ''], client, flags, io, configFolder }) {
    const lists = new ManifestLists(configFolder);
    const list = lists.get(reference);
    const headers = { 'X-Registry-Auth': await registryAuth(configFolder, list.reference) };
    const { Digest } = await client.json<{ readonly Digest: string }>('POST', '/berth/v1/registry/manifest', { body: list, headers });
    if (flags.bool('purge')) lists.remove(reference);
    await io.stdout.write(`${Digest}\n`);
    return 0;
  },
};
