import { EngineError } from '../../base/index.ts';
import type { HookPoint, RuntimeHook, RuntimeSpec } from '../../spec/index.ts';
import type { Op } from '../ops.ts';
import type { OciState } from './contract.ts';

/**
 * Runs the hooks of `point` in the runtime's own namespaces, one after the other, the container's state as their stdin.
 * @throws {EngineError} Internal, when one fails or takes longer than it may.
 */
export async function runHooks(spec: RuntimeSpec, point: HookPoint, state: OciState): Promise<void> {
  for (const [index, hook] of (spec.hooks?.[point] ?? []).entries()) {
    const failed = await runHook(hook, JSON.stringify(state));
    if (failed !== undefined) throw new EngineError('Internal', `error running ${point} hook #${index}: ${failed}`);
  }
}

async function runHook(hook: RuntimeHook, input: string): Promise<string | undefined> {
  const { path, args = [path], env = [], timeout } = hook;
  try {
    const child = Bun.spawn([path, ...args.slice(1)], {
      argv0: args[0] ?? path,
      env: toEnvironment(env),
      stdin: new TextEncoder().encode(input),
      stdout: 'ignore',
      stderr: 'pipe',
      ...(timeout === undefined ? {} : { timeout: timeout * 1000, killSignal: 'SIGKILL' }),
    });
    const [code, stderr] = await Promise.all([child.exited, child.stderr.text()]);
    if (child.signalCode !== null) return `signal ${child.signalCode}, stderr: ${stderr}`;
    return code === 0 ? undefined : `exit status ${code}, stderr: ${stderr}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function toEnvironment(env: readonly string[]): Record<string, string> {
  return Object.fromEntries(env.map((word) => [word.split('=', 1)[0] ?? '', word.slice(word.indexOf('=') + 1)]));
}

/** Hooks of `point` as steps of the container's own process. Its pid is the one that it sees itself. */
export function hookOps(spec: RuntimeSpec, point: HookPoint, state: OciState): readonly Op[] {
  return (spec.hooks?.[point] ?? []).map(({ path, args, env, timeout }) => ({
    op: 'hook',
    path,
    args: args ?? [path],
    env: env ?? [],
    input: new TextEncoder().encode(JSON.stringify({ ...state, pid: 1 })),
    timeoutMs: (timeout ?? 0) * 1000,
  }));
}
