import { CliError } from '../../cli-error.ts';
import type { Command } from '../../command.ts';
import { containerPath } from '../../each.ts';
import { awaitExit, isRunning } from '../../exit-of.ts';
import { followTerminalSize, forwardSignals, runSession } from '../../session.ts';
import { detachKeysFlag } from '../../shared-flags.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTAINER',
  summary: 'Join input and output to a running container',
  aliases: ['container attach', 'attach'],
  arguments: { minimum: 1, maximum: 1 },
  flags: [
    detachKeysFlag,
    { name: 'no-stdin', kind: 'bool', usage: 'Leave STDIN alone' },
    { name: 'sig-proxy', kind: 'bool', fallback: 'true', usage: 'Hand received signals to the process' },
  ],
  async run({ args: [name = ''], client, flags, io }) {
    const { Id, State, Config } = await client.json<Inspected>('GET', containerPath(name, '/json'));
    if (!State.Running) throw new CliError('You cannot attach to a stopped container, start it first');
    if (State.Paused) throw new CliError('You cannot attach to a paused container, unpause it first');
    if (State.Restarting === true) throw new CliError('You cannot attach to a restarting container, wait until it is running');
    const stdin = !flags.bool('no-stdin') && Config.OpenStdin;
    if (stdin && Config.Tty && !io.stdin.isTerminal) throw new CliError('the input device is not a TTY');
    const exit = await awaitExit(client, Id, 'not-running');
    const query = { stream: 1, stdin: stdin ? 1 : undefined, stdout: 1, stderr: 1, detachKeys: flags.string('detach-keys') || undefined };
    const { connection } = await client.hijack('POST', containerPath(Id, '/attach'), { query });
    const stopSignals = flags.bool('sig-proxy') && !Config.Tty ? forwardSignals(client, Id, io) : undefined;
    const stopResize = Config.Tty ? await followTerminalSize(client, containerPath(Id, '/resize'), io, { redraws: true }) : undefined;
    const { detached } = await runSession({ connection, tty: Config.Tty, stdin, detachKeys: flags.string('detach-keys') }, io);
    stopSignals?.();
    stopResize?.();
    if (!detached || !(await isRunning(client, Id))) return await exit.code;
    throw new CliError('read escape sequence');
  },
};

interface Inspected {
  readonly Id: string;
  readonly State: { readonly Running: boolean; readonly Paused: boolean; readonly Restarting?: boolean };
  readonly Config: { readonly Tty: boolean; readonly OpenStdin: boolean };
}
