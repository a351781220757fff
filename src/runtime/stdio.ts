import { connectUnix, makePipe, receiveWithDescriptors, sendWithDescriptors, setNonBlocking, type Libc } from '../kernel/index.ts';
import { EngineError } from '../base/index.ts';
import type { StdioRequest } from './contract.ts';
import type { PlannedStdio } from './plan/index.ts';
import { decodeEvent, encodeVerb, eventBytes } from './protocol.ts';

/** Slots 0 to 5 of every launch are for stdio; a plan's own descriptors start here. */
export const firstFreeSlot = 6;

// What a program may write before anybody reads: 1 MiB, the kernel's default limit for pipes.
const pipeBytes = 1 << 20;
const eagain = 11;
const fetchAttempts = 5000;

/** The engine's ends: of a terminal stdin and stdout are one. -1 where there is none. */
export interface StdioDescriptors {
  readonly stdin: number;
  readonly stdout: number;
  readonly stderr: number;
}

export interface PreparedStdio {
  readonly planned: PlannedStdio;
  readonly ours: StdioDescriptors;
  /** For the launch: slots 0 to 5. */
  readonly slots: readonly number[];
  /** Those of `slots` that the caller closes once they are sent. */
  readonly theirs: readonly number[];
}

/** Makes the pipes. A terminal is made by the container's process, and fetched from its monitor afterwards. @throws {EngineError} Internal. */
export function prepareStdio(libc: Libc, request: StdioRequest): PreparedStdio {
  if (request.kind === 'terminal') {
    const { rows, columns } = request.size ?? { rows: 0, columns: 0 };
    return { planned: { kind: 'terminal', rows, columns }, ours: { stdin: -1, stdout: -1, stderr: -1 }, slots: [], theirs: [] };
  }
  const made: number[] = [];
  const pipe = (ours: 'read' | 'write'): { readonly read: number; readonly write: number } => {
    try {
      const ends = makePipe(libc, { ours, bytes: pipeBytes });
      made.push(ends.read, ends.write);
      return ends;
    } catch (error) {
      libc.close(...made);
      throw error;
    }
  };
  const output = pipe('read');
  const errors = pipe('read');
  const input = request.stdin ? pipe('write') : undefined;
  const outputSlots = { stdoutRead: 2, stdoutWrite: 3, stderrRead: 4, stderrWrite: 5 };
  return {
    planned: { kind: 'pipes', stdinRead: input ? 0 : -1, stdinWrite: input ? 1 : -1, ...outputSlots },
    ours: { stdin: input?.write ?? -1, stdout: output.read, stderr: errors.read },
    // A message cannot carry "no descriptor": without stdin its two slots hold copies that no op uses.
    slots: [input?.read ?? output.read, input?.write ?? output.read, output.read, output.write, errors.read, errors.write],
    theirs: [...(input === undefined ? [] : [input.read]), output.write, errors.write],
  };
}

/**
 * The engine's ends of stdio, from the monitor that listens on `socket`; the caller's to close.
 * @throws {EngineError} Unavailable, when no monitor answers.
 */
export async function fetchStdio(libc: Libc, socket: string): Promise<StdioDescriptors> {
  const connected = connectUnix(libc, socket);
  if (connected < 0) throw new EngineError('Unavailable', `Cannot reach the monitor at ${socket}: ${libc.describe(-connected)}`);
  try {
    sendWithDescriptors(libc, connected, encodeVerb('stdio'), []);
    for (let attempt = 0; attempt < fetchAttempts; attempt++) {
      const got = receiveWithDescriptors(libc, connected, eventBytes, 3);
      if (got === -eagain) {
        // The answer takes some microseconds: a turn of the event loop is enough, unless the machine is busy.
        await (attempt < 20 ? new Promise((resolve) => setImmediate(resolve)) : Bun.sleep(1));
        continue;
      }
      const event = typeof got === 'number' ? undefined : decodeEvent(got.bytes)?.event;
      if (typeof got === 'number' || event === undefined) break;
      // A process that ends just now is told of to everybody who listens, before the answer.
      if (event.event !== 'stdio') continue;
      for (const descriptor of got.descriptors) setNonBlocking(libc, descriptor);
      const [first = -1, second = -1, third = -1] = got.descriptors;
      if (event.terminal) return { stdin: first, stdout: first, stderr: -1 };
      return event.stdin ? { stdin: first, stdout: second, stderr: third } : { stdin: -1, stdout: first, stderr: second };
    }
  } finally {
    libc.close(connected);
  }
  throw new EngineError('Unavailable', `Cannot reach the monitor at ${socket}: no answer`);
}
