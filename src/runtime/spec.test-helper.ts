import type { NamespaceType, RuntimeSpec } from '../spec/index.ts';
import { defaultCapabilities } from './capabilities.ts';
import { defaultDeviceRules, defaultMaskedPaths, defaultMounts, defaultReadonlyPaths } from './default-spec.ts';
import { defaultSeccompProfile, resolveSeccomp } from './seccomp/index.ts';

/** What Docker would ask for to run `args` in the root at `path` without a network. */
export function dockerSpec(path: string, args: readonly string[]): RuntimeSpec {
  return {
    ociVersion: '1.2.0',
    root: { path },
    hostname: 'box',
    process: {
      args,
      env: ['PATH=/bin:/sbin'],
      cwd: '/',
      user: { uid: 0, gid: 0 },
      capabilities: { bounding: defaultCapabilities, effective: defaultCapabilities, permitted: defaultCapabilities },
      oomScoreAdj: 0,
    },
    mounts: defaultMounts({ shmBytes: 64 << 20, privileged: false }),
    linux: {
      namespaces: (['mount', 'pid', 'ipc', 'uts', 'network', 'cgroup'] satisfies NamespaceType[]).map((type) => ({ type })),
      maskedPaths: defaultMaskedPaths,
      readonlyPaths: defaultReadonlyPaths,
      resources: { devices: defaultDeviceRules },
      seccomp: resolveSeccomp(defaultSeccompProfile(), { capabilities: defaultCapabilities, architecture: 'amd64', kernel: '6.1.0' }),
    },
  };
}
