import { messageOf } from '../base/index.ts';
import type { ContainerProcess } from '../runtime/index.ts';
import type { ContainerRecord, CreateExecRequest } from './contract.ts';
import { publishContainerEvent } from './events/index.ts';
import { removeExec, runInContainer, type ExecParts } from './exec-run.ts';
import type { HealthPlan, ProbeResult } from './health-plan.ts';
import type { House } from './house.ts';
import { noLog } from './logs/index.ts';
import { pump } from './streams/index.ts';

export type HealthParts = ExecParts & Pick<House, 'records' | 'events' | 'log' | 'newId' | 'closing'>;

const outputLimit = 4096;
const killSignal = 9;

/** Runs a container's check once. Never rejects but by abort: a check that cannot run is a failed one. */
export async function probe(parts: HealthParts, record: ContainerRecord, plan: HealthPlan, signal: AbortSignal): Promise<ProbeResult> {
  const startedAt = new Date();
  const id = parts.newId();
  const output = new LimitedText(outputLimit);
  const events = (action: string, extra = {}) => publishContainerEvent(parts.events, record, action, { execID: id, ...extra });
  const words = plan.command.join(' ');
  events(`exec_create: ${words}`);
  events(`exec_start: ${words}`);
  let how: 'ended' | 'cut' = 'ended';
  try {
    const process = await runInContainer(parts, record, id, requestOf(plan), { kind: 'pipes', stdin: false }, { signal });
    const result = await outcome(parts, process, plan, output, signal);
    const { exitCode } = result;
    how = result.how;
    events('exec_die', { exitCode: String(exitCode) });
    const text = exitCode === -1 ? `Health check exceeded timeout (${formatTimeout(plan.timeoutMs)}): ${output.text()}` : output.text();
    return { startedAt, endedAt: new Date(), exitCode, output: text };
  } catch (error) {
    return { startedAt, endedAt: new Date(), exitCode: -1, output: messageOf(error) };
  } finally {
    await removeExec(parts, record.id, id, how);
  }
}

/** The exit code, or -1 when it had to be killed for taking too long. */
async function outcome(
  parts: HealthParts,
  process: ContainerProcess,
  plan: HealthPlan,
  output: LimitedText,
  signal: AbortSignal,
): Promise<{ readonly exitCode: number; readonly how: 'ended' | 'cut' }> {
  let late = false;
  const kill = () => process.signal(killSignal);
  const timer = setTimeout(() => {
    late = true;
    kill();
  }, plan.timeoutMs);
  signal.addEventListener('abort', kill, { once: true });
  try {
    const writer = { ...noLog, write: (_stream: string, bytes: Uint8Array) => output.add(bytes) };
    const how = await pump({ process, writer, sessions: new Set(), log: parts.log });
    const { exitCode } = await process.exited;
    return { exitCode: late ? -1 : exitCode, how };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', kill);
  }
}

function requestOf(plan: HealthPlan): CreateExecRequest {
  return {
    user: '',
    privileged: false,
    terminal: false,
    attachStdin: false,
    attachStdout: true,
    attachStderr: true,
    detachKeys: '',
    env: [],
    command: plan.command,
    workingDir: '',
  };
}

/** The first bytes of a text, with `...` where more was said. */
class LimitedText {
  readonly #limit: number;
  readonly #parts: Uint8Array[] = [];
  #length = 0;
  #truncated = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(bytes: Uint8Array): void {
    const kept = bytes.subarray(0, this.#limit - this.#length);
    if (kept.length > 0) this.#parts.push(kept.slice());
    this.#length += kept.length;
    if (kept.length < bytes.length) this.#truncated = true;
  }

  text(): string {
    return Buffer.concat(this.#parts).toString('utf8') + (this.#truncated ? '...' : '');
  }
}

function formatTimeout(milliseconds: number): string {
  return milliseconds < 1000 ? `${milliseconds}ms` : `${milliseconds / 1000}s`;
}
