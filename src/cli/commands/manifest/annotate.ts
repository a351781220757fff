import type { Command } from '../../command.ts';
import { ManifestLists } from './lists.ts';

export const command: Command = {
  usage: '[OPTIONS] MANIFEST_LIST MANIFEST',
  summary: 'Say which platform an image of a list is for',
  arguments: { minimum: 2, maximum: 2 },
  flags: [
    { name: 'arch', kind: 'string', usage: 'Architecture' },
    { name: 'os', kind: 'string', usage: 'Operating system' },
    { name: 'os-version', kind: 'string', usage: 'Version of the operating system' },
    { name: 'variant', kind: 'string', usage: 'Variant of the architecture' },
  ],
  async run({ args: [reference = '', manifest = ''], flags, configFolder }) {
    const lists = new ManifestLists(configFolder);
    const list = lists.get(reference);
    if (!list.manifests.some((each) => each.reference === manifest))
      throw new Error(`manifest for image ${manifest} does not exist in ${reference}`);
    const said = {
      architecture: flags.string('arch'),
      os: flags.string('os'),
      'os.version': flags.string('os-version'),
      variant: flags.string('variant'),
    };
    const given = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== ''));
    lists.save({
      ...list,
      manifests: list.manifests.map((each) => (each.reference === manifest ? { ...each, platform: { ...each.platform, ...given } } : each)),
    });
    return 0;
  },
};
