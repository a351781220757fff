import type { EngineInfo, House } from '../../engine/index.ts';
import type { Program } from '../call.ts';
import { formatTime } from './time.ts';

export interface InfoFacts {
  readonly house: Pick<House, 'clock' | 'dataRoot' | 'defaults' | 'engineId' | 'host' | 'registry'>;
  readonly info: EngineInfo;
  readonly program: Program;
  readonly minor: number;
}

/** GET /info, fields in Docker's order. moby api/types/system (Info). */
export function renderInfo({ house, info, program, minor }: InfoFacts) {
  const { defaults, host } = house;
  const has = (controller: string) => host.controllers.includes(controller);
  const runtimes = { berth: { path: 'berth' }, runc: { path: 'berth' }, ...foreignRuntimes(defaults) };
  return {
    ID: house.engineId,
    Containers: info.containers,
    ContainersRunning: info.running,
    ContainersPaused: info.paused,
    ContainersStopped: info.stopped,
    Images: info.images,
    Driver: 'overlay2',
    DriverStatus: [
      ['Backing Filesystem', 'extfs'],
      ['Supports d_type', 'true'],
      ['Native Overlay Diff', 'true'],
    ],
    Plugins: { Volume: ['local'], Network: ['bridge', 'host', 'null'], Authorization: null, Log: ['json-file', 'none'] },
    MemoryLimit: has('memory'),
    SwapLimit: host.swapLimit,
    ...(minor < 42 ? { KernelMemory: false } : {}),
    CpuCfsPeriod: has('cpu'),
    CpuCfsQuota: has('cpu'),
    CPUShares: has('cpu'),
    CPUSet: has('cpuset'),
    PidsLimit: has('pids'),
    IPv4Forwarding: true,
    ...(minor < 50 ? { BridgeNfIptables: false, BridgeNfIp6tables: false } : {}),
    Debug: false,
    NFd: info.fileDescriptors,
    OomKillDisable: host.cgroupVersion === 1,
    NGoroutines: info.goroutines,
    SystemTime: formatTime(house.clock.now()),
    LoggingDriver: defaults.logDriver,
    CgroupDriver: 'cgroupfs',
    ...(minor >= 41 ? { CgroupVersion: String(host.cgroupVersion) } : {}),
    NEventsListener: info.eventListeners,
    KernelVersion: host.kernelVersion,
    OperatingSystem: info.operatingSystem,
    OSVersion: info.osVersion,
    OSType: 'linux',
    Architecture: host.architecture === 'amd64' ? 'x86_64' : host.architecture === 'arm64' ? 'aarch64' : host.architecture,
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: registryConfig(house, minor),
    NCPU: host.cpus,
    MemTotal: host.memoryBytes,
    GenericResources: null,
    DockerRootDir: house.dataRoot,
    HttpProxy: '',
    HttpsProxy: '',
    NoProxy: '',
    Name: host.hostname,
    Labels: defaults.labels,
    ExperimentalBuild: false,
    ServerVersion: program.version,
    Runtimes: runtimes,
    DefaultRuntime: defaults.defaultRuntime,
    Swarm: { NodeID: '', NodeAddr: '', LocalNodeState: 'inactive', ControlAvailable: false, Error: '', RemoteManagers: null },
    LiveRestoreEnabled: true,
    Isolation: '',
    InitBinary: 'berth-init',
    ContainerdCommit: commit('', minor),
    RuncCommit: commit(program.version, minor),
    InitCommit: commit(program.version, minor),
    SecurityOptions: host.securityOptions,
    ...(minor >= 44 ? { CDISpecDirs: [] } : {}),
    Warnings: info.warnings.length === 0 ? null : info.warnings,
  };
}

function commit(id: string, minor: number) {
  return minor < 49 ? { ID: id, Expected: id } : { ID: id };
}

function foreignRuntimes(defaults: House['defaults']) {
  return Object.fromEntries(
    Object.entries(defaults.runtimes).map(([name, { path, args }]) => [
      name,
      { path, ...(args.length === 0 ? {} : { runtimeArgs: args }) },
    ]),
  );
}

// As dockerd, which lists insecure hosts as indexes of their own and insecure ranges apart.
function registryConfig({ registry }: InfoFacts['house'], minor: number): object {
  const { mirrors = [], insecure = [] } = registry.policy;
  const hosts = insecure.filter((each) => !each.includes('/'));
  const indexes = hosts.map((Name) => [Name, { Name, Mirrors: [], Secure: false, Official: false }] as const);
  return {
    ...(minor < 49 ? { AllowNondistributableArtifactsCIDRs: [], AllowNondistributableArtifactsHostnames: [] } : {}),
    InsecureRegistryCIDRs: ['::1/128', '127.0.0.0/8', ...insecure.filter((each) => each.includes('/'))],
    IndexConfigs: { 'docker.io': { Name: 'docker.io', Mirrors: mirrors, Secure: true, Official: true }, ...Object.fromEntries(indexes) },
    Mirrors: mirrors,
  };
}
