import type { NamespaceType, RuntimeLinux, RuntimeProcess, RuntimeSpec } from '../../spec/index.ts';
import type { ContainerRecord } from '../contract.ts';
import { parseSecurityOptions } from '../security-options.ts';
import type { HostDevice, SpecInputs } from './inputs.ts';
import { toMounts } from './mounts.ts';
import { toResources } from './resources.ts';

const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * What the runtime is to make of a container, with Docker's rules. Pure: the same record and inputs give the same spec.
 * moby daemon/oci_linux.go, oci/defaults.go.
 */
export function toRuntimeSpec(record: ContainerRecord, inputs: SpecInputs): RuntimeSpec {
  const { config, hostConfig } = record;
  const ownUts = hostConfig.UTSMode !== 'host';
  return {
    ociVersion: '1.2.0',
    root: { path: 'rootfs', readonly: hostConfig.ReadonlyRootfs },
    rootMounts: inputs.rootMounts,
    ...(ownUts ? { hostname: inputs.hostname } : {}),
    ...(ownUts && config.Domainname !== '' ? { domainname: config.Domainname } : {}),
    process: toRuntimeProcess(record, inputs),
    mounts: toMounts(record, inputs),
    ...(hostConfig.Annotations === undefined ? {} : { annotations: hostConfig.Annotations }),
    linux: toLinux(record, inputs),
  };
}

/** The container's own process; exec starts from it as well. */
export function toRuntimeProcess(record: ContainerRecord, inputs: SpecInputs): RuntimeProcess {
  const { config, hostConfig, process } = record;
  const { capabilities } = inputs;
  const [height, width] = hostConfig.ConsoleSize;
  const noNewPrivileges = parseSecurityOptions(hostConfig.SecurityOpt ?? []).noNewPrivileges ?? inputs.defaults.noNewPrivileges;
  // With the host's or another's pids it would not be pid 1, and nothing would be its to reap.
  const init = (hostConfig.Init ?? inputs.defaults.init) && hostConfig.PidMode === '';
  return {
    terminal: config.Tty,
    ...(config.Tty && height > 0 && width > 0 ? { consoleSize: { height, width } } : {}),
    cwd: config.WorkingDir === '' ? '/' : config.WorkingDir,
    env: processEnv(record, inputs.hostname),
    args: [process.path, ...process.args],
    rlimits: rlimits(record, inputs),
    capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    noNewPrivileges,
    ...(hostConfig.OomScoreAdj === 0 ? {} : { oomScoreAdj: hostConfig.OomScoreAdj }),
    user: {
      uid: 0,
      gid: 0,
      ...(config.User === '' ? {} : { username: config.User }),
      ...((hostConfig.GroupAdd ?? []).length === 0 ? {} : { additionalGroups: hostConfig.GroupAdd! }),
    },
    ...(init ? { init: true } : {}),
  };
}

// Docker's own variables first; a user's of the same name takes its place, one without `=` removes it.
function processEnv(record: ContainerRecord, hostname: string): readonly string[] {
  const variables = new Map<string, string>();
  const own = [defaultPath, `HOSTNAME=${hostname}`, ...(record.config.Tty ? ['TERM=xterm'] : [])];
  for (const variable of [...own, ...record.config.Env]) {
    const equals = variable.indexOf('=');
    if (equals === -1) variables.delete(variable);
    else variables.set(variable.slice(0, equals), variable);
  }
  return [...variables.values()];
}

function rlimits(record: ContainerRecord, inputs: SpecInputs): NonNullable<RuntimeProcess['rlimits']> {
  const own = record.hostConfig.Ulimits ?? [];
  const rest = inputs.defaults.ulimits.filter((each) => !own.some((mine) => mine.Name === each.Name));
  return [...own, ...rest].map(({ Name, Soft, Hard }) => ({ type: `RLIMIT_${Name.toUpperCase()}`, soft: Soft, hard: Hard }));
}

function toLinux(record: ContainerRecord, inputs: SpecInputs): RuntimeLinux {
  const { hostConfig } = record;
  const { host, devices, seccomp } = inputs;
  return {
    namespaces: toNamespaces(record, inputs),
    devices: devices.map(toRuntimeDevice),
    cgroupsPath: cgroupsPath(record, inputs),
    resources: toResources(hostConfig, { devices, blockDevices: inputs.blockDevices, cgroupVersion: host.cgroupVersion }),
    // The container sees mounts that the host makes below a shared bind, and never the other way round.
    rootfsPropagation: propagatesFromHost(record) ? 'rslave' : 'rprivate',
    sysctl: toSysctls(record),
    ...((hostConfig.MaskedPaths ?? []).length === 0 || hostConfig.Privileged ? {} : { maskedPaths: hostConfig.MaskedPaths! }),
    ...((hostConfig.ReadonlyPaths ?? []).length === 0 || hostConfig.Privileged ? {} : { readonlyPaths: hostConfig.ReadonlyPaths! }),
    ...(seccomp === undefined ? {} : { seccomp }),
  };
}

function propagatesFromHost(record: ContainerRecord): boolean {
  return record.mounts.some(({ propagation }) => /^r?(shared|slave)$/.test(propagation));
}

function cgroupsPath(record: ContainerRecord, inputs: SpecInputs): string {
  const parent = record.hostConfig.CgroupParent === '' ? inputs.defaults.cgroupParent : record.hostConfig.CgroupParent;
  return `${parent.startsWith('/') ? '' : '/'}${parent.replace(/\/+$/, '')}/${record.id}`;
}

function toNamespaces(record: ContainerRecord, inputs: SpecInputs): RuntimeLinux['namespaces'] {
  const { hostConfig } = record;
  const { joins } = inputs;
  const namespaces: Array<{ readonly type: NamespaceType; readonly path?: string }> = [{ type: 'mount' }];
  const add = (type: NamespaceType, path?: string) => namespaces.push(path === undefined ? { type } : { type, path });
  if (hostConfig.NetworkMode !== 'host') add('network', joins.network);
  if (hostConfig.UTSMode !== 'host') add('uts');
  if (hostConfig.PidMode !== 'host') add('pid', joins.pid);
  if (hostConfig.IpcMode !== 'host') add('ipc', joins.ipc);
  if (hostConfig.CgroupnsMode !== 'host') add('cgroup');
  return namespaces;
}

// Without these a process that is not root could neither bind a low port nor ping in its own network. moby daemon/oci_linux.go (WithSysctls).
function toSysctls(record: ContainerRecord): Readonly<Record<string, string>> {
  const { NetworkMode: mode, Sysctls: own = {} } = record.hostConfig;
  if (mode === 'host' || mode.startsWith('container:')) return own;
  return { 'net.ipv4.ip_unprivileged_port_start': '0', 'net.ipv4.ping_group_range': '0 2147483647', ...own };
}

function toRuntimeDevice({ path, type, major, minor, fileMode, uid, gid }: HostDevice) {
  return { path, type, major, minor, fileMode, uid, gid };
}
