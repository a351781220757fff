import { allCapabilities, summarizeSeccomp, type CgroupStatistics } from '../../runtime/index.ts';
import type { RuntimeMount, RuntimeSeccomp, RuntimeSpec } from '../../spec/index.ts';
import type { ContainerRecord } from '../contract.ts';
import type { CapabilitiesExplanation, CgroupExplanation, MountExplanation, RootExplanation, SeccompExplanation } from './contract.ts';
import { capabilityWords, mountWords, syscallWords } from './words.ts';

/** Kept and dropped of all this version knows. */
export function explainCapabilities(kept: readonly string[]): CapabilitiesExplanation {
  const toRow = (name: string) => ({ name, meaning: capabilityWords[name] ?? '' });
  const dropped = allCapabilities.filter((name) => !kept.includes(name));
  return {
    kept: kept.map(toRow),
    dropped: dropped.map(toRow),
    protects:
      'Root is made of these pieces: what is dropped no process in it can have, whatever user it is and whatever set-user-id program it runs.',
  };
}

export function explainSeccomp(seccomp: RuntimeSeccomp | undefined): SeccompExplanation {
  if (seccomp === undefined) {
    return {
      ...{ mode: 'unconfined', allowed: 0, conditional: [], refused: [], notable: [] },
      protects: 'No filter: every system call of the kernel can be tried.',
    };
  }
  const { allowed, conditional, refused } = summarizeSeccomp(seccomp);
  return {
    mode: 'filter',
    allowed,
    conditional,
    refused,
    notable: Object.entries(syscallWords).flatMap(([name, why]) => (refused.includes(name) ? [{ name, why }] : [])),
    protects: 'The kernel checks the number of every system call first: what is refused cannot be used to attack it.',
  };
}

/** What a cgroup may use and does; `now` is undefined when nothing runs. */
export function explainLimits(spec: RuntimeSpec, now: CgroupStatistics | undefined): CgroupExplanation['limits'] {
  const { memory = {}, cpu = {}, pids, blockIO = {}, devices = [] } = spec.linux.resources ?? {};
  const set = (value: number | undefined, unit = ''): string => (value === undefined || value <= 0 ? '' : `${value}${unit}`);
  const quota = cpu.quota === undefined || cpu.quota <= 0 ? '' : `${cpu.quota / (cpu.period ?? 100_000)} CPUs`;
  const throttles = Object.values(blockIO).filter((value) => Array.isArray(value) && value.length > 0).length;
  return [
    { what: 'memory', limit: set(memory.limit, ' bytes'), use: now === undefined ? null : `${now.memory.usageBytes} bytes` },
    { what: 'memory and swap', limit: set(memory.swap, ' bytes'), use: null },
    { what: 'CPU time', limit: quota, use: now === undefined ? null : `${(now.cpu.totalNanos / 1e9).toFixed(3)} seconds so far` },
    { what: 'CPU weight', limit: set(cpu.shares), use: null },
    { what: 'CPUs', limit: cpu.cpus ?? '', use: null },
    { what: 'processes', limit: set(pids?.limit), use: now === undefined ? null : String(now.pids.current) },
    { what: 'block I/O', limit: throttles === 0 ? '' : `${throttles} kinds of limits`, use: null },
    { what: 'devices', limit: devicesWords(devices), use: null },
  ];
}

function devicesWords(devices: NonNullable<NonNullable<RuntimeSpec['linux']['resources']>['devices']>): string {
  const denied = devices.some(({ allow, type, major }) => !allow && type === undefined && major === undefined);
  return denied
    ? `only the ${devices.filter(({ allow, access = '' }) => allow && access.includes('r')).length} kinds that rules allow`
    : '';
}

/** The root of an overlay, or whatever else it is mounted from. */
export function explainRoot(spec: RuntimeSpec): RootExplanation {
  const mount = spec.rootMounts?.[0];
  const option = (name: string) => mount?.options.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  const changes = option('upperdir') ?? null;
  return {
    type: mount?.type ?? 'none',
    layers: (option('lowerdir')?.match(/(?:\\.|[^:\\])+/g) ?? []).map((layer) => layer.replaceAll('\\:', ':')),
    changes,
    readonly: spec.root.readonly === true,
    protects:
      "The image's layers are shared and never written; what it changes goes to a directory of its own, mounted in its own mount namespace only. " +
      'pivot_root makes this the root and takes the old one away.',
  };
}

export function explainMounts(record: ContainerRecord, mounts: readonly RuntimeMount[]): readonly MountExplanation[] {
  return mounts.map(({ destination, type = '', source = '', options = [] }) => {
    const own = record.mounts.find((mount) => mount.destination === destination);
    const asked = own === undefined ? undefined : askedWords[own.type];
    const tmpfs = record.hostConfig.Tmpfs?.[destination] === undefined ? undefined : 'asked for with --tmpfs: memory that goes with it';
    return { destination, type, source, options, why: asked ?? tmpfs ?? mountWords[destination] ?? 'asked for' };
  });
}

const askedWords: Readonly<Record<string, string>> = {
  bind: 'asked for: a path of the host, with the rights that its files give',
  volume: 'a volume: it stays when the container is removed',
  tmpfs: 'asked for: memory that goes with it',
  image: 'asked for: the files of an image, read-only',
};
