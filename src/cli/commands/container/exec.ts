import { CliError } from '../../cli-error.ts';
import type { Call, Command } from '../../command.ts';
import { readEnvironment } from '../../create/files.ts';
import { containerPath } from '../../each.ts';
import { followTerminalSize, runSession } from '../../session.ts';
import { detachKeysFlag } from '../../shared-flags.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTAINER COMMAND [ARG...]',
  summary: 'Run a command in a running container',
  aliases: ['container exec', 'exec'],
  arguments: { minimum: 2 },
  stopsAtArgument: true,
  flags: [
    { name: 'detach', short: 'd', kind: 'bool', usage: 'Run it in the background' },
    detachKeysFlag,
    { name: 'env', short: 'e', kind: 'list', usage: 'Set environment variables' },
    { name: 'env-file', kind: 'list', usage: 'Read environment variables from a file' },
    { name: 'interactive', short: 'i', kind: 'bool', usage: 'Keep STDIN open, attached or not' },
    { name: 'privileged', kind: 'bool', usage: 'Give the command every privilege' },
    { name: 'tty', short: 't', kind: 'bool', usage: 'Give the command a terminal' },
    { name: 'user', short: 'u', kind: 'string', usage: 'User name or id, with a group "<name|uid>[:<group|gid>]" if wanted' },
    { name: 'workdir', short: 'w', kind: 'string', usage: 'Working directory inside the container' },
  ],
  async run(call) {
    const { args, client, flags, io } = call;
    const body = await execBody(call);
    if (body.AttachStdin && body.Tty && !flags.bool('detach') && !io.stdin.isTerminal) throw new CliError('the input device is not a TTY');
    const { Id } = await client.json<{ readonly Id: string }>('POST', containerPath(args[0]!, '/exec'), { body });
    const start = {
      Detach: flags.bool('detach'),
      Tty: body.Tty,
      ...(body.ConsoleSize === undefined ? {} : { ConsoleSize: body.ConsoleSize }),
    };
    if (flags.bool('detach')) {
      await client.request('POST', `/exec/${Id}/start`, { body: start });
      return 0;
    }
    const { connection } = await client.hijack('POST', `/exec/${Id}/start`, { body: start });
    const stop = body.Tty ? await followTerminalSize(client, `/exec/${Id}/resize`, io) : undefined;
    await runSession({ connection, tty: body.Tty, stdin: body.AttachStdin, detachKeys: body.DetachKeys }, io);
    stop?.();
    return (await client.json<{ readonly ExitCode: number }>('GET', `/exec/${Id}/json`)).ExitCode;
  },
};

async function execBody({ args, flags, io }: Call) {
  const attached = !flags.bool('detach');
  const size = flags.bool('tty') && attached ? io.stdout.size() : undefined;
  const env = await readEnvironment(flags.list('env-file'), flags.list('env'), io.env);
  return {
    User: flags.string('user'),
    Privileged: flags.bool('privileged'),
    Tty: flags.bool('tty'),
    ...(size === undefined ? {} : { ConsoleSize: [size.rows, size.columns] }),
    AttachStdin: attached && flags.bool('interactive'),
    AttachStderr: attached,
    AttachStdout: attached,
    DetachKeys: flags.string('detach-keys'),
    Env: env.length === 0 ? null : env,
    WorkingDir: flags.string('workdir'),
    Cmd: args.slice(1),
  };
}
