import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join, resolve } from 'node:path';
import { EngineError } from '../../base/index.ts';
import { parseRuntimeResources, parseRuntimeSpec, type CreateOciRequest, type OciRuntime } from '../../runtime/index.ts';
import { last, onlyId, readArguments, type Arguments } from './arguments.ts';
import { execCommand, refuseDescriptors } from './exec.ts';
import { features } from './features.ts';
import { parseSignal } from './signals.ts';

/** One command: what it writes to stdout and its exit code. */
export interface Outcome {
  readonly output?: string;
  readonly code?: number;
}

type OciCommand = (runtime: OciRuntime, words: readonly string[]) => Promise<Outcome>;

const creating = {
  values: ['bundle', 'console-socket', 'pid-file', 'preserve-fds', 'pidfd-socket'],
  switches: ['no-pivot', 'no-new-keyring', 'detach', 'keep', 'no-subreaper'],
  short: { b: 'bundle', d: 'detach' },
};
const none = { values: [], switches: [] };

/** Every command but `features`, `help` and `--version`, by its name. */
export const commands: Readonly<Record<string, OciCommand>> = {
  create: async (runtime, words) => {
    const found = readArguments(words, creating);
    await runtime.create(toRequest(found, onlyId(found, 'create')));
    return {};
  },
  start: async (runtime, words) => {
    await runtime.start(onlyId(readArguments(words, none), 'start'));
    return {};
  },
  run,
  exec: async (runtime, words) => ({ code: await execCommand(runtime, words) }),
  state: async (runtime, words) => ({ output: json(runtime.state(onlyId(readArguments(words, none), 'state'))) }),
  kill: async (runtime, words) => {
    const { flags, rest } = readArguments(words, { values: [], switches: ['all'], short: { a: 'all' } });
    const [id, signal = 'SIGTERM', ...more] = rest;
    if (id === undefined || more.length > 0) throw new EngineError('InvalidArgument', 'berth oci kill: requires an id and a signal');
    runtime.kill(id, parseSignal(signal), flags.has('all'));
    return {};
  },
  delete: async (runtime, words) => {
    const found = readArguments(words, { values: [], switches: ['force'], short: { f: 'force' } });
    const force = found.flags.has('force');
    try {
      await runtime.delete(onlyId(found, 'delete'), force);
    } catch (error) {
      // What is not there need not be removed.
      if (!(force && error instanceof EngineError && error.code === 'NotFound')) throw error;
    }
    return {};
  },
  pause: async (runtime, words) => {
    await runtime.pause(onlyId(readArguments(words, none), 'pause'));
    return {};
  },
  resume: async (runtime, words) => {
    await runtime.resume(onlyId(readArguments(words, none), 'resume'));
    return {};
  },
  update: async (runtime, words) => {
    const found = readArguments(words, { values: ['resources'], switches: [], short: { r: 'resources' } });
    const file = last(found, 'resources');
    if (file === undefined) throw new EngineError('NotImplemented', 'update takes its limits from a file: --resources FILE, - for stdin');
    runtime.update(onlyId(found, 'update'), parseRuntimeResources(readFileSync(file === '-' ? 0 : file, 'utf8')));
    return {};
  },
  ps: async (runtime, words) => {
    const [first, ...more] = readArguments(words, { values: ['format'], switches: [], short: { f: 'format' } }).rest;
    if (first === undefined || more.length > 0) throw new EngineError('NotImplemented', 'ps gives pids: --format json ID');
    return { output: `${JSON.stringify(runtime.processes(first))}\n` };
  },
  list: async (runtime, words) => {
    const found = readArguments(words, { values: ['format'], switches: ['quiet'], short: { q: 'quiet', f: 'format' } });
    const states = runtime.list();
    if (found.flags.has('quiet')) return { output: states.map(({ id }) => `${id}\n`).join('') };
    if (last(found, 'format') === 'json') return { output: `${JSON.stringify(states.length === 0 ? null : states)}\n` };
    const rows = [['ID', 'PID', 'STATUS', 'BUNDLE', 'CREATED'], ...states.map((s) => [s.id, String(s.pid), s.status, s.bundle, s.created])];
    const widths = [0, 1, 2, 3].map((column) => Math.max(12, ...rows.map((row) => (row[column] ?? '').length + 1)));
    return {
      output: rows
        .map(
          (row) =>
            `${row
              .map((cell, at) => cell.padEnd(widths[at] ?? 0))
              .join('')
              .trimEnd()}\n`,
        )
        .join(''),
    };
  },
  features: async () => ({ output: json(features()) }),
};

function toRequest(found: Arguments, id: string): CreateOciRequest {
  if (found.flags.has('no-pivot'))
    throw new EngineError('NotImplemented', '--no-pivot is not supported: it would let the container out of its root');
  refuseDescriptors(found);
  const bundle = resolve(last(found, 'bundle') ?? '.');
  const spec = parseRuntimeSpec(readBundle(bundle));
  const consoleSocket = last(found, 'console-socket');
  const pidFile = last(found, 'pid-file');
  return {
    id,
    bundle,
    spec,
    newKeyring: !found.flags.has('no-new-keyring'),
    ...(consoleSocket === undefined ? {} : { consoleSocket }),
    ...(pidFile === undefined ? {} : { pidFile: resolve(pidFile) }),
  };
}

function readBundle(bundle: string): string {
  try {
    return readFileSync(join(bundle, 'config.json'), 'utf8');
  } catch (error) {
    throw new EngineError('InvalidArgument', `JSON specification file ${join(bundle, 'config.json')} not found`, { cause: error });
  }
}

/** `create` and `start` in one; in the foreground also `delete`, with the process's exit code. */
async function run(runtime: OciRuntime, words: readonly string[]): Promise<Outcome> {
  const found = readArguments(words, creating);
  const id = onlyId(found, 'run');
  const request = toRequest(found, id);
  if (!found.flags.has('detach')) return { code: await runtime.run(request, { keep: found.flags.has('keep'), onSignal: passSignals }) };
  await runtime.create(request);
  try {
    await runtime.start(id);
  } catch (error) {
    await runtime.delete(id, true);
    throw error;
  }
  return {};
}

// A terminal's keys and a supervisor's wishes are the container's.
function passSignals(send: (signal: number) => void): void {
  for (const name of ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGCONT'] as const) {
    process.on(name, () => send(constants.signals[name]));
  }
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
