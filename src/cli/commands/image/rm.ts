import type { Command } from '../../command.ts';
import { describe } from '../../describe.ts';
import { isClientError } from '../../../client/index.ts';
import { platformQuery } from '../../platform.ts';

export const command: Command = {
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  summary: 'Remove one or more images',
  aliases: ['image rm', 'image remove', 'rmi'],
  arguments: { minimum: 1 },
  flags: [
    { name: 'force', short: 'f', kind: 'bool', usage: 'Remove it even if it is in use' },
    { name: 'no-prune', kind: 'bool', usage: 'Keep parents without a name' },
    { name: 'platform', kind: 'list', valueName: 'strings', usage: 'Remove only this platform, "os[/arch[/variant]]" as in "linux/amd64"' },
  ],
  async run({ args, client, flags, io }) {
    const platforms = flags
      .list('platform')
      .flatMap((text) => text.split(','))
      .map((text) => platformQuery(text)!);
    const query = { force: flags.bool('force') ? 1 : undefined, noprune: flags.bool('no-prune') ? 1 : undefined, platforms };
    let failures = '';
    let isFatal = false;
    for (const name of args) {
      try {
        const removals = await client.json<readonly ImageRemoval[]>('DELETE', `/images/${encodeURIComponent(name)}`, { query });
        await io.stdout.write(removalText(removals));
      } catch (error) {
        isFatal ||= !isClientError(error, 404);
        failures += `${describe(error)}\n`;
      }
    }
    if (failures === '') return 0;
    await io.stderr.write(failures);
    return isFatal || !flags.bool('force') ? 1 : 0;
  },
};

/** One step of a removal. */
export interface ImageRemoval {
  readonly Untagged?: string;
  readonly Deleted?: string;
}

/** `Untagged: name` and `Deleted: id`, a line each. */
export function removalText(removals: readonly ImageRemoval[]): string {
  return removals
    .map(({ Untagged, Deleted }) => (Deleted === undefined || Deleted === '' ? `Untagged: ${Untagged}\n` : `Deleted: ${Deleted}\n`))
    .join('');
}
