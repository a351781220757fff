import { formatBinarySize } from '../../../base/index.ts';
import type { Command } from '../../command.ts';
import { describe } from '../../describe.ts';
import { programVersion } from '../../program.ts';
import { formatFlag } from '../../shared-flags.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  summary: 'Show what the engine is and has',
  aliases: ['system info', 'info'],
  arguments: { minimum: 0, maximum: 0 },
  flags: [{ ...formatFlag, short: 'f' }],
  async run({ client, flags, io }) {
    let info: EngineInfo | undefined;
    let failure: unknown;
    try {
      info = await client.json<EngineInfo>('GET', '/info');
    } catch (error) {
      failure = error;
    }
    const format = flags.string('format');
    const own = { Debug: false, Version: programVersion, Context: 'default', Plugins: [], Warnings: null };
    if (format !== '') await io.stdout.write(info === undefined ? '\n' : `${await formatted(format, { ...info, ClientInfo: own })}\n`);
    else {
      await io.stdout.write(`Client:\n Version:    ${programVersion}\n Context:    default\n Debug Mode: false\n\nServer:\n`);
      if (info !== undefined) await io.stdout.write(`${infoText(info)}\n`);
    }
    for (const warning of info?.Warnings ?? []) await io.stderr.write(`${warning}\n`);
    if (failure === undefined) return 0;
    await io.stderr.write(format === '' ? `${describe(failure)}\nerrors pretty printing info\n` : `${describe(failure)}\n`);
    return 1;
  },
};

interface EngineInfo {
  readonly ID: string;
  readonly Containers: number;
  readonly ContainersRunning: number;
  readonly ContainersPaused: number;
  readonly ContainersStopped: number;
  readonly Images: number;
  readonly ServerVersion: string;
  readonly Driver: string;
  readonly DriverStatus?: ReadonlyArray<readonly [string, string]> | null;
  readonly LoggingDriver: string;
  readonly CgroupDriver: string;
  readonly CgroupVersion?: string;
  readonly Plugins?: Readonly<Record<string, readonly string[] | null>>;
  readonly Swarm?: { readonly LocalNodeState?: string };
  readonly Runtimes?: Readonly<Record<string, unknown>>;
  readonly DefaultRuntime?: string;
  readonly InitBinary?: string;
  readonly ContainerdCommit?: { readonly ID: string };
  readonly RuncCommit?: { readonly ID: string };
  readonly InitCommit?: { readonly ID: string };
  readonly SecurityOptions?: readonly string[] | null;
  readonly KernelVersion: string;
  readonly OperatingSystem: string;
  readonly OSType: string;
  readonly Architecture: string;
  readonly NCPU: number;
  readonly MemTotal: number;
  readonly Name: string;
  readonly DockerRootDir: string;
  readonly Debug: boolean;
  readonly Labels?: readonly string[] | null;
  readonly ExperimentalBuild?: boolean;
  readonly RegistryConfig?: {
    readonly InsecureRegistryCIDRs?: readonly string[] | null;
    readonly Mirrors?: readonly string[] | null;
  } | null;
  readonly LiveRestoreEnabled?: boolean;
  readonly Warnings?: readonly string[] | null;
}

function infoText(info: EngineInfo): string {
  const lines = [
    ` Containers: ${info.Containers}`,
    `  Running: ${info.ContainersRunning}`,
    `  Paused: ${info.ContainersPaused}`,
    `  Stopped: ${info.ContainersStopped}`,
    ` Images: ${info.Images}`,
    ` Server Version: ${info.ServerVersion}`,
    ` Storage Driver: ${info.Driver}`,
    ...(info.DriverStatus ?? []).map(([name, value]) => `  ${name}: ${value}`),
    ` Logging Driver: ${info.LoggingDriver}`,
    ` Cgroup Driver: ${info.CgroupDriver}`,
    ...(info.CgroupVersion === undefined ? [] : [` Cgroup Version: ${info.CgroupVersion}`]),
    ' Plugins:',
    ...['Volume', 'Network', 'Authorization', 'Log'].flatMap((kind) => {
      const names = info.Plugins?.[kind] ?? [];
      return names.length === 0 ? [] : [`  ${kind}: ${names.join(' ')}`];
    }),
    ` Swarm: ${info.Swarm?.LocalNodeState ?? 'inactive'}`,
    ...runtimeLines(info),
    ...securityLines(info.SecurityOptions ?? []),
    ` Kernel Version: ${info.KernelVersion}`,
    ` Operating System: ${info.OperatingSystem}`,
    ` OSType: ${info.OSType}`,
    ` Architecture: ${info.Architecture}`,
    ` CPUs: ${info.NCPU}`,
    ` Total Memory: ${formatBinarySize(info.MemTotal)}`,
    ` Name: ${info.Name}`,
    ` ID: ${info.ID}`,
    ` Docker Root Dir: ${info.DockerRootDir}`,
    ` Debug Mode: ${info.Debug}`,
    ...labelled(' Labels:', info.Labels),
    ` Experimental: ${info.ExperimentalBuild ?? false}`,
    ...labelled(' Insecure Registries:', info.RegistryConfig?.InsecureRegistryCIDRs),
    ...labelled(' Registry Mirrors:', info.RegistryConfig?.Mirrors),
    ` Live Restore Enabled: ${info.LiveRestoreEnabled ?? false}`,
  ];
  return `${lines.join('\n')}\n`;
}

function runtimeLines(info: EngineInfo): string[] {
  if (info.OSType !== 'linux') return [];
  return [
    ` Runtimes: ${Object.keys(info.Runtimes ?? {})
      .sort()
      .join(' ')}`,
    ` Default Runtime: ${info.DefaultRuntime ?? ''}`,
    ` Init Binary: ${info.InitBinary ?? ''}`,
    ` containerd version: ${info.ContainerdCommit?.ID ?? ''}`,
    ` runc version: ${info.RuncCommit?.ID ?? ''}`,
    ` init version: ${info.InitCommit?.ID ?? ''}`,
  ];
}

// `name=seccomp,profile=default` is a name with a line for each attribute.
function securityLines(options: readonly string[]): string[] {
  if (options.length === 0) return [];
  const lines = [' Security Options:'];
  for (const option of options) {
    const attributes = option.split(',').map((pair) => pair.split(/=(.*)/s) as [string, string]);
    lines.push(`  ${attributes.find(([name]) => name === 'name')?.[1] ?? option}`);
    for (const [name, value] of attributes) {
      if (name !== 'name') lines.push(`   ${name.charAt(0).toUpperCase()}${name.slice(1)}: ${value}`);
    }
  }
  return lines;
}

function labelled(title: string, values: readonly string[] | null | undefined): string[] {
  return (values ?? []).length === 0 ? [] : [title, ...values!.map((value) => `  ${value}`)];
}

async function formatted(format: string, info: object): Promise<string> {
  if (format === 'json') return JSON.stringify(info);
  const { compileTemplate } = await import('../../template/index.ts');
  return compileTemplate(format)(info);
}
