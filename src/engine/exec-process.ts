import { containerCapabilities } from '../runtime/index.ts';
import type { RuntimeProcess } from '../spec/index.ts';
import type { ContainerRecord, CreateExecRequest } from './contract.ts';
import type { House } from './house.ts';
import { toRuntimeProcess } from './oci-spec/index.ts';

type ProcessParts = Pick<House, 'defaults' | 'host'>;

/** What an exec runs: the container's own process with the request's command, and its user, directory, variables and privileges over the container's. */
export function toExecProcess(parts: ProcessParts, record: ContainerRecord, request: CreateExecRequest): RuntimeProcess {
  const { consoleSize: _size, user, init: _init, ...own } = containerProcess(parts, record);
  const all = request.privileged ? containerCapabilities({ add: [], drop: [], privileged: true }, parts.host.capabilities) : undefined;
  return {
    ...own,
    terminal: request.terminal,
    ...(request.consoleSize === undefined ? {} : { consoleSize: { height: request.consoleSize.rows, width: request.consoleSize.columns } }),
    args: request.command,
    cwd: request.workingDir === '' ? own.cwd : request.workingDir,
    env: withTerminal(mergeEnv(own.env, request.env), request.terminal),
    user: request.user === '' ? user : { uid: 0, gid: 0, username: request.user },
    ...(all === undefined ? {} : { capabilities: { bounding: all, effective: all, permitted: all }, noNewPrivileges: false }),
  };
}

/** Nothing of the container's mounts and namespaces matters: an exec joins what is there. */
function containerProcess(parts: ProcessParts, record: ContainerRecord): RuntimeProcess {
  const { CapAdd, CapDrop, Privileged: privileged } = record.hostConfig;
  return toRuntimeProcess(record, {
    defaults: parts.defaults,
    host: parts.host,
    hostname: record.config.Hostname,
    capabilities: containerCapabilities({ add: CapAdd ?? [], drop: CapDrop ?? [], privileged }, parts.host.capabilities),
    rootMounts: [],
    joins: {},
    files: { hosts: '', hostname: '', resolvConf: '' },
    subpaths: {},
    imageMounts: {},
    devices: [],
    blockDevices: {},
  });
}

/** Later variables take the place of earlier ones of the same name; one without `=` removes it. */
function mergeEnv(env: readonly string[], added: readonly string[]): readonly string[] {
  const variables = new Map<string, string>();
  for (const variable of [...env, ...added]) {
    const equals = variable.indexOf('=');
    if (equals === -1) variables.delete(variable);
    else variables.set(variable.slice(0, equals), variable);
  }
  return [...variables.values()];
}

function withTerminal(env: readonly string[], terminal: boolean): readonly string[] {
  return terminal && !env.some((variable) => variable.startsWith('TERM=')) ? [...env, 'TERM=xterm'] : env;
}
