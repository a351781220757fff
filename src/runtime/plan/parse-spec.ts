import { EngineError, messageOf } from '../../base/index.ts';
import type { RuntimeProcess, RuntimeResources, RuntimeSpec } from '../../spec/index.ts';
import { anything, boolean, fit, integer, list, map, record, text, type Shape } from './shape.ts';

const maxBytes = 16 << 20;
const id = integer(0, 0xffff_ffff);
const signed = integer(-(2 ** 63), 2 ** 64);
const mapping = record({ containerID: id, hostID: id, size: id });
const mappings = list(mapping, 340);
const capabilities = list(text(64), 64);

const hook = record({ path: text() }, { args: list(text(), 1024), env: list(text(), 1024), timeout: integer(1, 86_400) });
const hooks = list(hook, 64);

const user = record(
  { uid: id, gid: id },
  { umask: integer(0, 0o777), additionalGids: list(id), additionalGroups: list(text(256)), username: text(512) },
);

const process = record(
  { cwd: text(), args: list(text(2 << 20), 1 << 16), user },
  {
    terminal: boolean,
    consoleSize: record({ height: integer(0, 0xffff), width: integer(0, 0xffff) }),
    env: list(text(2 << 20), 1 << 16),
    rlimits: list(record({ type: text(64), hard: signed, soft: signed }), 64),
    capabilities: record(
      {},
      { bounding: capabilities, effective: capabilities, inheritable: capabilities, permitted: capabilities, ambient: capabilities },
    ),
    noNewPrivileges: boolean,
    oomScoreAdj: integer(-1000, 1000),
    apparmorProfile: text(),
    selinuxLabel: text(),
    ioPriority: anything,
    scheduler: anything,
    init: boolean,
  },
);

const throttles = list(record({ major: id, minor: id, rate: integer() }));

const resources = record(
  {},
  {
    devices: list(record({ allow: boolean }, { type: text(1), major: integer(-1), minor: integer(-1), access: text(3) }), 4096),
    memory: record(
      {},
      {
        ...{
          limit: signed,
          reservation: signed,
          swap: signed,
          kernel: signed,
          kernelTCP: signed,
          swappiness: integer(),
          disableOOMKiller: boolean,
        },
        ...{ useHierarchy: boolean, checkBeforeUpdate: boolean },
      },
    ),
    cpu: record(
      {},
      {
        ...{ shares: integer(), quota: signed, burst: integer(), period: integer(), realtimeRuntime: signed, realtimePeriod: integer() },
        ...{ cpus: text(), mems: text(), idle: integer(0, 1) },
      },
    ),
    blockIO: record(
      {},
      {
        weight: integer(0, 1000),
        leafWeight: integer(0, 1000),
        weightDevice: list(record({ major: id, minor: id }, { weight: integer(0, 1000), leafWeight: integer(0, 1000) })),
        throttleReadBpsDevice: throttles,
        throttleWriteBpsDevice: throttles,
        throttleReadIOPSDevice: throttles,
        throttleWriteIOPSDevice: throttles,
      },
    ),
    pids: record({ limit: signed }),
    hugepageLimits: list(record({ pageSize: text(16), limit: integer() }), 16),
    network: record({}, { classID: id, priorities: list(record({ name: text(64), priority: id })) }),
    unified: map(text()),
  },
);

const argument = record({ index: integer(0, 5), value: integer(), op: text(64) }, { valueTwo: integer() });
const seccomp = record(
  { defaultAction: text(64) },
  {
    defaultErrnoRet: integer(0, 4095),
    architectures: list(text(64), 64),
    flags: list(text(64), 16),
    listenerPath: text(),
    listenerMetadata: text(),
    syscalls: list(
      record({ names: list(text(64), 2048), action: text(64) }, { errnoRet: integer(0, 4095), args: list(argument, 6) }),
      4096,
    ),
  },
);

const linux = record(
  {},
  {
    namespaces: list(record({ type: text(16) }, { path: text() }), 16),
    uidMappings: mappings,
    gidMappings: mappings,
    timeOffsets: map(record({}, { secs: signed, nanosecs: integer(0, 999_999_999) }), 8),
    devices: list(
      record({ type: text(1), path: text() }, { major: signed, minor: signed, fileMode: integer(0, 0xffff_ffff), uid: id, gid: id }),
      1024,
    ),
    cgroupsPath: text(),
    resources,
    rootfsPropagation: text(32),
    seccomp,
    sysctl: map(text()),
    maskedPaths: list(text()),
    readonlyPaths: list(text()),
    mountLabel: text(),
    personality: record({ domain: text(16) }),
  },
);

const mount = record(
  { destination: text() },
  { type: text(64), source: text(), options: list(text(), 256), uidMappings: mappings, gidMappings: mappings },
);

const spec: Shape = record(
  { ociVersion: text(32), root: record({ path: text() }, { readonly: boolean }), process },
  {
    hostname: text(64),
    domainname: text(64),
    mounts: list(mount),
    hooks: record(
      {},
      Object.fromEntries(
        ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'].map((point) => [point, hooks]),
      ),
    ),
    annotations: map(text(1 << 20), 1024),
    linux,
  },
);

/**
 * A foreign bundle's `config.json`. Only its form is checked here; what cannot be done is said by `plan`.
 * @throws {EngineError} InvalidArgument, that names the field.
 */
export function parseRuntimeSpec(json: string): RuntimeSpec {
  const fitted = fit(parse(json), spec, '') as RuntimeSpec;
  return {
    ...fitted,
    mounts: fitted.mounts ?? [],
    process: { ...fitted.process, env: fitted.process.env ?? [] },
    linux: { ...fitted.linux, namespaces: fitted.linux?.namespaces ?? [] },
  };
}

/** A foreign `process.json`, for another process in a container. @throws as `parseRuntimeSpec`. */
export function parseRuntimeProcess(json: string): RuntimeProcess {
  const fitted = fit(parse(json), process, 'process') as RuntimeProcess;
  return { ...fitted, env: fitted.env ?? [] };
}

/** A foreign `resources.json`, for an update. @throws as `parseRuntimeSpec`. */
export function parseRuntimeResources(json: string): RuntimeResources {
  return fit(parse(json), resources, 'resources') as RuntimeResources;
}

function parse(json: string): unknown {
  if (json.length > maxBytes) throw new EngineError('InvalidArgument', `Cannot use runtime spec: it is longer than ${maxBytes} bytes`);
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new EngineError('InvalidArgument', `Cannot use runtime spec: ${messageOf(error)}`, { cause: error });
  }
}
