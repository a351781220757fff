import { EngineError, isEngineError, messageOf } from '../base/index.ts';
import type { ContainerProcess, StdioRequest, TerminalSize } from '../runtime/index.ts';
import type { AttachSession, ContainerRecord, CreateExecRequest, ExecRecord } from './contract.ts';
import { publishContainerEvent } from './events/index.ts';
import { removeExec, runInContainer } from './exec-run.ts';
import type { ExecInstance } from './exec-table.ts';
import type { House } from './house.ts';
import { noLog } from './logs/index.ts';
import type { Options } from './requests.ts';
import { parseDetachKeys, pump, Session } from './streams/index.ts';
import type { StartExecRequest } from './use-cases.ts';

/**
 * Prepares a command in a running container and returns its id.
 * @throws {EngineError} NotFound; Conflict, when the container does not run or is paused; InvalidArgument, without a command or for bad detach keys.
 */
export async function createExec(house: House, words: string, request: CreateExecRequest, _options: Options): Promise<string> {
  const record = house.records.resolve(words);
  requireRunning(record, words);
  if (request.command.length === 0) throw new EngineError('InvalidArgument', 'No exec command specified');
  parseDetachKeys(request.detachKeys);
  const { id } = house.execs.add(house.newId(), record.id, request);
  publishContainerEvent(house.events, record, `exec_create: ${request.command.join(' ')}`, { execID: id });
  return id;
}

/**
 * Runs a prepared command, once. Returns the session with it, or undefined with `detach`.
 * @throws {EngineError} NotFound `No such exec instance: x`; Conflict, when it has run or the container does not run;
 * InvalidArgument with `detail.exitCode` 126 or 127, when the command cannot be executed.
 */
export async function startExec(house: House, id: string, request: StartExecRequest, options: Options): Promise<AttachSession | undefined> {
  const instance = requireExec(house, id);
  const record = house.records.resolve(instance.containerId);
  requireRunning(record, record.id);
  if (instance.state.status === 'running' || instance.state.status === 'starting') {
    throw new EngineError('Conflict', `Error: Exec command ${id} is already running`);
  }
  if (instance.state.status === 'ended') throw new EngineError('Conflict', `Error: Exec command ${id} has already run`);
  instance.state = { status: 'starting' };
  const created = instance.request;
  const terminal = created.terminal;
  const stdin = created.attachStdin && !request.detach;
  const size = request.consoleSize ?? created.consoleSize;
  const stdio: StdioRequest = terminal ? { kind: 'terminal', stdin, ...(size === undefined ? {} : { size }) } : { kind: 'pipes', stdin };
  publishContainerEvent(house.events, record, `exec_start: ${created.command.join(' ')}`, { execID: id });
  const process = await runInContainer(house, record, id, created, stdio, options).catch(async (error: unknown) => {
    failed(house, record, instance, error);
    await removeExec(house, record.id, id, 'ended');
    throw error;
  });
  return follow(house, record, instance, process, request.detach);
}

/** @throws {EngineError} NotFound; Conflict, when it does not run. */
export async function resizeExec(house: House, id: string, size: TerminalSize, _options: Options): Promise<void> {
  const instance = requireExec(house, id);
  if (instance.state.status !== 'running') throw new EngineError('Conflict', `exec process is not running`);
  await instance.state.process.resize(size);
}

/** @throws {EngineError} NotFound. */
export function inspectExec(house: House, id: string): ExecRecord {
  const found = house.execs.find(id);
  if (found === undefined) throw new EngineError('NotFound', `No such exec instance: ${id}`);
  return found;
}

function requireExec(house: House, id: string): ExecInstance {
  const instance = house.execs.instance(id);
  if (instance === undefined || house.records.find(instance.containerId) === undefined) {
    throw new EngineError('NotFound', `No such exec instance: ${id}`);
  }
  return instance;
}

function requireRunning(record: ContainerRecord, words: string): void {
  switch (record.state.status) {
    case 'running':
      return;
    case 'paused':
      throw new EngineError('Conflict', `container ${words} is paused, unpause the container before exec`);
    case 'restarting':
      throw new EngineError('Conflict', `Container ${words} is restarting, wait until the container is running`);
    default:
      throw new EngineError('Conflict', `Container ${words} is not running`);
  }
}

/** Joins the process to its session, and waits for its end in the background. */
function follow(
  house: House,
  record: ContainerRecord,
  instance: ExecInstance,
  process: ContainerProcess,
  detach: boolean,
): AttachSession | undefined {
  instance.state = { status: 'running', process };
  const sessions = new Set<Session>();
  const { request } = instance;
  let session: Session | undefined;
  if (!detach) {
    session = new Session({
      terminal: request.terminal,
      stdin: request.attachStdin,
      stdout: request.attachStdout,
      stderr: request.attachStderr,
      detachKeys: parseDetachKeys(request.detachKeys),
      closesStdin: !request.terminal,
      process: Promise.resolve(process),
      onDetach: () => publishContainerEvent(house.events, record, 'exec_detach', { execID: instance.id }),
      onEnd: () => sessions.clear(),
    });
    sessions.add(session);
  }
  void finish(house, record, instance, process, sessions);
  return session;
}

/** The exit is known before the session ends: clients inspect at once after they saw the end of the output. */
async function finish(
  house: House,
  record: ContainerRecord,
  instance: ExecInstance,
  process: ContainerProcess,
  sessions: Set<Session>,
): Promise<void> {
  let how: 'ended' | 'cut' = 'cut';
  try {
    how = await pump({ process, writer: noLog, sessions, log: house.log });
    const { exitCode } = await process.exited;
    house.execs.ended(instance, exitCode);
    publishContainerEvent(house.events, record, 'exec_die', { execID: instance.id, exitCode: String(exitCode) });
  } catch (error) {
    house.log.warn('Cannot follow exec', { exec: instance.id, error: messageOf(error) });
    house.execs.ended(instance, 137);
  } finally {
    for (const session of sessions) session.end();
    if (!house.closing.aborted) await removeExec(house, record.id, instance.id, how);
  }
}

/** The exec has ended before it began: with the exit code that shells give a command that is not there or cannot be executed. */
function failed(house: House, record: ContainerRecord, instance: ExecInstance, error: unknown): void {
  const told = isEngineError(error) && !error.message.startsWith('unable to find ') ? error.detail['exitCode'] : undefined;
  const exitCode = typeof told === 'number' ? told : 126;
  house.execs.ended(instance, exitCode);
  publishContainerEvent(house.events, record, 'exec_die', { execID: instance.id, exitCode: String(exitCode) });
}
