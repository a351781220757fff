import { formatSize } from '../../../base/index.ts';
import type { Command } from '../../command.ts';
import { confirm } from '../../confirm.ts';
import { filtersQuery, pruneFlags } from '../../shared-flags.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  summary: 'Remove every stopped container',
  arguments: { minimum: 0, maximum: 0 },
  flags: pruneFlags,
  async run(call) {
    await confirm(call, 'WARNING! This will remove all stopped containers.');
    const query = { filters: filtersQuery(call.flags.list('filter')) };
    const pruned = await call.client.json<PrunedContainers>('POST', '/containers/prune', { query });
    await call.io.stdout.write(`${prunedText(pruned)}Total reclaimed space: ${formatSize(pruned.SpaceReclaimed)}\n`);
    return 0;
  },
};

/** Answer of `POST /containers/prune`. */
export interface PrunedContainers {
  readonly ContainersDeleted: readonly string[] | null;
  readonly SpaceReclaimed: number;
}

/** The removed containers as a list with a title; '' for none. */
export function prunedText({ ContainersDeleted }: PrunedContainers): string {
  const ids = ContainersDeleted ?? [];
  return ids.length === 0 ? '' : `Deleted Containers:\n${ids.map((id) => `${id}\n`).join('')}\n`;
}
