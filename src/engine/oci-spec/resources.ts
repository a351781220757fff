import { defaultDeviceRules } from '../../runtime/index.ts';
import type { HostConfig, RuntimeResources, ThrottleDevice, ThrottleRate } from '../../spec/index.ts';
import { parseDeviceRule } from '../device-rules.ts';
import type { HostDevice } from './inputs.ts';

/** For --cpus; the period Linux has by itself. */
const periodMicros = 100_000;

export interface ResourceInputs {
  readonly devices: readonly HostDevice[];
  readonly blockDevices: Readonly<Record<string, { readonly major: number; readonly minor: number }>>;
  readonly cgroupVersion: 1 | 2;
}

/** `linux.resources` of a container. OCI runtime-spec v1.2.0, config-linux.md#control-groups; moby daemon/daemon_unix.go. */
export function toResources(hostConfig: HostConfig, inputs: ResourceInputs): RuntimeResources {
  const resources = compact({
    devices: deviceRules(hostConfig, inputs.devices),
    memory: memory(hostConfig, inputs.cgroupVersion),
    cpu: cpu(hostConfig),
    pids: pids(hostConfig),
    blockIO: blockIo(hostConfig, inputs.blockDevices),
  });
  return resources ?? {};
}

function deviceRules(hostConfig: HostConfig, devices: readonly HostDevice[]): NonNullable<RuntimeResources['devices']> {
  if (hostConfig.Privileged) return [{ allow: true, access: 'rwm' }];
  return [
    ...defaultDeviceRules,
    ...devices.filter(({ type }) => type !== 'p').map(({ type, major, minor, access }) => ({ allow: true, type, major, minor, access })),
    ...(hostConfig.DeviceCgroupRules ?? []).map(parseDeviceRule),
  ];
}

function memory(hostConfig: HostConfig, cgroupVersion: 1 | 2): RuntimeResources['memory'] {
  const { Memory: limit, MemoryReservation: reservation, MemorySwap: swap, MemorySwappiness: swappiness } = hostConfig;
  return compact({
    limit: limit > 0 ? limit : undefined,
    reservation: reservation > 0 ? reservation : undefined,
    swap: swap === 0 ? undefined : swap,
    swappiness: swappiness === null || swappiness < 0 ? undefined : swappiness,
    disableOOMKiller: cgroupVersion === 1 && hostConfig.OomKillDisable === true ? true : undefined,
  });
}

function cpu(hostConfig: HostConfig): RuntimeResources['cpu'] {
  const { NanoCpus: nano, CpuPeriod: period, CpuQuota: quota } = hostConfig;
  return compact({
    shares: hostConfig.CpuShares > 0 ? hostConfig.CpuShares : undefined,
    period: nano > 0 ? periodMicros : period > 0 ? period : undefined,
    quota: nano > 0 ? Math.round((nano * periodMicros) / 1e9) : quota !== 0 ? quota : undefined,
    realtimePeriod: hostConfig.CpuRealtimePeriod > 0 ? hostConfig.CpuRealtimePeriod : undefined,
    realtimeRuntime: hostConfig.CpuRealtimeRuntime > 0 ? hostConfig.CpuRealtimeRuntime : undefined,
    cpus: hostConfig.CpusetCpus === '' ? undefined : hostConfig.CpusetCpus,
    mems: hostConfig.CpusetMems === '' ? undefined : hostConfig.CpusetMems,
  });
}

function pids(hostConfig: HostConfig): RuntimeResources['pids'] {
  const limit = hostConfig.PidsLimit;
  // 0 is what the command line sends for "not given".
  if (limit === null || limit === 0) return undefined;
  return { limit: limit > 0 ? limit : -1 };
}

function blockIo(hostConfig: HostConfig, numbers: ResourceInputs['blockDevices']): RuntimeResources['blockIO'] {
  const throttle = (rates: readonly ThrottleRate[] | null): readonly ThrottleDevice[] | undefined =>
    (rates ?? []).length === 0 ? undefined : rates!.map(({ Path, Rate }) => ({ ...numbers[Path]!, rate: Rate }));
  const weights = hostConfig.BlkioWeightDevice ?? [];
  return compact({
    weight: hostConfig.BlkioWeight > 0 ? hostConfig.BlkioWeight : undefined,
    weightDevice: weights.length === 0 ? undefined : weights.map(({ Path, Weight }) => ({ ...numbers[Path]!, weight: Weight })),
    throttleReadBpsDevice: throttle(hostConfig.BlkioDeviceReadBps),
    throttleWriteBpsDevice: throttle(hostConfig.BlkioDeviceWriteBps),
    throttleReadIOPSDevice: throttle(hostConfig.BlkioDeviceReadIOps),
    throttleWriteIOPSDevice: throttle(hostConfig.BlkioDeviceWriteIOps),
  });
}

type Compact<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

// Without the fields that say nothing, and undefined where nothing is left: an absent field is the kernel's default.
function compact<T extends object>(fields: T): Compact<T> | undefined {
  const kept = Object.entries(fields).filter(([, value]) => value !== undefined);
  return kept.length === 0 ? undefined : (Object.fromEntries(kept) as Compact<T>);
}
