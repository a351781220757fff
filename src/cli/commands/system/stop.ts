import { readFileSync } from 'node:fs';
import { CliError } from '../../cli-error.ts';
import type { Command } from '../../command.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  summary: "Stop the engine that 'system start' started; containers run on",
  arguments: { minimum: 0, maximum: 0 },
  flags: [
    { name: 'pidfile', kind: 'string', fallback: '/run/berth/berth.pid', usage: 'File with the process id' },
    { name: 'timeout', kind: 'int', fallback: '30', usage: 'Seconds to wait for its end' },
  ],
  async run({ flags, io }) {
    const path = flags.string('pidfile');
    const pid = readPid(path);
    if (pid === undefined || !isAlive(pid)) throw new CliError(`No engine is running (${path} names no process)`);
    if (!isEngine(pid)) throw new CliError(`Process ${pid} of ${path} is not an engine: it is left alone`);
    process.kill(pid, 'SIGTERM');
    const deadline = Date.now() + flags.int('timeout') * 1000;
    while (isAlive(pid)) {
      if (Date.now() > deadline) throw new CliError(`The engine, process ${pid}, does not end`);
      await Bun.sleep(10);
    }
    await io.stdout.write(`The engine, process ${pid}, has stopped\n`);
    return 0;
  },
};

function readPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8').trim());
    return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}

// A zombie has ended: its parent has only not asked yet.
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

// Process ids are used again: never signal a stranger.
function isEngine(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes('daemon');
  } catch {
    return false;
  }
}
