import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError, shortId } from '../base/index.ts';
import type { ContainerProcess, StdioRequest } from '../runtime/index.ts';
import type { ContainerRecord, CreateExecRequest } from './contract.ts';
import { toExecProcess } from './exec-process.ts';
import type { House } from './house.ts';
import type { Options } from './requests.ts';

export type ExecParts = Pick<House, 'runtime' | 'live' | 'execRoot' | 'defaults' | 'host'>;

/** Starts another process in a container that runs. @throws {EngineError} Conflict, when it does not; InvalidArgument, as the runtime. */
export async function runInContainer(
  parts: ExecParts,
  record: ContainerRecord,
  id: string,
  request: CreateExecRequest,
  stdio: StdioRequest,
  options: Options,
): Promise<ContainerProcess> {
  const container = parts.live.process(record.id);
  if (container === undefined) throw new EngineError('Conflict', `Container ${record.id} is not running`);
  const runDirectory = execDirectory(parts, record.id, id);
  mkdirSync(runDirectory, { recursive: true, mode: 0o700 });
  const process = toExecProcess(parts, record, request);
  return parts.runtime.exec(container, { id, process, privileged: request.privileged, runDirectory, stdio }, options);
}

/** Removes what an exec left in the run root; `cut`: somebody still holds its output, so its monitor has to be dismissed. Idempotent. */
export async function removeExec(parts: ExecParts, containerId: string, id: string, how: 'ended' | 'cut'): Promise<void> {
  const directory = execDirectory(parts, containerId, id);
  if (how === 'cut') await parts.runtime.delete(id, directory);
  else rmSync(directory, { recursive: true, force: true });
}

// Short: a unix socket's path may have 107 bytes.
function execDirectory(parts: ExecParts, containerId: string, id: string): string {
  return join(parts.execRoot, 'containers', containerId, `exec-${shortId(id)}`);
}
