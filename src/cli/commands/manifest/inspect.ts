import { registryAuth } from '../../auth/credentials.ts';
import type { Command } from '../../command.ts';
import { checkReference } from '../../reference.ts';

export const command: Command = {
  usage: '[OPTIONS] MANIFEST',
  summary: 'Show an image manifest, or a manifest list, as its registry has it',
  arguments: { minimum: 1, maximum: 1 },
  flags: [
    { name: 'insecure', kind: 'bool', usage: 'Taken as docker has it; the engine knows which registries are insecure' },
    { name: 'verbose', short: 'v', kind: 'bool', usage: 'Show its descriptor and platform too' },
  ],
  async run({ args: [reference = ''], client, flags, io, configFolder }) {
    checkReference(reference);
    const headers = { 'X-Registry-Auth': await registryAuth(configFolder, reference) };
    const found = await client.json<{ readonly Raw: string }>('GET', '/berth/v1/registry/manifest', { query: { reference }, headers });
    const manifest: unknown = JSON.parse(Buffer.from(found.Raw, 'base64').toString('utf8'));
    const shown = flags.bool('verbose') ? { Ref: reference, ...found, Raw: found.Raw, Manifest: manifest } : manifest;
    await io.stdout.write(`${JSON.stringify(shown, null, '\t')}\n`);
    return 0;
  },
};
