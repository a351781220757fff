import { formatSize } from '../../../base/index.ts';
import type { Command } from '../../command.ts';
import { confirm } from '../../confirm.ts';
import { filtersQuery, pruneFlags } from '../../shared-flags.ts';
import { removalText, type ImageRemoval } from './rm.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  summary: 'Remove images that nothing uses',
  arguments: { minimum: 0, maximum: 0 },
  flags: [
    { name: 'all', short: 'a', kind: 'bool', usage: 'Remove every image no container uses, not only those without a name' },
    ...pruneFlags,
  ],
  async run(call) {
    const all = call.flags.bool('all');
    await confirm(
      call,
      all
        ? 'WARNING! This will remove all images without at least one container associated to them.'
        : 'WARNING! This will remove all dangling images.',
    );
    const query = { filters: filtersQuery([...call.flags.list('filter'), `dangling=${!all}`]) };
    const pruned = await call.client.json<PrunedImages>('POST', '/images/prune', { query });
    await call.io.stdout.write(`${prunedImagesText(pruned)}Total reclaimed space: ${formatSize(pruned.SpaceReclaimed)}\n`);
    return 0;
  },
};

/** Answer of `POST /images/prune`. */
export interface PrunedImages {
  readonly ImagesDeleted: readonly ImageRemoval[] | null;
  readonly SpaceReclaimed: number;
}

/** The removed images as a list with a title; '' for none. */
export function prunedImagesText({ ImagesDeleted }: PrunedImages): string {
  const removals = ImagesDeleted ?? [];
  if (removals.length === 0) return '';
  return `Deleted Images:\n${removalText(removals).replace(/^(Untagged|Deleted)/gm, (word) => word.toLowerCase())}\n`;
}
