import { EngineError } from '../../base/index.ts';
import type { ContainerConfig, HostConfig, RestartPolicy } from '../../spec/index.ts';
import { normalizeCapabilities } from '../../runtime/index.ts';
import { parseDeviceRule } from '../device-rules.ts';
import { parseSecurityOptions } from '../security-options.ts';
import { checkPort } from './check-config.ts';

export interface HostConfigFacts {
  /** Accepted for `--runtime`, besides our own. */
  readonly runtimes: readonly string[];
}

/**
 * Refuses settings that contradict each other or mean nothing, in Docker's words; returns warnings.
 * moby daemon/container.go (validateHostConfig), runconfig/hostconfig_unix.go. Resources are checked apart.
 * @throws {EngineError} InvalidArgument.
 */
export function checkHostConfig(config: ContainerConfig, hostConfig: HostConfig, facts: HostConfigFacts): readonly string[] {
  if (hostConfig.AutoRemove && !['', 'no'].includes(hostConfig.RestartPolicy.Name)) {
    throw invalid("can't create 'AutoRemove' container with restart policy");
  }
  checkRestartPolicy(hostConfig.RestartPolicy);
  checkNamespaces(hostConfig);
  checkSharedNetwork(config, hostConfig);
  checkExtraHosts(hostConfig.ExtraHosts ?? []);
  for (const [port, bindings] of Object.entries(hostConfig.PortBindings ?? {})) checkPortBinding(port, bindings ?? []);
  normalizeCapabilities(hostConfig.CapAdd ?? [], 'CapAdd');
  normalizeCapabilities(hostConfig.CapDrop ?? [], 'CapDrop');
  parseSecurityOptions(hostConfig.SecurityOpt ?? []);
  for (const rule of hostConfig.DeviceCgroupRules ?? []) parseDeviceRule(rule);
  checkSysctls(hostConfig);
  checkUlimits(hostConfig.Ulimits ?? []);
  if (hostConfig.ShmSize < 0) throw invalid('SHM size can not be less than 0');
  if (hostConfig.OomScoreAdj < -1000 || hostConfig.OomScoreAdj > 1000) {
    throw invalid(`Invalid value ${hostConfig.OomScoreAdj}, range for oom score adj is [-1000, 1000]`);
  }
  if (!['', 'default'].includes(hostConfig.Isolation)) throw invalid(`invalid isolation '${hostConfig.Isolation}' on linux`);
  if (hostConfig.Runtime !== '' && !facts.runtimes.includes(hostConfig.Runtime)) {
    throw invalid(`unknown or invalid runtime name: ${hostConfig.Runtime}`);
  }
  if (Object.hasOwn(hostConfig.Annotations ?? {}, '')) {
    throw invalid('invalid Annotations: the empty string is not permitted as an annotation key');
  }
  if (Object.keys(hostConfig.StorageOpt ?? {}).length > 0) {
    throw invalid("--storage-opt is supported only for overlay over xfs with 'pquota' mount option");
  }
  for (const request of hostConfig.DeviceRequests ?? []) {
    const capabilities = (request.Capabilities ?? []).map((each) => `[${each.join(' ')}]`).join(' ');
    throw invalid(`could not select device driver "${request.Driver}" with capabilities: [${capabilities}]`);
  }
  const discarded = hostConfig.NetworkMode === 'host' && Object.keys(hostConfig.PortBindings ?? {}).length > 0;
  return discarded ? ['Published ports are discarded when using host network mode'] : [];
}

/** @throws {EngineError} InvalidArgument, in Docker's words. */
export function checkRestartPolicy(policy: RestartPolicy): void {
  const count = policy.MaximumRetryCount;
  switch (policy.Name) {
    case 'always':
    case 'unless-stopped':
    case 'no':
      if (count !== 0) {
        throw invalid(
          count < 0
            ? "invalid restart policy: maximum retry count can only be used with 'on-failure' and cannot be negative"
            : "invalid restart policy: maximum retry count can only be used with 'on-failure'",
        );
      }
      return;
    case 'on-failure':
      if (count < 0) throw invalid('invalid restart policy: maximum retry count cannot be negative');
      return;
    case '':
      if (count > 0) throw invalid('invalid restart policy: maximum retry count cannot be used with empty restart policy');
      return;
    default:
      throw invalid(
        `invalid restart policy: unknown policy '${policy.Name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
      );
  }
}

function checkNamespaces(hostConfig: HostConfig): void {
  const container = (mode: string) => mode.startsWith('container:') && mode.length > 'container:'.length;
  const checks: ReadonlyArray<readonly [string, string, readonly string[], boolean]> = [
    ['IPC mode', hostConfig.IpcMode, ['', 'private', 'shareable', 'none', 'host'], true],
    ['PID mode', hostConfig.PidMode, ['', 'host'], true],
    ['UTS mode', hostConfig.UTSMode, ['', 'host'], false],
    ['userns mode', hostConfig.UsernsMode, ['', 'host'], false],
    ['cgroup namespace mode', hostConfig.CgroupnsMode, ['', 'private', 'host'], false],
  ];
  for (const [words, mode, known, joins] of checks) {
    if (!known.includes(mode) && !(joins && container(mode))) throw invalid(`invalid ${words}: ${mode}`);
  }
  if (hostConfig.UTSMode === 'host' && hostConfig.NetworkMode.startsWith('container:')) return;
}

// A container in another's network has that one's name, hosts, DNS and ports. moby runconfig/hostconfig_unix.go.
function checkSharedNetwork(config: ContainerConfig, hostConfig: HostConfig): void {
  const mode = hostConfig.NetworkMode;
  if (hostConfig.UTSMode === 'host' && config.Hostname !== '') throw invalid('conflicting options: hostname and the UTS mode');
  if (mode === 'host' && (hostConfig.Links ?? []).length > 0) {
    throw invalid("conflicting options: host type networking can't be used with links. This would result in undefined behavior");
  }
  if (!mode.startsWith('container:')) return;
  if (mode === 'container:') throw invalid('invalid container format container:<name|id>');
  const conflicts: ReadonlyArray<readonly [boolean, string]> = [
    [config.Hostname !== '', 'hostname and the network mode'],
    [(hostConfig.Links ?? []).length > 0, "container type network can't be used with links. This would result in undefined behavior"],
    [(hostConfig.Dns ?? []).length > 0, 'dns and the network mode'],
    [(hostConfig.ExtraHosts ?? []).length > 0, 'custom host-to-IP mapping and the network mode'],
    [(config.MacAddress ?? '') !== '', 'mac-address and the network mode'],
    [
      Object.keys(hostConfig.PortBindings ?? {}).length > 0 || hostConfig.PublishAllPorts,
      'port publishing and the container type network mode',
    ],
    [Object.keys(config.ExposedPorts ?? {}).length > 0, 'port exposing and the container type network mode'],
  ];
  for (const [conflict, words] of conflicts) if (conflict) throw invalid(`conflicting options: ${words}`);
}

function checkExtraHosts(hosts: readonly string[]): void {
  for (const host of hosts) {
    const colon = host.search(/[:=]/);
    if (colon < 1 || colon === host.length - 1) throw invalid(`bad format for add-host: ${JSON.stringify(host)}`);
    const address = host.slice(colon + 1).replace(/^\[(.*)\]$/, '$1');
    if (address !== 'host-gateway' && !/^(\d{1,3}(\.\d{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*)$/.test(address)) {
      throw invalid(`invalid IP address in add-host: ${JSON.stringify(address)}`);
    }
  }
}

function checkPortBinding(port: string, bindings: ReadonlyArray<{ readonly HostPort: string }>): void {
  checkPort(port);
  for (const { HostPort } of bindings) {
    if (HostPort !== '' && !/^\d{1,5}(-\d{1,5})?$/.test(HostPort)) throw invalid(`invalid port specification: ${JSON.stringify(HostPort)}`);
  }
}

// Only namespaced keys are a container's own; others would change the host. runc libcontainer/configs/validate.
function checkSysctls(hostConfig: HostConfig): void {
  for (const key of Object.keys(hostConfig.Sysctls ?? {})) {
    const isNetwork = key.startsWith('net.');
    if (isNetwork && hostConfig.NetworkMode === 'host')
      throw invalid(`sysctl ${JSON.stringify(key)} not allowed in host network namespace`);
    const isIpc = /^(kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)|fs\.mqueue\..+)$/.test(key);
    if (isIpc && hostConfig.IpcMode === 'host') throw invalid(`sysctl ${JSON.stringify(key)} is not allowed in the hosts ipc namespace`);
    const isUts = key === 'kernel.domainname' || key === 'kernel.hostname';
    if (isUts && hostConfig.UTSMode === 'host') throw invalid(`sysctl ${JSON.stringify(key)} is not allowed in the hosts uts namespace`);
    if (!isNetwork && !isIpc && !isUts) throw invalid(`sysctl ${JSON.stringify(key)} is not in a separate kernel namespace`);
    if (key.includes('/') || key.includes('..')) throw invalid(`invalid sysctl ${JSON.stringify(key)}`);
  }
}

const ulimitNames = 'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack as'.split(' ');

function checkUlimits(ulimits: NonNullable<HostConfig['Ulimits']>): void {
  for (const { Name, Soft, Hard } of ulimits) {
    if (!ulimitNames.includes(Name)) throw invalid(`invalid ulimit type: ${Name}`);
    if (Hard !== -1 && (Soft > Hard || Soft === -1)) {
      throw invalid(`ulimit soft limit must be less than or equal to hard limit: ${Soft} > ${Hard}`);
    }
  }
}

function invalid(message: string): EngineError {
  return new EngineError('InvalidArgument', message);
}
