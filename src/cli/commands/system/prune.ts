import { formatSize } from '../../../base/index.ts';
import { isClientError } from '../../../client/index.ts';
import type { Call, Command } from '../../command.ts';
import { confirm } from '../../confirm.ts';
import { checkFilter, filtersQuery } from '../../shared-flags.ts';
import { prunedText, type PrunedContainers } from '../container/prune.ts';
import { prunedImagesText, type PrunedImages } from '../image/prune.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  summary: 'Remove what nothing uses',
  arguments: { minimum: 0, maximum: 0 },
  flags: [
    { name: 'all', short: 'a', kind: 'bool', usage: 'Remove every image no container uses, not only those without a name' },
    {
      name: 'filter',
      kind: 'list',
      valueName: 'filter',
      usage: 'Only what meets the conditions (such as "label=<key>=<value>")',
      check: checkFilter,
    },
    { name: 'force', short: 'f', kind: 'bool', usage: 'Do not ask' },
    { name: 'volumes', kind: 'bool', usage: 'Remove anonymous volumes too' },
  ],
  async run(call) {
    const { flags, io } = call;
    await confirm(call, warningOf(call));
    const filters = filtersQuery(flags.list('filter'));
    let reclaimed = 0;
    const containers = await call.client.json<PrunedContainers>('POST', '/containers/prune', { query: { filters } });
    await io.stdout.write(prunedText(containers));
    reclaimed += containers.SpaceReclaimed;
    reclaimed += await pruneNamed(call, 'Networks', '/networks/prune', filters);
    if (flags.bool('volumes')) reclaimed += await pruneNamed(call, 'Volumes', '/volumes/prune', filters);
    const imageFilters = filtersQuery([...flags.list('filter'), `dangling=${!flags.bool('all')}`]);
    const images = await call.client.json<PrunedImages>('POST', '/images/prune', { query: { filters: imageFilters } });
    await io.stdout.write(prunedImagesText(images));
    reclaimed += images.SpaceReclaimed;
    reclaimed += await pruneNamed(call, 'Caches', '/build/prune', flags.has('filter') ? filters : undefined);
    await io.stdout.write(`Total reclaimed space: ${formatSize(reclaimed)}\n`);
    return 0;
  },
};

function warningOf({ flags }: Call): string {
  const lines = ['all stopped containers', 'all networks not used by at least one container'];
  if (flags.bool('volumes')) lines.push('all anonymous volumes not used by at least one container');
  lines.push(flags.bool('all') ? 'all images without at least one container associated to them' : 'all dangling images');
  lines.push(flags.bool('all') ? 'all build cache' : 'unused build cache');
  return `WARNING! This will remove:\n${lines.map((line) => `  - ${line}\n`).join('')}`;
}

// An engine without networks, volumes or builds has none to remove.
async function pruneNamed(
  { client, io }: Call,
  kind: 'Networks' | 'Volumes' | 'Caches',
  path: string,
  filters: string | undefined,
): Promise<number> {
  try {
    const pruned = await client.json<Readonly<Record<string, unknown>>>('POST', path, { query: { filters } });
    const names = (pruned[`${kind}Deleted`] ?? []) as readonly string[];
    const title = kind === 'Caches' ? 'build cache objects' : kind;
    if (names.length > 0) await io.stdout.write(`Deleted ${title}:\n${names.map((name) => `${name}\n`).join('')}\n`);
    return Number(pruned['SpaceReclaimed'] ?? 0);
  } catch (error) {
    if (isClientError(error, 404) || isClientError(error, 501)) return 0;
    throw error;
  }
}
