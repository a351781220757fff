import type { House } from '../../engine/index.ts';
import { maximumVersion, minimumVersion } from '../api-version.ts';
import type { Program } from '../call.ts';

/** GET /version. */
export function renderVersion(program: Program, host: House['host']) {
  const common = {
    ApiVersion: maximumVersion,
    MinAPIVersion: minimumVersion,
    GitCommit: program.gitCommit,
    GoVersion: `bun${Bun.version}`,
    Os: 'linux',
    Arch: host.architecture,
    KernelVersion: host.kernelVersion,
    BuildTime: program.buildTime,
  };
  const { ApiVersion, Arch, BuildTime, GitCommit, GoVersion, KernelVersion, MinAPIVersion, Os } = common;
  const details = { ApiVersion, Arch, BuildTime, Experimental: 'false', GitCommit, GoVersion, KernelVersion, MinAPIVersion, Os };
  return {
    Platform: { Name: 'berth' },
    Components: [{ Name: 'Engine', Version: program.version, Details: details }],
    Version: program.version,
    ...common,
  };
}
