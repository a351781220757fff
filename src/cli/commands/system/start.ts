import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { EngineClient, parseHost } from '../../../client/index.ts';
import { CliError } from '../../cli-error.ts';
import type { Command } from '../../command.ts';

export const command: Command = {
  usage: '[OPTIONS] [DAEMON OPTIONS...]',
  summary: 'Start an engine in the background and wait until it answers',
  details: `What follows is handed to 'berth daemon'. Without --host the engine listens where
the client looks.`,
  arguments: { minimum: 0 },
  passesUnknownFlags: true,
  flags: [
    { name: 'log-file', kind: 'string', fallback: '/var/log/berth.log', usage: "File for the engine's messages" },
    { name: 'pidfile', kind: 'string', fallback: '/run/berth/berth.pid', usage: 'File with the process id' },
    { name: 'timeout', kind: 'int', fallback: '30', usage: 'Seconds to wait for the first answer' },
  ],
  async run({ args, client, flags, io }) {
    const version = await versionOf(client);
    if (version !== undefined) {
      await io.stdout.write(`An engine already answers at ${client.host.url} (version ${version})\n`);
      return 0;
    }
    const logFile = resolve(flags.string('log-file'));
    mkdirSync(dirname(logFile), { recursive: true });
    if (client.host.kind === 'unix') mkdirSync(dirname(client.host.path), { recursive: true, mode: 0o711 });
    const log = openSync(logFile, 'a', 0o640);
    const words = [...io.self, 'daemon', '--host', client.host.url, '--pidfile', resolve(flags.string('pidfile')), ...args];
    const daemon = Bun.spawn(words, { cwd: '/', stdin: 'ignore', stdout: log, stderr: log, detached: true });
    closeSync(log);
    daemon.unref();
    const deadline = Date.now() + flags.int('timeout') * 1000;
    for (;;) {
      const answered = await versionOf(client);
      if (answered !== undefined) {
        await io.stdout.write(
          `The engine answers at ${client.host.url} (version ${answered}, process ${daemon.pid}, messages in ${logFile})\n`,
        );
        return 0;
      }
      if (daemon.exitCode !== null || daemon.signalCode !== null)
        throw new CliError(`The engine ended at once. Its last messages:\n${lastLines(logFile)}`);
      if (Date.now() > deadline)
        throw new CliError(`The engine does not answer at ${client.host.url}. Its last messages:\n${lastLines(logFile)}`);
      await Bun.sleep(20);
    }
  },
};

async function versionOf(client: EngineClient): Promise<string | undefined> {
  const probe = new EngineClient({ host: parseHost(client.host.url) });
  try {
    return (await probe.json<{ readonly Version: string }>('GET', '/version')).Version;
  } catch {
    return undefined;
  } finally {
    probe.close();
  }
}

function lastLines(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n').slice(-15).join('\n') : '';
}
