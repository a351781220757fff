import { CliError } from '../../cli-error.ts';
import type { Call, Command } from '../../command.ts';
import { createBody, type CreateBody } from '../../create/body.ts';
import { createContainer } from '../../create/create-container.ts';
import { createFlags, runFlags } from '../../create/flags.ts';
import { awaitExit, isRunning } from '../../exit-of.ts';
import { followTerminalSize, forwardSignals, runSession } from '../../session.ts';

export const command: Command = {
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  summary: 'Create a container from an image and run it',
  aliases: ['container run', 'run'],
  arguments: { minimum: 1 },
  flags: [...createFlags, ...runFlags],
  stopsAtArgument: true,
  engineErrorExit: 125,
  async run(call) {
    const { flags, io } = call;
    const detach = flags.bool('detach');
    if (detach && flags.has('attach')) throw new CliError('conflicting options: cannot specify both --attach and --detach');
    const body = await createBody(flags, call.args, io.env);
    if (!detach && body.AttachStdin && body.Tty && !io.stdin.isTerminal) throw new CliError('the input device is not a TTY');
    return detach ? await runDetached(call, detached(body)) : await runAttached(call, withConsoleSize(body, call));
  },
};

// In the background nobody is joined, and input stays open for the next who attaches.
function detached(body: CreateBody): CreateBody {
  return { ...body, AttachStdin: false, AttachStdout: false, AttachStderr: false, StdinOnce: false };
}

function withConsoleSize(body: CreateBody, { io }: Call): CreateBody {
  // Of no use without a terminal in the container, and it costs a few milliseconds.
  const size = body.Tty ? io.stdout.size() : undefined;
  return size === undefined ? body : { ...body, HostConfig: { ...body.HostConfig, ConsoleSize: [size.rows, size.columns] } };
}

async function runDetached(call: Call, body: CreateBody): Promise<number> {
  const id = await createContainer(call, body);
  await start(call, id);
  await call.io.stdout.write(`${id}\n`);
  return 0;
}

async function runAttached(call: Call, body: CreateBody): Promise<number> {
  const { client, flags, io } = call;
  const id = await createContainer(call, body);
  const attaches = body.AttachStdin || body.AttachStdout || body.AttachStderr;
  const query = {
    stream: 1,
    stdin: body.AttachStdin ? 1 : undefined,
    stdout: body.AttachStdout ? 1 : undefined,
    stderr: body.AttachStderr ? 1 : undefined,
    detachKeys: flags.string('detach-keys') || undefined,
  };
  // Both must be there before the container runs; neither needs the other.
  const [hijacked, exit] = await Promise.all([
    attaches ? client.hijack('POST', `/containers/${id}/attach`, { query }) : undefined,
    awaitExit(client, id, body.HostConfig.AutoRemove ? 'removed' : 'next-exit'),
  ]);
  const stopSignals = flags.bool('sig-proxy') && !body.Tty ? forwardSignals(client, id, io) : undefined;
  try {
    await start(call, id);
  } catch (error) {
    hijacked?.connection.destroy();
    // A container that removes itself is gone only after this.
    if (body.HostConfig.AutoRemove) await exit.code.catch(() => undefined);
    throw error;
  }
  const stopResize = body.Tty ? await followTerminalSize(client, `/containers/${id}/resize`, io) : undefined;
  const session = { tty: body.Tty, stdin: body.AttachStdin, detachKeys: flags.string('detach-keys') };
  const { detached } = hijacked === undefined ? { detached: false } : await runSession({ connection: hijacked.connection, ...session }, io);
  const code = detached && (await isRunning(client, id)) ? 0 : await exit.code;
  stopSignals?.();
  stopResize?.();
  return code;
}

async function start({ client }: Call, id: string): Promise<void> {
  await client.request('POST', `/containers/${id}/start`);
}
