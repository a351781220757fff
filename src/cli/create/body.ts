import { CliError } from '../cli-error.ts';
import type { FlagValues } from '../flags/index.ts';
import { hostSplit } from './check.ts';
import { pairs, readEnvironment, readLabels } from './files.ts';
import { parseMount } from './mount.ts';
import { networkOf } from './network.ts';
import { parsePorts } from './ports.ts';
import { bytesOf, nanosOf, orNull, resourcesOf } from './resources.ts';
import { parseSecurityOptions } from './security.ts';
import { parseVolumes } from './volumes.ts';

/** The body of `POST /containers/create`. */
export interface CreateBody {
  readonly AttachStdin: boolean;
  readonly AttachStdout: boolean;
  readonly AttachStderr: boolean;
  readonly Tty: boolean;
  readonly OpenStdin: boolean;
  readonly Image: string;
  readonly HostConfig: { readonly AutoRemove: boolean; readonly [name: string]: unknown };
  readonly [name: string]: unknown;
}

/**
 * What the flags and arguments of `create` and `run` ask of the engine, field by field what the docker CLI 28 sends. @throws with its words.
 */
export async function createBody(
  flags: FlagValues,
  [image = '', ...command]: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<CreateBody> {
  refuseWindows(flags);
  const attach = flags.list('attach').map((text) => text.toLowerCase());
  const hostConfig = await hostConfigOf(flags);
  const { anonymous } = parseVolumes(flags.list('volume'));
  const { exposed } = parsePorts(flags.list('publish'), flags.list('expose'));
  const env = await readEnvironment(flags.list('env-file'), flags.list('env'), environment);
  const stdin = flags.bool('interactive') || attach.includes('stdin');
  return {
    Hostname: flags.string('hostname'),
    Domainname: flags.string('domainname'),
    User: flags.string('user'),
    AttachStdin: stdin,
    AttachStdout: attach.length === 0 || attach.includes('stdout'),
    AttachStderr: attach.length === 0 || attach.includes('stderr'),
    ...(Object.keys(exposed).length === 0 ? {} : { ExposedPorts: exposed }),
    Tty: flags.bool('tty'),
    OpenStdin: flags.bool('interactive'),
    StdinOnce: flags.bool('interactive') && stdin,
    Env: orNull(env),
    Cmd: orNull(command),
    ...healthOf(flags),
    Image: image,
    Volumes: anonymous,
    WorkingDir: flags.string('workdir'),
    Entrypoint: flags.has('entrypoint') ? [flags.string('entrypoint')] : null,
    OnBuild: null,
    Labels: await readLabels(flags.list('label-file'), flags.list('label')),
    ...(flags.string('stop-signal') === '' ? {} : { StopSignal: flags.string('stop-signal') }),
    ...(flags.has('stop-timeout') ? { StopTimeout: flags.int('stop-timeout') } : {}),
    HostConfig: hostConfig,
    NetworkingConfig: { EndpointsConfig: networkOf(flags).endpoints },
  };
}

async function hostConfigOf(flags: FlagValues): Promise<CreateBody['HostConfig']> {
  const security = await parseSecurityOptions(flags.list('security-opt'));
  const restart = restartOf(flags.string('restart'));
  if (flags.bool('rm') && !['', 'no'].includes(restart.Name))
    throw new Error('conflicting options: cannot specify both --restart and --rm');
  if (flags.bool('use-api-socket')) throw new Error('--use-api-socket is not implemented yet');
  const modes = modesOf(flags);
  const { bindings } = parsePorts(flags.list('publish'), flags.list('expose'));
  return {
    Binds: orNull(parseVolumes(flags.list('volume')).binds),
    ContainerIDFile: flags.string('cidfile'),
    LogConfig: logConfigOf(flags),
    NetworkMode: networkOf(flags).mode,
    PortBindings: bindings,
    RestartPolicy: restart,
    AutoRemove: flags.bool('rm'),
    VolumeDriver: flags.string('volume-driver'),
    VolumesFrom: orNull(flags.list('volumes-from')),
    ConsoleSize: [0, 0],
    ...some('Annotations', pairs(flags.list('annotation'))),
    ...capabilitiesOf(flags.list('cap-add'), flags.list('cap-drop')),
    Dns: flags.list('dns').map((text) => text.trim()),
    DnsOptions: flags.list('dns-option'),
    DnsSearch: flags.list('dns-search').map((text) => (text.trim() === '.' ? '.' : text.trim())),
    ExtraHosts: orNull(flags.list('add-host').map(extraHost)),
    GroupAdd: orNull(flags.list('group-add')),
    ...modes,
    Cgroup: '',
    Links: orNull(flags.list('link')),
    OomScoreAdj: flags.int('oom-score-adj'),
    Privileged: flags.bool('privileged'),
    PublishAllPorts: flags.bool('publish-all'),
    ReadonlyRootfs: flags.bool('read-only'),
    SecurityOpt: security.options,
    ...some('StorageOpt', storageOf(flags.list('storage-opt'))),
    ...some('Tmpfs', tmpfsOf(flags.list('tmpfs'))),
    ShmSize: bytesOf(flags, 'shm-size'),
    ...some('Sysctls', pairs(flags.list('sysctl'))),
    ...(flags.string('runtime') === '' ? {} : { Runtime: flags.string('runtime') }),
    Isolation: flags.string('isolation'),
    ...resourcesOf(flags),
    ...(flags.has('mount') ? { Mounts: flags.list('mount').map(parseMount) } : {}),
    MaskedPaths: security.maskedPaths,
    ReadonlyPaths: security.readonlyPaths,
    ...(flags.has('init') ? { Init: flags.bool('init') } : {}),
  };
}

function refuseWindows(flags: FlagValues): void {
  const given = ['cpu-count', 'cpu-percent', 'io-maxbandwidth', 'io-maxiops'].filter((name) => flags.has(name));
  const why = 'is only supported on a Docker daemon running on windows, but the Docker daemon is running on linux';
  if (given.length > 0) throw new CliError(given.map((name) => `"--${name}" ${why}`).join('\n'));
}

function some(name: string, values: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.keys(values).length === 0 ? {} : { [name]: values };
}

function modesOf(flags: FlagValues) {
  const pid = flags.string('pid');
  const uts = flags.string('uts');
  const userns = flags.string('userns');
  const cgroupns = flags.string('cgroupns');
  if (!/^(host|container:.+)?$/s.test(pid)) throw new Error('--pid: invalid PID mode');
  if (!/^(host)?$/.test(uts)) throw new Error('--uts: invalid UTS mode');
  if (!/^(host)?$/.test(userns)) throw new Error('--userns: invalid USER mode');
  if (!/^(host|private)?$/.test(cgroupns)) throw new Error('--cgroupns: invalid CGROUP mode');
  return { CgroupnsMode: cgroupns, IpcMode: flags.string('ipc'), PidMode: pid, UTSMode: uts, UsernsMode: userns };
}

/** What `--restart` means. @throws with the docker CLI's words. */
export function restartOf(text: string): { readonly Name: string; readonly MaximumRetryCount: number } {
  const [name = '', count, ...more] = text.split(':');
  if (count !== undefined && name === '') throw new Error('invalid restart policy format: no policy provided before colon');
  if (count === undefined || (count === '' && more.length === 0)) return { Name: name, MaximumRetryCount: 0 };
  if (more.length > 0 || !/^[+-]?\d+$/.test(count))
    throw new Error('invalid restart policy format: maximum retry count must be an integer');
  return { Name: name, MaximumRetryCount: Number(count) };
}

// What is added wins over what is dropped, `ALL` over every other name.
function capabilitiesOf(added: readonly string[], dropped: readonly string[]) {
  const add = capabilityNames(added);
  const drop = capabilityNames(dropped).filter((name) => !add.includes(name));
  return { CapAdd: orNull(add), CapDrop: orNull(drop) };
}

function capabilityNames(texts: readonly string[]): string[] {
  const names = texts
    .map((text) => text.trim().toUpperCase())
    .map((name) => (name === 'ALL' || name.startsWith('CAP_') ? name : `CAP_${name}`));
  return names.includes('ALL') ? ['ALL'] : [...new Set(names)].sort();
}

function logConfigOf(flags: FlagValues) {
  const driver = flags.string('log-driver');
  if (driver === 'none' && flags.list('log-opt').length > 0) throw new Error(`invalid logging opts for driver ${driver}`);
  return { Type: driver, Config: pairs(flags.list('log-opt')) };
}

function extraHost(text: string): string {
  const at = hostSplit(text);
  return `${text.slice(0, at)}:${text.slice(at + 1).replace(/^\[(.*)\]$/, '$1')}`;
}

function storageOf(texts: readonly string[]): Record<string, string> {
  if (texts.some((text) => !text.includes('='))) throw new Error('invalid storage option');
  return pairs(texts);
}

function tmpfsOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const colon = text.indexOf(':');
      return colon === -1 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
    }),
  );
}

function healthOf(flags: FlagValues): object {
  const command = flags.string('health-cmd');
  const settings = {
    Interval: nanosOf(flags, 'health-interval'),
    Timeout: nanosOf(flags, 'health-timeout'),
    StartPeriod: nanosOf(flags, 'health-start-period'),
    StartInterval: nanosOf(flags, 'health-start-interval'),
    Retries: flags.int('health-retries'),
  };
  const given = Object.entries(settings).filter(([, value]) => value !== 0);
  if (flags.bool('no-healthcheck')) {
    if (command !== '' || given.length > 0) throw new Error('--no-healthcheck conflicts with --health-* options');
    return { Healthcheck: { Test: ['NONE'] } };
  }
  if (command === '' && given.length === 0) return {};
  const names: Readonly<Record<string, string>> = {
    Interval: 'interval',
    Timeout: 'timeout',
    StartPeriod: 'start-period',
    StartInterval: 'start-interval',
    Retries: 'retries',
  };
  const negative = given.find(([, value]) => value < 0);
  if (negative !== undefined) throw new Error(`--health-${names[negative[0]]} cannot be negative`);
  return { Healthcheck: { ...(command === '' ? {} : { Test: ['CMD-SHELL', command] }), ...Object.fromEntries(given) } };
}
