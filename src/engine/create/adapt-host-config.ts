import { defaultMaskedPaths, defaultReadonlyPaths, normalizeCapabilities } from '../../runtime/index.ts';
import type { HostConfig } from '../../spec/index.ts';
import type { EngineDefaults } from '../defaults.ts';
import type { HostFacts } from '../host-facts.ts';
import { parseSecurityOptions } from '../security-options.ts';

/**
 * The HostConfig as inspect will show it: defaults filled in, `container:NAME` made `container:ID` by `idOf` (so that a rename changes
 * nothing). moby daemon/daemon_unix.go (adaptContainerSettings).
 */
export function adaptHostConfig(
  wanted: HostConfig,
  facts: { readonly defaults: EngineDefaults; readonly host: HostFacts; readonly idOf: (words: string) => string | undefined },
): HostConfig {
  const { defaults, host } = facts;
  const byId = (mode: string) => {
    const id = mode.startsWith('container:') ? facts.idOf(mode.slice('container:'.length)) : undefined;
    return id === undefined ? mode : `container:${id}`;
  };
  return {
    ...wanted,
    LogConfig: logConfig(wanted, defaults),
    NetworkMode: byId(wanted.NetworkMode === '' ? 'default' : wanted.NetworkMode),
    IpcMode: byId(wanted.IpcMode === '' ? defaults.ipcMode : wanted.IpcMode),
    PidMode: byId(wanted.PidMode),
    CgroupnsMode: wanted.CgroupnsMode === '' ? cgroupnsMode(wanted, defaults, host) : wanted.CgroupnsMode,
    RestartPolicy: { ...wanted.RestartPolicy, Name: wanted.RestartPolicy.Name === '' ? 'no' : wanted.RestartPolicy.Name },
    MemorySwap: wanted.Memory > 0 && wanted.MemorySwap === 0 ? wanted.Memory * 2 : wanted.MemorySwap,
    ShmSize: wanted.ShmSize === 0 ? defaults.shmSizeBytes : wanted.ShmSize,
    OomKillDisable: wanted.OomKillDisable ?? (host.cgroupVersion === 2 ? null : false),
    Runtime: wanted.Runtime === '' ? defaults.defaultRuntime : wanted.Runtime,
    CpuShares: wanted.CpuShares > 0 ? Math.min(Math.max(wanted.CpuShares, 2), 262_144) : wanted.CpuShares,
    CapAdd: wanted.CapAdd === null ? null : normalizeCapabilities(wanted.CapAdd, 'CapAdd'),
    CapDrop: wanted.CapDrop === null ? null : normalizeCapabilities(wanted.CapDrop, 'CapDrop'),
    MaskedPaths: wanted.MaskedPaths ?? systemPaths(wanted, defaultMaskedPaths),
    ReadonlyPaths: wanted.ReadonlyPaths ?? systemPaths(wanted, defaultReadonlyPaths),
  };
}

function systemPaths(wanted: HostConfig, paths: readonly string[]): readonly string[] | null {
  if (parseSecurityOptions(wanted.SecurityOpt ?? []).systemPathsUnconfined) return [];
  return wanted.Privileged ? null : paths;
}

function logConfig(wanted: HostConfig, defaults: EngineDefaults): HostConfig['LogConfig'] {
  const { Type: type, Config: config } = wanted.LogConfig;
  // The engine's options belong to the engine's driver: with another one only what the user said counts.
  if (type !== '' && type !== defaults.logDriver) return wanted.LogConfig;
  return { Type: defaults.logDriver, Config: { ...defaults.logOptions, ...config } };
}

function cgroupnsMode(wanted: HostConfig, defaults: EngineDefaults, host: HostFacts): string {
  if (wanted.Privileged && host.cgroupVersion === 1) return 'host';
  if (defaults.cgroupnsMode !== '') return defaults.cgroupnsMode;
  return host.cgroupVersion === 2 ? 'private' : 'host';
}
