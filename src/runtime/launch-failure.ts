import { EngineError } from '../base/index.ts';
import type { Op } from './ops.ts';

export interface LaunchFailure {
  /** Index of the op, -1 for what is not one's. */
  readonly step: number;
  readonly errno: number;
  /** The path or word it is about. */
  readonly about: string;
}

const enoent = 2;
const eacces = 13;
const enotdir = 20;
const eisdir = 21;
const enoexec = 8;

/** What a failed step is in Docker's words (runc 1.2, moby 28); `detail` is `{step, errno, path, exitCode}`. `describe` gives an errno's text. */
export function toLaunchError(
  kind: 'start' | 'exec',
  ops: readonly Op[],
  failure: LaunchFailure,
  describe: (errno: number) => string,
): EngineError {
  const op = ops[failure.step];
  const { message, exitCode, bare = false } = explain(op, failure, describe(failure.errno));
  const detail = { step: op?.op ?? 'launch', errno: failure.errno, path: failure.about, exitCode };
  return new EngineError('InvalidArgument', bare ? message : `${prefix(kind)}${message}: unknown`, { detail });
}

/** The same without Docker's and a runtime's words before it, for a runtime's own command line. */
export function describeFailure(ops: readonly Op[], failure: LaunchFailure, describe: (errno: number) => string): Explanation {
  return explain(ops[failure.step], failure, describe(failure.errno));
}

function prefix(kind: 'start' | 'exec'): string {
  if (kind === 'exec') return 'OCI runtime exec failed: exec failed: unable to start container process: ';
  return 'failed to create task for container: failed to create shim task: OCI runtime create failed: berth create failed: unable to start container process: ';
}

export interface Explanation {
  readonly message: string;
  readonly exitCode: number;
  /** Docker says it before it comes to the runtime, so without the runtime's prefix. */
  readonly bare?: boolean;
}

function explain(op: Op | undefined, failure: LaunchFailure, text: string): Explanation {
  if (op?.op === 'exec' || op?.op === 'lookup') return explainExec(op.args[0] ?? '', failure, text);
  if (op?.op === 'user' && failure.errno === enoent) return explainUser(failure.about);
  if (op?.op === 'chdir') {
    // The docker command takes 127 and 126 from these errors wherever they come from.
    const exitCode = failure.errno === enoent ? 127 : failure.errno === eacces || failure.errno === enotdir ? 126 : 128;
    return { message: `chdir to cwd (${JSON.stringify(op.path)}) set in config.json failed: ${text}`, exitCode };
  }
  if (op?.op === 'rlimit') return { message: `error setting rlimit type ${op.resource}: ${text}`, exitCode: 128 };
  if (op?.op === 'mount') {
    const hint =
      failure.errno === enotdir
        ? ': Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type'
        : '';
    const what = `error mounting ${JSON.stringify(op.source)} to rootfs at ${JSON.stringify(op.target)}`;
    return { message: `${what}: ${failure.about}: ${text}${hint}`, exitCode: failure.errno === enotdir ? 127 : 128 };
  }
  if (op?.op === 'hook') return { message: `error running hook ${op.path}: it failed or took too long`, exitCode: 128 };
  if (op === undefined) return { message: failure.about === '' ? text : failure.about, exitCode: 128 };
  return { message: `${op.op}${failure.about === '' ? '' : ` ${failure.about}`}: ${text}`, exitCode: 128 };
}

// The docker command takes its exit code (126, 127) from these very words.
function explainExec(program: string, { errno, about }: LaunchFailure, text: string): Explanation {
  const quoted = JSON.stringify(program);
  if (errno === enoent && about.includes('/')) {
    const message = about === program ? `exec: ${quoted}: stat ${program}: ${text}` : `exec ${about}: ${text}`;
    return { message, exitCode: 127 };
  }
  if (errno === enoent) return { message: `exec: ${quoted}: executable file not found in $PATH`, exitCode: 127 };
  if (errno === eacces || errno === eisdir || errno === enotdir) return { message: `exec: ${quoted}: ${text}`, exitCode: 126 };
  return { message: errno === enoexec ? `exec ${program}: ${text}` : `exec: ${quoted}: ${text}`, exitCode: 126 };
}

function explainUser(about: string): Explanation {
  const [kind = 'user', name = ''] = about.split(/ (.*)/s);
  const file = kind === 'group' ? 'group' : 'passwd';
  return { message: `unable to find ${kind} ${name}: no matching entries in ${file} file`, exitCode: 128, bare: true };
}
