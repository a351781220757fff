import { makePipe, type Libc } from '../kernel/index.ts';
import type { StdioRequest } from './contract.ts';
import type { MonitorOp } from './ops.ts';

/** Slots 0 to 5 of every op list are for stdio (-1 descriptors where there is none); a plan's own descriptors start here. */
export const firstFreeSlot = 6;

// What a program may write before anybody reads: 1 MiB, the kernel's default limit for pipes.
const pipeBytes = 1 << 20;

/** The engine's ends: of a terminal all three are one. -1 where there is none. */
export interface StdioDescriptors {
  readonly stdin: number;
  readonly stdout: number;
  readonly stderr: number;
}

export interface PreparedStdio {
  readonly ours: StdioDescriptors;
  /** For the launch request: slots 0 to 5; the caller closes `theirs` once they are sent. */
  readonly slots: readonly number[];
  readonly theirs: readonly number[];
}

/** The first op, for `request` and the slots that `prepareStdio` fills. */
export function monitorOp(request: { readonly runDirectory: string; readonly stdio: StdioRequest }, oomFile: string): MonitorOp {
  const pipes = request.stdio.kind === 'pipes';
  const stdin = pipes && request.stdio.stdin;
  return {
    op: 'monitor',
    runDirectory: request.runDirectory,
    oomFile,
    stdio: pipes ? 1 : 2,
    stdinRead: stdin ? 0 : -1,
    stdinWrite: stdin ? 1 : -1,
    stdoutRead: pipes ? 2 : -1,
    stdoutWrite: pipes ? 3 : -1,
    stderrRead: pipes ? 4 : -1,
    stderrWrite: pipes ? 5 : -1,
  };
}

/** Makes the pipes. A terminal is made by the container's process, and fetched from its monitor afterwards. @throws {EngineError} Internal. */
export function prepareStdio(libc: Libc, request: StdioRequest): PreparedStdio {
  if (request.kind === 'terminal') return { ours: { stdin: -1, stdout: -1, stderr: -1 }, slots: [], theirs: [] };
  const made: number[] = [];
  const pipe = (ours: 'read' | 'write') => {
    try {
      const { read, write } = makePipe(libc, { ours, bytes: pipeBytes });
      made.push(read, write);
      return { read, write };
    } catch (error) {
      libc.close(...made);
      throw error;
    }
  };
  const output = pipe('read');
  const errors = pipe('read');
  // A message cannot carry "no descriptor": without stdin its two slots hold copies that no op uses.
  const input = request.stdin ? pipe('write') : undefined;
  return {
    ours: { stdin: input?.write ?? -1, stdout: output.read, stderr: errors.read },
    slots: [input?.read ?? output.read, input?.write ?? output.read, output.read, output.write, errors.read, errors.write],
    theirs: [...(input === undefined ? [] : [input.read]), output.write, errors.write],
  };
}
