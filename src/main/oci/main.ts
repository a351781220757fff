import { readFileSync, writeSync } from 'node:fs';
import { EngineError, messageOf } from '../../base/index.ts';
import { createOciRuntime } from '../../runtime/index.ts';
import { embedded } from '../embedded.ts';
import { program } from '../program.ts';
import { last, readArguments } from './arguments.ts';
import { commands } from './commands.ts';
import { complain, openLog, type LogTarget } from './complain.ts';

const globals = {
  values: ['root', 'log', 'log-format', 'criu', 'rootless'],
  switches: ['debug', 'systemd-cgroup', 'version', 'help'],
  short: { v: 'version', h: 'help' },
};

/** `berth oci`: an OCI runtime with runc's command line, for podman, containerd and whoever has a bundle. @returns the exit code. */
export async function runOci(argv: readonly string[]): Promise<number> {
  // The launcher and the monitors' sockets do not keep this process alive while it waits for them.
  const alive = setInterval(() => undefined, 1 << 30);
  try {
    return await runCommand(argv);
  } finally {
    clearInterval(alive);
  }
}

async function runCommand(argv: readonly string[]): Promise<number> {
  let target: LogTarget = { path: undefined, format: 'text', debug: false };
  let command: string | undefined;
  try {
    const found = readArguments(argv, globals);
    target = { path: last(found, 'log'), format: last(found, 'log-format') === 'json' ? 'json' : 'text', debug: found.flags.has('debug') };
    if (found.flags.has('version')) return say(`berth-oci version ${program.version}\nspec: 1.2.0\n`);
    command = found.rest[0];
    if (found.flags.has('help') || command === undefined || command === 'help') return say(help);
    if (found.flags.has('systemd-cgroup')) {
      throw new EngineError('NotImplemented', '--systemd-cgroup is not supported: choose the cgroupfs cgroup manager');
    }
    const run = Object.hasOwn(commands, command) ? commands[command] : undefined;
    if (run === undefined) throw new EngineError('InvalidArgument', `No help topic for '${command}'`);
    await using runtime = createOciRuntime({
      root: last(found, 'root') ?? '/run/berth-oci',
      launcher: () => readFileSync(embedded.launcher),
      log: openLog(target),
    });
    const { output = '', code = 0 } = await run(runtime, found.rest.slice(1));
    if (output !== '') say(output);
    return code;
  } catch (error) {
    complain(`berth oci ${command === undefined ? '' : `${command}: `}${messageOf(error)}`, target);
    return command === 'exec' || command === 'run' ? 255 : 1;
  }
}

function say(text: string): number {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) at += writeSync(1, bytes, at);
  return 0;
}

const help = `Usage:  berth oci [--root DIR] [--log FILE] [--log-format text|json] COMMAND [ARG...]

An OCI runtime (runtime-spec 1.2) with the command line of runc

Commands:
  create    Make a container of a bundle, ready to start
  start     Run the program of a created container
  run       Create and start; in the foreground also wait and delete
  exec      Run another program in a container
  state     Print a container's state
  list      List the containers under --root
  ps        Print the pids in a container
  kill      Send a signal to a container
  pause     Freeze all processes of a container
  resume    Thaw them
  update    Change a container's limits
  delete    Remove what a container left
  features  Print what this runtime can do
`;
