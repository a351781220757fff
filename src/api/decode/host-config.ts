import type { DeviceMapping, DeviceRequest, HostConfig, MountRequest, PortBinding, RestartPolicy, ThrottleRate } from '../../spec/index.ts';
import {
  boolean,
  int,
  int64,
  list,
  map,
  mismatch,
  nullable,
  optional,
  string,
  struct,
  uint,
  uint16,
  uint32,
  words,
  type Decoder,
  type Fields,
} from './go-json.ts';

const strings = nullable(list(string));
const rates = nullable(list(struct<ThrottleRate>('blkiodev.ThrottleDevice', { Path: string, Rate: int64 })));

export const restartPolicy = struct<RestartPolicy>('container.RestartPolicy', { Name: string, MaximumRetryCount: int });

/** Rows and columns; Go fills a short array with zeros and drops what is too much. */
export const consoleSize: Decoder<readonly [number, number]> = {
  type: '[2]uint',
  decode(value, place) {
    if (value === undefined || value === null) return [0, 0];
    if (!Array.isArray(value)) throw mismatch(value, this.type, place);
    return [uint.decode(value[0], place), uint.decode(value[1], place)];
  },
};

const mountRequest = struct<MountRequest>('mount.Mount', {
  Type: string,
  Source: optional(string),
  Target: string,
  ReadOnly: optional(boolean),
  Consistency: optional(string),
  BindOptions: optional(
    struct<NonNullable<MountRequest['BindOptions']>>('mount.BindOptions', {
      Propagation: optional(string),
      NonRecursive: optional(boolean),
      CreateMountpoint: optional(boolean),
      ReadOnlyNonRecursive: optional(boolean),
      ReadOnlyForceRecursive: optional(boolean),
    }),
  ),
  VolumeOptions: optional(
    struct<NonNullable<MountRequest['VolumeOptions']>>('mount.VolumeOptions', {
      NoCopy: optional(boolean),
      Labels: optional(map(string)),
      Subpath: optional(string),
      DriverConfig: optional(
        struct<NonNullable<NonNullable<MountRequest['VolumeOptions']>['DriverConfig']>>('mount.Driver', {
          Name: optional(string),
          Options: optional(map(string)),
        }),
      ),
    }),
  ),
  ImageOptions: optional(struct<NonNullable<MountRequest['ImageOptions']>>('mount.ImageOptions', { Subpath: optional(string) })),
  TmpfsOptions: optional(
    struct<NonNullable<MountRequest['TmpfsOptions']>>('mount.TmpfsOptions', {
      SizeBytes: optional(int64),
      Mode: optional(uint32),
      Options: optional(list(list(string))),
    }),
  ),
});

/** moby api/types/container (Resources): what update may change, too. */
export const resourceFields = {
  CpuShares: int64,
  Memory: int64,
  NanoCpus: int64,
  CgroupParent: string,
  BlkioWeight: uint16,
  BlkioWeightDevice: nullable(
    list(struct<{ readonly Path: string; readonly Weight: number }>('blkiodev.WeightDevice', { Path: string, Weight: uint16 })),
  ),
  BlkioDeviceReadBps: rates,
  BlkioDeviceWriteBps: rates,
  BlkioDeviceReadIOps: rates,
  BlkioDeviceWriteIOps: rates,
  CpuPeriod: int64,
  CpuQuota: int64,
  CpuRealtimePeriod: int64,
  CpuRealtimeRuntime: int64,
  CpusetCpus: string,
  CpusetMems: string,
  Devices: nullable(
    list(struct<DeviceMapping>('container.DeviceMapping', { PathOnHost: string, PathInContainer: string, CgroupPermissions: string })),
  ),
  DeviceCgroupRules: strings,
  DeviceRequests: nullable(
    list(
      struct<DeviceRequest>('container.DeviceRequest', {
        Driver: string,
        Count: int,
        DeviceIDs: strings,
        Capabilities: nullable(list(list(string))),
        Options: nullable(map(string)),
      }),
    ),
  ),
  MemoryReservation: int64,
  MemorySwap: int64,
  MemorySwappiness: nullable(int64),
  OomKillDisable: nullable(boolean),
  PidsLimit: nullable(int64),
  Ulimits: nullable(
    list(
      struct<{ readonly Name: string; readonly Hard: number; readonly Soft: number }>('units.Ulimit', {
        Name: string,
        Hard: int64,
        Soft: int64,
      }),
    ),
  ),
  CpuCount: int64,
  CpuPercent: int64,
  IOMaximumIOps: int64,
  IOMaximumBandwidth: int64,
} as const;

const fields: Fields<HostConfig> = {
  Binds: strings,
  ContainerIDFile: string,
  LogConfig: struct<HostConfig['LogConfig']>('container.LogConfig', { Type: string, Config: map(string) }),
  NetworkMode: string,
  PortBindings: nullable(map(nullable(list(struct<PortBinding>('nat.PortBinding', { HostIp: string, HostPort: string }))))),
  RestartPolicy: restartPolicy,
  AutoRemove: boolean,
  VolumeDriver: string,
  VolumesFrom: strings,
  ConsoleSize: consoleSize,
  Annotations: optional(map(string)),
  CapAdd: nullable(words),
  CapDrop: nullable(words),
  CgroupnsMode: string,
  Dns: strings,
  DnsOptions: strings,
  DnsSearch: strings,
  ExtraHosts: strings,
  GroupAdd: strings,
  IpcMode: string,
  Cgroup: string,
  Links: strings,
  OomScoreAdj: int,
  PidMode: string,
  Privileged: boolean,
  PublishAllPorts: boolean,
  ReadonlyRootfs: boolean,
  SecurityOpt: strings,
  StorageOpt: optional(map(string)),
  Tmpfs: optional(map(string)),
  UTSMode: string,
  UsernsMode: string,
  ShmSize: int64,
  Sysctls: optional(map(string)),
  Runtime: string,
  Isolation: string,
  ...resourceFields,
  Mounts: optional(list(mountRequest)),
  MaskedPaths: strings,
  ReadonlyPaths: strings,
  Init: optional(boolean),
};

/** Names of all fields, in Docker's order. */
export const hostConfigNames = Object.keys(fields) as ReadonlyArray<keyof HostConfig>;

/** moby api/types/container (HostConfig). */
export const hostConfig: Decoder<HostConfig> = struct<HostConfig>('container.HostConfig', fields);
