import { ClientError, EngineClient, parseHost } from '../client/index.ts';
import { findCommand } from './catalog.ts';
import { CliError, UsageError } from './cli-error.ts';
import type { Command } from './command.ts';
import { describe } from './describe.ts';
import { parseFlags, type FlagValues } from './flags/index.ts';
import { globalFlags } from './globals.ts';
import type { CliIo } from './io.ts';
import { defaultHost, programVersion } from './program.ts';

/** Runs one command line, without the program's name. Gives the exit code; everything has been written then. */
export async function main(argv: readonly string[], io: CliIo): Promise<number> {
  try {
    const globals = parseFlags(globalFlags, argv, { stopsAtArgument: true });
    if (globals.flags.bool('version')) return await write(io, `berth version ${programVersion}\n`);
    if (globals.help || globals.args.length === 0) return await showProgramHelp(io, globals.args);
    return globals.args[0] === 'help' ? await showProgramHelp(io, globals.args.slice(1)) : await dispatch(globals.args, globals.flags, io);
  } catch (error) {
    if (!(error instanceof UsageError)) return await report(error, io);
    await io.stderr.write(`${error.message}\n\nUsage:  berth [OPTIONS] COMMAND [ARG...]\n\nRun 'berth --help' for more information\n`);
    return error.exitCode;
  }
}

async function dispatch(line: readonly string[], globals: FlagValues, io: CliIo): Promise<number> {
  const found = findCommand(line);
  switch (found.kind) {
    case 'unknown':
      return await unknownCommand(line, found.group, io);
    case 'group': {
      const rest = line.slice(found.words);
      if (rest.length > 0 && !['--help', '-h'].includes(rest[0]!)) return await unknownGroupFlag(rest[0]!, found.name, io);
      const { groupHelp } = await import('./help.ts');
      // Asked for, it is the answer; otherwise it says what is missing.
      await (rest.length > 0 ? io.stdout : io.stderr).write(await groupHelp(found.name, found.group));
      return 0;
    }
    case 'command': {
      const { command } = await found.load();
      return await runCommand(command, `berth ${found.path}`, line.slice(found.words), globals, io);
    }
  }
}

async function runCommand(command: Command, path: string, rest: readonly string[], globals: FlagValues, io: CliIo): Promise<number> {
  let client: EngineClient | undefined;
  try {
    const { flags, args, help } = parseFlags(command.flags, rest, {
      stopsAtArgument: command.stopsAtArgument === true,
      passesUnknown: command.passesUnknownFlags === true,
    });
    if (help) return await showCommandHelp(io, path, command);
    checkCount(path, command, args.length);
    client = openClient(globals, io);
    return await command.run({ path, args, flags, io, client, configFolder: configFolderOf(globals, io) });
  } catch (error) {
    if (error instanceof UsageError) return await reportUsage(error, path, command, io);
    return command.engineErrorExit === undefined ? await report(error, io) : await reportOfRun(error, path, io);
  } finally {
    client?.close();
  }
}

function openClient(globals: FlagValues, io: CliIo): EngineClient {
  const { env } = io;
  const given = globals.list('host').at(-1) ?? ((env['BERTH_HOST'] ?? '') || (env['DOCKER_HOST'] ?? '') || defaultHost);
  try {
    const version = env['DOCKER_API_VERSION'] ?? '';
    return new EngineClient({
      host: parseHost(given),
      userAgent: `berth/${programVersion} (linux)`,
      ...(version === '' ? {} : { version }),
    });
  } catch (error) {
    throw new CliError(error instanceof Error ? error.message : String(error));
  }
}

function configFolderOf(globals: FlagValues, { env }: CliIo): string {
  return globals.string('config') || (env['DOCKER_CONFIG'] ?? '') || `${env['HOME'] ?? ''}/.docker`;
}

function checkCount(path: string, command: Command, count: number): void {
  const { minimum, maximum } = command.arguments;
  if (count >= minimum && count <= (maximum ?? Infinity)) return;
  const plural = (number: number) => `${number} argument${number === 1 ? '' : 's'}`;
  const [words, hint] =
    maximum === 0
      ? (['accepts no arguments', 'Run'] as const)
      : minimum === maximum
        ? ([`requires ${plural(minimum)}`, 'Run'] as const)
        : maximum === undefined
          ? ([`requires at least ${plural(minimum)}`, 'See'] as const)
          : minimum === 0
            ? ([`requires at most ${plural(maximum)}`, 'Run'] as const)
            : ([`requires at least ${minimum} and at most ${plural(maximum)}`, 'Run'] as const);
  throw new UsageError(`berth: '${path}' ${words}`, { exitCode: 1, hint });
}

async function showProgramHelp(io: CliIo, topic: readonly string[]): Promise<number> {
  if (topic.length > 0) {
    const found = findCommand(topic);
    if (found.kind === 'command') return await showCommandHelp(io, `berth ${found.path}`, (await found.load()).command);
    if (found.kind === 'group') return await write(io, await (await import('./help.ts')).groupHelp(found.name, found.group));
    return await unknownCommand(topic, undefined, io);
  }
  const { programHelp } = await import('./help.ts');
  return await write(io, await programHelp(columnsOf(io)));
}

async function showCommandHelp(io: CliIo, path: string, command: Command): Promise<number> {
  const { commandHelp } = await import('./help.ts');
  return await write(io, commandHelp(path, command, columnsOf(io)));
}

function columnsOf(io: CliIo): number {
  return io.stdout.size()?.columns ?? 80;
}

async function unknownCommand(line: readonly string[], group: string | undefined, io: CliIo): Promise<number> {
  const usage = group === undefined ? '' : `Usage:  berth ${group}\n\n`;
  const path = group === undefined ? 'berth' : `berth ${group}`;
  await io.stderr.write(
    `berth: unknown command: ${path} ${line[group === undefined ? 0 : 1]}\n\n${usage}Run '${path} --help' for more information\n`,
  );
  return 1;
}

async function unknownGroupFlag(word: string, name: string, io: CliIo): Promise<number> {
  const what = word.startsWith('--') ? `unknown flag: ${word}` : `unknown shorthand flag: '${word[1]}' in ${word}`;
  await io.stderr.write(`${what}\n\nUsage:  berth ${name} COMMAND\n\nRun 'berth ${name} --help' for more information\n`);
  return 125;
}

async function reportUsage(error: UsageError, path: string, command: Command, io: CliIo): Promise<number> {
  const { usageLines } = await import('./help.ts');
  await io.stderr.write(
    `${error.message}\n\nUsage:  ${usageLines(path, command)}\n\n${error.hint} '${path} --help' for more information\n`,
  );
  return error.exitCode;
}

async function report(error: unknown, io: CliIo): Promise<number> {
  // Whoever read the output has gone: end as SIGPIPE would.
  if (error instanceof Error && 'code' in error && error.code === 'EPIPE') return 141;
  if (error instanceof CliError) {
    if (error.message !== '') await io.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
  await io.stderr.write(`${describe(error)}\n`);
  return 1;
}

async function reportOfRun(error: unknown, path: string, io: CliIo): Promise<number> {
  if (error instanceof CliError) return await report(error, io);
  await io.stderr.write(`berth: ${describe(error)}\n\nRun '${path} --help' for more information\n`);
  if (!(error instanceof ClientError)) return 125;
  if (/executable file not found|no such file or directory|system cannot find the file specified/.test(error.message)) return 127;
  return /permission denied|is a directory/.test(error.message) ? 126 : 125;
}

async function write(io: CliIo, text: string): Promise<number> {
  await io.stdout.write(text);
  return 0;
}
