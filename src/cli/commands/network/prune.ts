import type { Command } from '../../command.ts';
import { confirm } from '../../confirm.ts';
import { filtersQuery, pruneFlags } from '../../shared-flags.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  summary: 'Remove every network that no container uses',
  arguments: { minimum: 0, maximum: 0 },
  flags: pruneFlags,
  async run(call) {
    await confirm(call, 'WARNING! This will remove all custom networks not used by at least one container.');
    const query = { filters: filtersQuery(call.flags.list('filter')) };
    const { NetworksDeleted } = await call.client.json<{ readonly NetworksDeleted: readonly string[] | null }>('POST', '/networks/prune', {
      query,
    });
    const names = NetworksDeleted ?? [];
    if (names.length > 0) await call.io.stdout.write(`Deleted Networks:\n${names.map((name) => `${name}\n`).join('')}\n`);
    return 0;
  },
};
