import type { CgroupStatistics, ContainerProcess } from '../../runtime/index.ts';
import type { RuntimeSpec } from '../../spec/index.ts';
import type { ContainerRecord } from '../contract.ts';
import type { House } from '../house.ts';
import { toRuntimeSpec } from '../oci-spec/index.ts';
import type { Options } from '../requests.ts';
import { lookUpInputs } from '../spec-inputs.ts';
import type { ContainerExplanation, NamespaceExplanation } from './contract.ts';
import { namespaceFiles, namespaceInode, statusField } from './facts.ts';
import { explainCapabilities, explainLimits, explainMounts, explainRoot, explainSeccomp } from './sections.ts';
import { namespaceWords, sharedWords } from './words.ts';

/**
 * What isolates a container, and what each part protects. Inodes, paths and use are read from the kernel; the rest is what it was started with, or
 * would be. @throws {EngineError} NotFound.
 */
export async function explainContainer(house: House, words: string, _options: Options): Promise<ContainerExplanation> {
  const record = house.records.resolve(words);
  const process = house.live.process(record.id);
  const spec = specOf(house, record, process !== undefined);
  const namespaces = explainNamespaces(spec, process);
  const { capabilities = {}, noNewPrivileges = false, rlimits = [] } = spec.process;
  const kept = capabilities.bounding ?? [];
  const { maskedPaths: masked = [], readonlyPaths: readonly = [], uidMappings = [], seccomp } = spec.linux;
  return {
    version: 1,
    id: record.id,
    name: record.name,
    status: record.state.status,
    pid: process?.pid ?? null,
    givenAway: givenAway(record, spec, namespaces),
    namespaces,
    cgroup: {
      version: house.host.cgroupVersion,
      paths: process?.cgroup.paths ?? {},
      limits: explainLimits(spec, statisticsOf(process)),
      protects: 'What it uses of the machine is counted, limited and stopped as one; others keep their share.',
    },
    root: explainRoot(spec),
    mounts: explainMounts(record, spec.mounts),
    hidden: {
      masked,
      readonly,
      protects: 'Files of /proc and /sys that tell of the machine or change it are covered by nothing, or cannot be written.',
    },
    capabilities: explainCapabilities(kept),
    seccomp: explainSeccomp(seccomp),
    noNewPrivileges: {
      on: process === undefined ? noNewPrivileges : statusField(process.pid, 'NoNewPrivs') === '1',
      protects: 'When it is on, no set-user-id program gives a process in it more than it has.',
    },
    users: {
      user: record.config.User,
      map: uidMappings.map(({ containerID, hostID, size }) => ({ inside: containerID, outside: hostID, size })),
      protects: uidMappings.length > 0 ? namespaceWords['user']! : sharedWords['user']!,
    },
    rlimits: {
      set: rlimits.map(({ type, soft, hard }) => ({ name: type, soft, hard })),
      protects: 'Limits of each process or user, such as open files; the rest are as the engine has them.',
    },
    network: { mode: record.hostConfig.NetworkMode, protects: networkWords(record.hostConfig.NetworkMode) },
  };
}

// A container that does not run joins nobody and has no shared memory yet: looking must not make any, nor fail because a peer is gone.
function specOf(house: House, record: ContainerRecord, running: boolean): RuntimeSpec {
  if (running) return toRuntimeSpec(record, lookUpInputs(house, record));
  const { hostConfig } = record;
  const alone = (mode: string, otherwise: string) => (mode.startsWith('container:') ? otherwise : mode);
  const quiet: ContainerRecord = {
    ...record,
    hostConfig: {
      ...hostConfig,
      NetworkMode: ['host', 'none'].includes(hostConfig.NetworkMode) ? hostConfig.NetworkMode : 'none',
      PidMode: alone(hostConfig.PidMode, ''),
      IpcMode: hostConfig.IpcMode === 'shareable' ? 'private' : alone(hostConfig.IpcMode, 'private'),
    },
  };
  return toRuntimeSpec(quiet, lookUpInputs(house, quiet));
}

function explainNamespaces(spec: RuntimeSpec, process: ContainerProcess | undefined): readonly NamespaceExplanation[] {
  return Object.keys(namespaceFiles).flatMap((type) => {
    const hostInode = namespaceInode('self', type);
    if (hostInode === null) return [];
    const wanted = spec.linux.namespaces.find((each) => each.type === type);
    const kind = wanted === undefined ? 'host' : wanted.path === undefined ? 'own' : 'joined';
    const inode = process === undefined ? null : namespaceInode(process.pid, type);
    const protects =
      kind === 'host'
        ? sharedWords[type]!
        : kind === 'own'
          ? namespaceWords[type]!
          : `It shares that of another container, and is apart from the host's. ${namespaceWords[type]}`;
    return [{ type, kind, inode, hostInode, protects }];
  });
}

function statisticsOf(process: ContainerProcess | undefined): CgroupStatistics | undefined {
  try {
    return process?.cgroup.statistics();
  } catch {
    return undefined; // It has ended meanwhile.
  }
}

function givenAway(record: ContainerRecord, spec: RuntimeSpec, namespaces: readonly NamespaceExplanation[]): readonly string[] {
  const { hostConfig } = record;
  const shared = namespaces.filter(({ type, kind }) => kind === 'host' && ['pid', 'network', 'ipc', 'uts'].includes(type));
  const added = (hostConfig.CapAdd ?? []).length > 0 && !hostConfig.Privileged;
  const binds = record.mounts.filter(({ type, readWrite }) => type === 'bind' && readWrite).map(({ source }) => source);
  return [
    ...(hostConfig.Privileged
      ? [
          'It is privileged: it has every capability, every device of the host, /sys and /proc writable and no filter. A process that is root in it can take the host.',
        ]
      : []),
    ...shared.map(({ type, protects }) => `It shares the host's ${type} namespace. ${protects}`),
    ...(added ? [`Capabilities were added: ${hostConfig.CapAdd!.join(', ')}.`] : []),
    ...(spec.linux.seccomp === undefined && !hostConfig.Privileged ? ['No system call is filtered (seccomp=unconfined).'] : []),
    ...((hostConfig.Devices ?? []).length > 0
      ? [`It may use devices of the host: ${hostConfig.Devices!.map((one) => one.PathOnHost).join(', ')}.`]
      : []),
    ...(binds.length > 0 ? [`It may write to paths of the host: ${binds.join(', ')}.`] : []),
  ];
}

function networkWords(mode: string): string {
  if (mode === 'host') return sharedWords['network']!;
  if (mode === 'none') return 'It has a loopback interface only and reaches nobody.';
  if (mode.startsWith('container:')) return 'It shares the interfaces, addresses and ports of another container.';
  return namespaceWords['network']!;
}
