import type { ContainerConfig, Digest, HostConfig } from '../spec/index.ts';
import type { ContainerRecord } from './contract.ts';
import type { HostFacts } from './host-facts.ts';

/** A ContainerConfig with Docker's zero values. */
export function configOf(own: Partial<ContainerConfig> = {}): ContainerConfig {
  return {
    Hostname: '',
    Domainname: '',
    User: '',
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    Env: [],
    Cmd: null,
    Image: 'busybox',
    Volumes: null,
    WorkingDir: '',
    Entrypoint: null,
    OnBuild: null,
    Labels: {},
    ...own,
  };
}

/** A HostConfig with Docker's zero values. */
export function hostConfigOf(own: Partial<HostConfig> = {}): HostConfig {
  return {
    Binds: null,
    ContainerIDFile: '',
    LogConfig: { Type: '', Config: {} },
    NetworkMode: 'none',
    PortBindings: null,
    RestartPolicy: { Name: '', MaximumRetryCount: 0 },
    AutoRemove: false,
    VolumeDriver: '',
    VolumesFrom: null,
    ConsoleSize: [0, 0],
    CapAdd: null,
    CapDrop: null,
    CgroupnsMode: '',
    Dns: null,
    DnsOptions: null,
    DnsSearch: null,
    ExtraHosts: null,
    GroupAdd: null,
    IpcMode: '',
    Cgroup: '',
    Links: null,
    OomScoreAdj: 0,
    PidMode: '',
    Privileged: false,
    PublishAllPorts: false,
    ReadonlyRootfs: false,
    SecurityOpt: null,
    UTSMode: '',
    UsernsMode: '',
    ShmSize: 0,
    Runtime: '',
    Isolation: '',
    CpuShares: 0,
    Memory: 0,
    NanoCpus: 0,
    CgroupParent: '',
    BlkioWeight: 0,
    BlkioWeightDevice: null,
    BlkioDeviceReadBps: null,
    BlkioDeviceWriteBps: null,
    BlkioDeviceReadIOps: null,
    BlkioDeviceWriteIOps: null,
    CpuPeriod: 0,
    CpuQuota: 0,
    CpuRealtimePeriod: 0,
    CpuRealtimeRuntime: 0,
    CpusetCpus: '',
    CpusetMems: '',
    Devices: null,
    DeviceCgroupRules: null,
    DeviceRequests: null,
    MemoryReservation: 0,
    MemorySwap: 0,
    MemorySwappiness: null,
    OomKillDisable: null,
    PidsLimit: null,
    Ulimits: null,
    CpuCount: 0,
    CpuPercent: 0,
    IOMaximumIOps: 0,
    IOMaximumBandwidth: 0,
    MaskedPaths: null,
    ReadonlyPaths: null,
    ...own,
  };
}

/** A record as create makes it. */
export function recordOf(own: Partial<ContainerRecord> = {}): ContainerRecord {
  const id = own.id ?? 'c0ffee'.padEnd(64, '0');
  return {
    id,
    revision: 1,
    name: 'calm_lovelace',
    createdAt: new Date('2026-11-27T12:00:00.000Z'),
    image: { id: `sha256:${'1'.repeat(64)}` as Digest, reference: 'busybox' },
    config: configOf({ Hostname: id.slice(0, 12), Cmd: ['sh', '-c', 'true'] }),
    hostConfig: hostConfigOf(),
    endpoints: {},
    mounts: [],
    state: { status: 'created' },
    restartCount: 0,
    stoppedByUser: false,
    platform: 'linux',
    process: { path: 'sh', args: ['-c', 'true'] },
    paths: { log: '/d/log', resolvConf: '/d/resolv.conf', hostname: '/d/hostname', hosts: '/d/hosts', sandboxKey: '/r/netns/x' },
    ...own,
  };
}

/** A machine of two CPUs that can do everything. */
export function hostFactsOf(own: Partial<HostFacts> = {}): HostFacts {
  return {
    cpus: 2,
    memoryBytes: 2 ** 32,
    hostname: 'machine',
    kernelVersion: '6.18.0',
    architecture: 'amd64',
    cgroupVersion: 2,
    controllers: ['cpu', 'cpuset', 'io', 'memory', 'pids'],
    swapLimit: true,
    blkioWeight: true,
    memoryNodes: 1,
    capabilities: (1n << 41n) - 1n,
    securityOptions: [],
    ...own,
  };
}
