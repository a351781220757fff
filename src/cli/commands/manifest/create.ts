import type { Command } from '../../command.ts';
import { checkReference, withDefaultTag } from '../../reference.ts';
import { ManifestLists } from './lists.ts';

export const command: Command = {
  usage: 'MANIFEST_LIST MANIFEST [MANIFEST...]',
  summary: 'Make a list of images for several platforms, to annotate and push',
  arguments: { minimum: 2 },
  flags: [
    { name: 'amend', short: 'a', kind: 'bool', usage: 'Add to a list that is there' },
    { name: 'insecure', kind: 'bool', usage: 'Taken as docker has it; the engine knows which registries are insecure' },
  ],
  async run({ args: [reference = '', ...manifests], flags, io, configFolder }) {
    for (const each of [reference, ...manifests]) checkReference(each);
    const lists = new ManifestLists(configFolder);
    const known = lists.find(reference);
    if (known !== undefined && !flags.bool('amend')) throw new Error('refusing to amend an existing manifest list with no --amend flag');
    const before = (known?.manifests ?? []).filter((each) => !manifests.includes(each.reference));
    lists.save({
      reference: withDefaultTag(reference),
      manifests: [...before, ...manifests.map((each) => ({ reference: each, platform: {} }))],
    });
    await io.stdout.write(`Created manifest list ${withDefaultTag(reference)}\n`);
    return 0;
  },
};
