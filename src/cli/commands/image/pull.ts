import type { Command } from '../../command.ts';
import { pullImage } from '../../pull.ts';
import { canonicalName, checkReference, withDefaultTag } from '../../reference.ts';

export const command: Command = {
  usage: '[OPTIONS] NAME[:TAG|@DIGEST]',
  summary: 'Fetch an image from a registry',
  aliases: ['image pull', 'pull'],
  arguments: { minimum: 1, maximum: 1 },
  flags: [
    { name: 'all-tags', short: 'a', kind: 'bool', usage: 'Fetch every tag of the repository' },
    { name: 'disable-content-trust', kind: 'bool', fallback: 'true', shownDefault: 'true', usage: 'Do not verify the image' },
    { name: 'platform', kind: 'string', usage: 'Platform of the image' },
    { name: 'quiet', short: 'q', kind: 'bool', usage: 'Do not show progress' },
  ],
  async run(call) {
    const { flags, io } = call;
    const [name = ''] = call.args;
    checkReference(name);
    const all = flags.bool('all-tags');
    const image = all ? name : withDefaultTag(name);
    if (all && withDefaultTag(name) === name) throw new Error("tag can't be used with --all-tags/-a");
    if (image !== name && !flags.bool('quiet')) await io.stdout.write('Using default tag: latest\n');
    await pullImage(call, image, { platform: flags.string('platform'), quiet: flags.bool('quiet'), to: io.stdout });
    await io.stdout.write(`${canonicalName(image)}\n`);
    return 0;
  },
};
