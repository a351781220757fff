import type { Call } from './command.ts';
import { describe } from './describe.ts';

/** Does `work` for each argument at the same time and shows the name of each that worked, in order. Exit code 1 when one failed. */
export async function forEachArgument(call: Call, work: (name: string) => Promise<unknown>): Promise<number> {
  const results = await Promise.allSettled(call.args.map(work));
  let failures = '';
  for (const [index, result] of results.entries()) {
    if (result.status === 'fulfilled') await call.io.stdout.write(`${call.args[index]}\n`);
    else failures += `${describe(result.reason)}\n`;
  }
  if (failures !== '') await call.io.stderr.write(failures);
  return failures === '' ? 0 : 1;
}

/** The path of a container in the API. */
export function containerPath(name: string, rest = ''): string {
  if (name.trim() === '') throw new Error('invalid container name or ID: value is empty');
  return `/containers/${encodeURIComponent(name)}${rest}`;
}
