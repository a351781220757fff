import { CliError } from './cli-error.ts';
import type { Call } from './command.ts';

/** Asks before something is lost, unless `--force`. @throws {CliError} silently, exit 0 as Docker, when the answer is no. */
export async function confirm({ flags, io }: Call, warning: string): Promise<void> {
  if (flags.bool('force')) return;
  await io.stdout.write(`${warning}\nAre you sure you want to continue? [y/N] `);
  let answer = '';
  for await (const bytes of io.stdin.stream()) {
    answer += Buffer.from(bytes).toString();
    if (answer.includes('\n')) break;
  }
  if (!/^y(es)?$/i.test(answer.trim())) throw new CliError('', 0);
}
