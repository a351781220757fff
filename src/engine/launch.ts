import { mkdirSync } from 'node:fs';
import { constants } from 'node:os';
import { EngineError, isEngineError, messageOf } from '../base/index.ts';
import type { ContainerProcess } from '../runtime/index.ts';
import { publishContainerEvent } from './events/index.ts';
import type { ContainerRecord } from './contract.ts';
import { whenEnded } from './exit.ts';
import type { House } from './house.ts';
import { toRuntimeSpec } from './oci-spec/index.ts';
import type { Options } from './requests.ts';
import { lookUpInputs, runDirectoryOf } from './spec-inputs.ts';
import { attachNetworks, networksOf, releaseNetworks, writeFiles } from './networking.ts';
import { next } from './state.ts';

/** What a launch is for. */
export interface LaunchReason {
  /** The wait before this restart by the policy; 0 when a user (or the engine's start) launches it. */
  readonly restartDelayMs: number;
}

/**
 * Runs a container that does not run. Under its lock. When this resolves it runs, its row says so and `start` was published; when it rejects
 * its row keeps the error and exit code and nothing of the run is left.
 * @throws {EngineError} as `startContainer`.
 */
export async function launch(house: House, record: ContainerRecord, reason: LaunchReason, { signal }: Options): Promise<void> {
  const { id, config } = record;
  const runDirectory = runDirectoryOf(house, id);
  let process: ContainerProcess;
  try {
    signal.throwIfAborted();
    refuseForeignRuntime(house, record);
    mkdirSync(runDirectory, { recursive: true, mode: 0o711 });
    const networks = networksOf(house, record);
    // On a network its files tell its addresses: they are written when it has them.
    if (networks.length === 0) writeFiles(house, record);
    const spec = toRuntimeSpec(record, lookUpInputs(house, record));
    const prepare = networks.length === 0 ? {} : { prepare: async (pid: number) => attachNetworks(house, record, networks, pid) };
    const stdio = { kind: config.Tty ? 'terminal' : 'pipes', stdin: config.OpenStdin } as const;
    process = await house.runtime.start({ id, spec, runDirectory, stdio, ...prepare }, { signal });
  } catch (error) {
    throw await launchFailed(house, record, runDirectory, error);
  }
  const running = await recordStart(house, record, process, reason);
  adopt(house, running, process, reason);
  publishContainerEvent(house.events, running, 'start');
}

// A start that cannot be written down (a full disk) is taken back: nobody would know of the process.
async function recordStart(
  house: House,
  record: ContainerRecord,
  process: ContainerProcess,
  reason: LaunchReason,
): Promise<ContainerRecord> {
  const state = next(record.state, { kind: 'started', pid: process.pid, startedAt: process.startedAt });
  const byUser = reason.restartDelayMs === 0;
  try {
    return house.records.update(record.id, byUser ? { state, stoppedByUser: false, restartCount: 0 } : { state });
  } catch (error) {
    process.signal(constants.signals.SIGKILL);
    await process.exited;
    throw await launchFailed(house, record, runDirectoryOf(house, record.id), error);
  }
}

/** Takes charge of a running process: its output, health and end. */
export function adopt(
  house: House,
  record: ContainerRecord,
  process: ContainerProcess,
  reason: LaunchReason & { readonly stopRequested?: boolean },
): void {
  const { drained } = house.streams.connect(record, process);
  const recorded = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const live = {
    kind: 'running' as const,
    process,
    drained,
    recorded: recorded.promise,
    markRecorded: recorded.resolve,
    ended: ended.promise,
    restartDelayMs: reason.restartDelayMs,
    stopRequested: reason.stopRequested ?? false,
  };
  house.live.set(record.id, live);
  house.health.started(record, process);
  void whenEnded(house, record.id, live, (again, delayMs) => launch(house, again, { restartDelayMs: delayMs }, { signal: house.closing }))
    .catch((error: unknown) => house.log.error('container exit was not handled', { container: record.id, error: messageOf(error) }))
    .finally(() => {
      recorded.resolve();
      ended.resolve();
    });
}

// Who asks for another runtime (gVisor, say) wants its isolation: berth's in its place would be a lie.
function refuseForeignRuntime(house: House, { hostConfig: { Runtime: name } }: ContainerRecord): void {
  const foreign = Object.hasOwn(house.defaults.runtimes, name) ? house.defaults.runtimes[name] : undefined;
  if (foreign !== undefined) {
    throw new EngineError('NotImplemented', `runtime ${name} (${foreign.path}) cannot be used yet: containers run with berth's own`);
  }
}

async function launchFailed(house: House, record: ContainerRecord, runDirectory: string, error: unknown): Promise<EngineError> {
  releaseNetworks(house, record);
  await house.runtime.delete(record.id, runDirectory);
  const failure = toStartError(error);
  const exitCode = (failure.detail['exitCode'] as number | undefined) ?? 128;
  const state = next(record.state, { kind: 'startFailed', message: failure.message, exitCode, at: house.clock.now() });
  house.records.note(record.id, { state }, (cause) =>
    house.log.error('failed start cannot be written', { container: record.id, error: messageOf(cause) }),
  );
  house.streams.end(record.id);
  if (record.state.status === 'restarting') house.waiters.ended(record.id, { exitCode, error: failure.message }, false);
  return failure;
}

// The runtime's messages are Docker's; its command not found (127) or not executable (126) is a bad request, all else is ours.
function toStartError(error: unknown): EngineError {
  if (!isEngineError(error))
    return new EngineError('Internal', `failed to create task for container: ${messageOf(error)}`, { cause: error });
  const { exitCode } = error.detail;
  if (exitCode === undefined || exitCode === 126 || exitCode === 127) return error;
  return new EngineError('Internal', error.message, { cause: error, detail: error.detail });
}
