import { resolve } from 'node:path';
import type { RuntimeMount, RuntimeSpec } from '../../spec/index.ts';
import { capabilityNames } from '../capabilities.ts';
import { cloneFlags, mountAttributes, mountFlags, propagation, type MonitorOp, type Op } from '../ops.ts';
import { cgroupMountOps } from './cgroup-mount.ts';
import { Slots, type PlanContext, type PlannedStdio } from './context.ts';
import { deviceOps } from './devices.ts';
import { invalid } from './invalid.ts';
import { attributesOp, mountOps, rootMountOps, type IdMaps, type MountPlan } from './mounts.ts';
import { formatIdMap, planNamespaces, type NamespacePlan } from './namespaces.ts';
import { processOps } from './process.ts';
import { sysctlOps } from './sysctl.ts';
import { validateProcess, validateSpec } from './validate.ts';

/**
 * What the launcher has to do, in order, to make the container of `spec` and start its process. Pure. The order is part of the protection: mounts
 * before the pivot resolve inside the root and cannot leave it; what masks comes after everything that could be mounted over it; capabilities go last.
 * @throws {EngineError} InvalidArgument, that names the field of a spec that cannot be.
 */
export function plan(spec: RuntimeSpec, context: PlanContext): readonly Op[] {
  validateSpec(spec);
  const { linux, process } = spec;
  const namespaces = planNamespaces(linux);
  const idMaps = namespaces.isNew('user')
    ? { uid: formatIdMap(linux.uidMappings, 'linux.uidMappings'), gid: formatIdMap(linux.gidMappings, 'linux.gidMappings') }
    : undefined;
  const slots = new Slots(context.freeSlot);
  const rootPath = resolve(context.bundle, spec.root.path);
  if (rootPath === '/') throw invalid('root.path', 'the root of the host cannot be a container');
  const root = rootMountOps(spec.rootMounts, rootPath, idMaps !== undefined, slots);
  const mounts = spec.mounts.map((mount) => oneMount(mount, spec, context, { slots, idMaps, namespaces }));
  return [
    monitorOp(context),
    ...root.early,
    ...mounts.flatMap(({ early }) => early),
    ...namespaces.before,
    ...enterOps(process.oomScoreAdj, context, namespaces, idMaps),
    ...namespaces.after,
    {
      op: 'attributes',
      path: '/',
      attributesSet: 0,
      attributesClear: 0,
      propagation: rootPropagation(spec),
      flags: mountFlags.attributesRecursive,
    },
    ...root.ops,
    { op: 'root', path: rootPath },
    ...mounts.flatMap(({ ops }) => ops),
    ...deviceOps(linux.devices ?? [], spec.mounts),
    ...(namespaces.isNew('network') ? [{ op: 'loopback' } as const] : []),
    ...identityOps(spec, namespaces),
    ...sysctlOps(linux.sysctl ?? {}, namespaces),
    ...terminalOps(context.stdio, '/dev/console'),
    ...(process.cwd === '/' ? [] : [{ op: 'mkdir', path: process.cwd, mode: 0o755, uid: 0, gid: 0 } as const]),
    ...mounts.flatMap(({ late }) => late),
    ...(linux.maskedPaths ?? []).map((path) => ({ op: 'mask', path }) as const),
    ...(linux.readonlyPaths ?? []).map((path) => ({ op: 'readonly', path }) as const),
    ...(spec.root.readonly === true ? [attributesOp('/', mountAttributes.readonly, 0, false)] : []),
    ...labelOps(process.apparmorProfile, process.selinuxLabel),
    { op: 'pivot' },
    ...personalityOps(linux.personality?.domain),
    ...processOps(process, linux.seccomp, context),
  ];
}

/** Where a container's process is to be run again: an exec. */
export interface ExecContext extends Pick<PlanContext, 'id' | 'runDirectory' | 'stdio' | 'cgroup' | 'hostCapabilities' | 'compileSeccomp'> {
  /** Slot of a pidfd of the container's first process. */
  readonly pidfdSlot: number;
}

/**
 * As `plan`, for another process in the running container of `spec`: into its cgroups, then into all its namespaces at once by the pidfd, so that the
 * container cannot be swapped for another in between. The filter is the container's; a privileged exec gets every capability of the host.
 */
export function planExec(spec: RuntimeSpec, process: RuntimeSpec['process'], privileged: boolean, context: ExecContext): readonly Op[] {
  validateProcess(process);
  const types = spec.linux.namespaces.map(({ type }) => type);
  const join = (flags: number): readonly Op[] => (flags === 0 ? [] : [{ op: 'setns', path: '', descriptor: context.pidfdSlot, flags }]);
  // Pid and time take in children only: the monitor joins them and clones.
  const early = types.filter((type) => type === 'pid' || type === 'time').reduce((flags, type) => flags | cloneFlags[type], 0);
  const late = types.filter((type) => type !== 'pid' && type !== 'time').reduce((flags, type) => flags | cloneFlags[type], 0);
  const all = privileged ? privilegedSets(context.hostCapabilities) : undefined;
  return [
    monitorOp(context),
    ...join(early),
    { op: 'clone', flags: 0, cgroup: context.cgroup?.slot ?? -1, procWrites: [], cgroupProcs: [] },
    ...oomScoreOps(process.oomScoreAdj),
    ...cgroupWrites(context.cgroup),
    ...labelOps(process.apparmorProfile, process.selinuxLabel),
    ...join(late),
    ...terminalOps(context.stdio, ''),
    ...processOps(all === undefined ? process : { ...process, capabilities: all }, spec.linux.seccomp, context),
  ];
}

function privilegedSets(host: bigint): NonNullable<RuntimeSpec['process']['capabilities']> {
  const names = capabilityNames(host);
  return { bounding: names, effective: names, permitted: names };
}

function monitorOp({ runDirectory, cgroup, stdio }: Pick<PlanContext, 'runDirectory' | 'cgroup' | 'stdio'>): MonitorOp {
  const none = { stdinRead: -1, stdinWrite: -1, stdoutRead: -1, stdoutWrite: -1, stderrRead: -1, stderrWrite: -1 };
  const common = { op: 'monitor', runDirectory, oomFile: cgroup?.oomWatch ?? '' } as const;
  if (stdio.kind !== 'pipes') return { ...common, stdio: stdio.kind === 'terminal' ? 2 : 0, ...none };
  const { kind: _, ...slots } = stdio;
  return { ...common, stdio: 1, ...slots };
}

/** The clone, and what has to be set on the new process from outside or before it leaves the host's files. */
function enterOps(
  oomScoreAdj: number | undefined,
  context: PlanContext,
  namespaces: NamespacePlan,
  idMaps: IdMaps | undefined,
): readonly Op[] {
  const { cgroup } = context;
  const clone = { op: 'clone', flags: namespaces.flags, cgroup: cgroup?.slot ?? -1 } as const;
  if (idMaps === undefined) {
    return [{ ...clone, procWrites: [], cgroupProcs: [] }, ...oomScoreOps(oomScoreAdj), ...cgroupWrites(cgroup)];
  }
  const score = oomScoreAdj === undefined ? [] : ['oom_score_adj', String(oomScoreAdj)];
  const cgroupProcs = cgroup?.join.kind === 'write' ? cgroup.join.files : [];
  return [{ ...clone, procWrites: [...score, 'uid_map', idMaps.uid, 'gid_map', idMaps.gid], cgroupProcs }];
}

function oomScoreOps(score: number | undefined): readonly Op[] {
  return score === undefined ? [] : [writeOp('/proc/self/oom_score_adj', String(score))];
}

function cgroupWrites(cgroup: PlanContext['cgroup']): readonly Op[] {
  return cgroup?.join.kind === 'write' ? cgroup.join.files.map((file) => writeOp(file, '0')) : [];
}

function writeOp(path: string, text: string): Op {
  return { op: 'write', path, bytes: new TextEncoder().encode(text), optional: 0 };
}

function rootPropagation({ linux: { rootfsPropagation = '' } }: RuntimeSpec): number {
  // A shared root would carry the container's mounts to the host. What is asked for beyond slave is set on the root alone, by its mounts' options.
  if (!['', 'private', 'rprivate', 'slave', 'rslave', 'shared', 'rshared', 'unbindable', 'runbindable'].includes(rootfsPropagation)) {
    throw invalid('linux.rootfsPropagation', `${JSON.stringify(rootfsPropagation)} is unknown`);
  }
  return rootfsPropagation.endsWith('private') ? propagation.private : propagation.slave;
}

interface MountSurroundings {
  readonly slots: Slots;
  readonly idMaps: IdMaps | undefined;
  readonly namespaces: NamespacePlan;
}

function oneMount(
  mount: RuntimeMount,
  spec: RuntimeSpec,
  context: PlanContext,
  { slots, idMaps, namespaces }: MountSurroundings,
): MountPlan {
  if (mount.type === 'cgroup' || mount.type === 'cgroup2') return cgroupMountOps(mount, context.cgroup, namespaces.has('cgroup'));
  // sysfs shows a network namespace and may be mounted only by who owns that; the host's is shown instead.
  const foreignSys = mount.type === 'sysfs' && idMaps !== undefined && !namespaces.isNew('network');
  const shown = foreignSys ? { ...mount, type: 'bind', source: '/sys', options: ['rbind', ...(mount.options ?? [])] } : mount;
  return mountOps(shown, { slots, idMaps, early: idMaps !== undefined });
}

function identityOps(spec: RuntimeSpec, namespaces: NamespacePlan): readonly Op[] {
  const named = spec.hostname || spec.domainname;
  if (named && !namespaces.has('uts')) throw invalid('hostname', 'it needs a uts namespace');
  return [
    ...(spec.hostname ? [{ op: 'hostname', name: spec.hostname } as const] : []),
    ...(spec.domainname ? [{ op: 'domainname', name: spec.domainname } as const] : []),
  ];
}

function terminalOps(stdio: PlannedStdio, console: string): readonly Op[] {
  return stdio.kind === 'terminal' ? [{ op: 'terminal', console, rows: stdio.rows, columns: stdio.columns }] : [];
}

/** Takes effect at the next execve, so it can be written while the host's /proc is at hand. */
function labelOps(apparmor = '', selinux = ''): readonly Op[] {
  const profile = apparmor === '' || apparmor === 'unconfined' ? [] : [writeOp('/proc/self/attr/exec', `exec ${apparmor}`)];
  return selinux === '' ? profile : [...profile, writeOp('/proc/self/attr/exec', selinux)];
}

function personalityOps(domain: string | undefined): readonly Op[] {
  if (domain === undefined) return [];
  if (domain !== 'LINUX' && domain !== 'LINUX32') throw invalid('linux.personality', `${JSON.stringify(domain)} is unknown`);
  return [{ op: 'personality', domain: domain === 'LINUX32' ? 8 : 0 }];
}
