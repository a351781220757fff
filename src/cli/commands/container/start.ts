import { CliError } from '../../cli-error.ts';
import type { Call, Command } from '../../command.ts';
import { describe } from '../../describe.ts';
import { containerPath } from '../../each.ts';
import { awaitExit, isRunning } from '../../exit-of.ts';
import { followTerminalSize, forwardSignals, runSession } from '../../session.ts';
import { detachKeysFlag } from '../../shared-flags.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Start one or more stopped containers',
  aliases: ['container start', 'start'],
  arguments: { minimum: 1 },
  flags: [
    { name: 'attach', short: 'a', kind: 'bool', usage: 'Show STDOUT and STDERR and hand signals on' },
    { name: 'checkpoint', kind: 'string', usage: 'Go on from this checkpoint' },
    { name: 'checkpoint-dir', kind: 'string', usage: 'Where checkpoints are kept' },
    detachKeysFlag,
    { name: 'interactive', short: 'i', kind: 'bool', usage: "Join the container's STDIN" },
  ],
  async run(call) {
    if (call.flags.bool('attach') || call.flags.bool('interactive')) return await startAttached(call);
    let failures = '';
    const failed: string[] = [];
    for (const name of call.args) {
      try {
        await call.client.request('POST', containerPath(name, '/start'), { query: checkpointQuery(call) });
        await call.io.stdout.write(`${name}\n`);
      } catch (error) {
        failed.push(name);
        failures += `${describe(error)}\n`;
      }
    }
    if (failed.length === 0) return 0;
    await call.io.stderr.write(`${failures}Error: failed to start containers: ${failed.join(', ')}\n`);
    return 1;
  },
};

function checkpointQuery({ flags }: Call) {
  return { checkpoint: flags.string('checkpoint') || undefined, 'checkpoint-dir': flags.string('checkpoint-dir') || undefined };
}

async function startAttached(call: Call): Promise<number> {
  const { args, client, flags, io } = call;
  if (args.length > 1) throw new CliError('you cannot start and attach multiple containers at once');
  const { Id, Config, HostConfig } = await client.json<Inspected>('GET', containerPath(args[0]!, '/json'));
  const stdin = flags.bool('interactive') && Config.OpenStdin;
  const query = { stream: 1, stdin: stdin ? 1 : undefined, stdout: 1, stderr: 1, detachKeys: flags.string('detach-keys') || undefined };
  const { connection } = await client.hijack('POST', containerPath(Id, '/attach'), { query });
  const exit = await awaitExit(client, Id, HostConfig.AutoRemove ? 'removed' : 'next-exit');
  try {
    await client.request('POST', containerPath(Id, '/start'), { query: checkpointQuery(call) });
  } catch (error) {
    connection.destroy();
    throw error;
  }
  const stopSignals = Config.Tty ? undefined : forwardSignals(client, Id, io);
  const stopResize = Config.Tty ? await followTerminalSize(client, containerPath(Id, '/resize'), io) : undefined;
  const { detached } = await runSession({ connection, tty: Config.Tty, stdin, detachKeys: flags.string('detach-keys') }, io);
  stopSignals?.();
  stopResize?.();
  return detached && (await isRunning(client, Id)) ? 0 : await exit.code;
}

interface Inspected {
  readonly Id: string;
  readonly State?: { readonly Running: boolean };
  readonly Config: { readonly Tty: boolean; readonly OpenStdin: boolean };
  readonly HostConfig: { readonly AutoRemove: boolean };
}
