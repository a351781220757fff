import { readFileSync } from 'node:fs';
import { EngineError } from '../../base/index.ts';
import { parseRuntimeProcess, type OciRuntime } from '../../runtime/index.ts';
import type { RuntimeProcess } from '../../spec/index.ts';
import { last, readArguments, type Arguments } from './arguments.ts';

const table = {
  values: 'console-socket cwd env user additional-gids process pid-file process-label apparmor cap preserve-fds cgroup'.split(' '),
  switches: ['tty', 'detach', 'no-new-privs', 'ignore-paused'],
  short: { e: 'env', u: 'user', g: 'additional-gids', p: 'process', t: 'tty', d: 'detach', c: 'cap' },
};

/** `exec`: a process from a file or from the command line. @returns its exit code, 0 when it is left alone. */
export async function execCommand(runtime: OciRuntime, words: readonly string[]): Promise<number> {
  const found = readArguments(words, table);
  const [id, ...args] = found.rest;
  if (id === undefined) throw new EngineError('InvalidArgument', "berth oci exec: requires a container's id");
  refuseDescriptors(found);
  const file = last(found, 'process');
  const process = file === undefined ? fromWords(found, args, runtime.spec(id).process) : parseRuntimeProcess(readFileSync(file, 'utf8'));
  const consoleSocket = last(found, 'console-socket');
  const pidFile = last(found, 'pid-file');
  const request = {
    process,
    ...(consoleSocket === undefined ? {} : { consoleSocket }),
    ...(pidFile === undefined ? {} : { pidFile }),
  };
  if (!found.flags.has('detach')) return await runtime.execAndWait(id, request);
  await runtime.exec(id, request);
  return 0;
}

/** @throws {EngineError} NotImplemented, for `--preserve-fds` above 0. */
export function refuseDescriptors(found: Arguments): void {
  if (Number(last(found, 'preserve-fds') ?? '0') > 0) throw new EngineError('NotImplemented', '--preserve-fds is not supported');
}

// The container's own process with what the words say otherwise.
function fromWords(found: Arguments, args: readonly string[], own: RuntimeProcess): RuntimeProcess {
  if (args.length === 0) throw new EngineError('InvalidArgument', 'process args cannot be empty');
  const [uid = '', gid] = (last(found, 'user') ?? '').split(':');
  const caps = found.flags.get('cap') ?? [];
  const added = (set: readonly string[] = []) => [...new Set([...set, ...caps])];
  const { bounding, effective, permitted, ...others } = own.capabilities ?? {};
  const groups = found.flags.get('additional-gids')?.flatMap((text) => text.split(',').map(Number));
  return {
    ...own,
    args,
    terminal: found.flags.has('tty'),
    cwd: last(found, 'cwd') ?? own.cwd,
    env: [...own.env, ...(found.flags.get('env') ?? [])],
    noNewPrivileges: own.noNewPrivileges === true || found.flags.has('no-new-privs'),
    capabilities: { ...others, bounding: added(bounding), effective: added(effective), permitted: added(permitted) },
    user: {
      ...own.user,
      ...(uid === '' ? {} : { uid: Number(uid), gid: Number(gid ?? '0') }),
      ...(groups === undefined ? {} : { additionalGids: groups }),
    },
  };
}
