import type { Mount, RuntimeMount } from '../../spec/index.ts';
import { mountAttributes, mountFlags, type MountOp, type Op } from '../ops.ts';
import type { Slots } from './context.ts';
import { invalid } from './invalid.ts';
import { parseMountOptions, type MountOptions } from './mount-options.ts';
import { formatIdMap } from './namespaces.ts';

/** Ops of mounts: `early` ones run in the monitor with the host's privileges, `late` ones after everything inside them has been made. */
export interface MountPlan {
  readonly early: readonly Op[];
  readonly ops: readonly Op[];
  readonly late: readonly Op[];
}

export const noMount: MountOp = {
  op: 'mount',
  type: '',
  source: '',
  target: '',
  options: [],
  attributesSet: 0,
  attributesClear: 0,
  propagation: 0,
  flags: 0,
  tree: -1,
  idmap: -1,
  into: -1,
};

/** The root filesystem on `path`: its mounts, or what lies there already, made a mount point. `early` says that the process could not do it itself. */
export function rootMountOps(mounts: readonly Mount[] | undefined, path: string, early: boolean, slots: Slots): MountPlan {
  const trees: readonly Mount[] = mounts ?? [{ type: 'bind', source: path, options: ['rbind'] }];
  const made = trees.map((mount) => {
    const options = parseMountOptions(mount.options);
    const bind = options.bind || mount.type === 'bind';
    return {
      ...noMount,
      type: bind ? '' : mount.type,
      source: mount.source,
      target: path,
      options: filesystemOptions(bind ? '' : mount.type, options.options),
      attributesSet: options.set | options.recursiveSet,
      attributesClear: bind ? options.clear | options.recursiveClear : 0,
      flags: mountFlags.createDirectory | (bind ? mountFlags.bind | (options.recursive ? mountFlags.recursive : 0) : 0),
    };
  });
  if (!early) return { early: [], ops: made, late: [] };
  const slot = made.map(() => slots.take());
  return {
    early: made.map((mount, index) => ({ ...mount, into: slot[index] ?? -1 })),
    ops: made.map((_, index) => ({ ...noMount, target: path, flags: mountFlags.createDirectory, tree: slot[index] ?? -1 })),
    late: [],
  };
}

/** What fsconfig(2) is told; a bind has no options of its own. */
function filesystemOptions(type: string, options: readonly string[]): readonly string[] {
  if (type === '') return [];
  return type === 'overlay' ? options.flatMap(overlayOption) : options;
}

/** `lowerdir=a:b` as one option for each layer: no limit of a page, and of 255 bytes only for each. A colon in a path is `\:`. */
function overlayOption(option: string): readonly string[] {
  if (!option.startsWith('lowerdir=')) return [option];
  return (option.slice(9).match(/(?:\\.|[^:\\])+/g) ?? []).map((layer) => `lowerdir+=${layer.replaceAll('\\:', ':')}`);
}

/** One entry of the spec's `mounts`. `userNamespace` is the container's own mapping, for `idmap` without one. */
export function mountOps(
  mount: RuntimeMount,
  context: { readonly slots: Slots; readonly early: boolean; readonly idMaps: IdMaps | undefined },
): MountPlan {
  const options = parseMountOptions(mount.options ?? []);
  const bind = options.bind || mount.type === 'bind';
  const target = mount.destination;
  if (options.copyUp && (bind || mount.type !== 'tmpfs')) throw invalid('mounts', `tmpcopyup of ${target}: only a tmpfs can copy up`);
  const idmap = options.idmap === 'no' && mount.uidMappings === undefined ? undefined : idMapOp(mount, context);
  // A read-only tmpfs has to take the mount points and devices below it first.
  const later = !bind && mount.type === 'tmpfs' && (options.set & mountAttributes.readonly) !== 0;
  const all = options.recursiveSet | options.recursiveClear;
  // runc's rule: a tmpfs without `mode=` looks like the directory it covers; over nothing it is 1777, the kernel's choice.
  const keepsMode = !bind && mount.type === 'tmpfs' && !options.options.some((word) => word.startsWith('mode='));
  const op: MountOp = {
    ...noMount,
    type: bind ? '' : (mount.type ?? ''),
    source: mount.source ?? mount.type ?? '',
    target,
    options: filesystemOptions(bind ? '' : (mount.type ?? ''), options.options),
    attributesSet: later ? options.set & ~mountAttributes.readonly : options.set,
    // A new filesystem has nothing to clear; a bind has its source's.
    attributesClear: bind ? options.clear : 0,
    flags:
      mountFlags.createDirectory |
      (bind ? mountFlags.bind : 0) |
      (options.recursive ? mountFlags.recursive : 0) |
      (keepsMode ? mountFlags.keepMode : 0) |
      (options.copyUp ? mountFlags.copyUp : 0) |
      strictness(target),
    idmap: idmap?.slot ?? -1,
  };
  if (!bind && op.type === '') throw invalid('mounts', `${target} has no type`);
  const attach = context.early && bind ? viaMonitor(op, context.slots) : { early: [], ops: [op] };
  return {
    early: [...(idmap === undefined ? [] : [idmap]), ...attach.early],
    ops: [
      ...attach.ops,
      ...(all === 0 ? [] : [attributesOp(target, options.recursiveSet, options.recursiveClear, true)]),
      ...spreadOps(target, options),
    ],
    late: later ? [attributesOp(target, mountAttributes.readonly, 0, false)] : [],
  };
}

/** A source that only the host's root can reach is opened before the clone and attached after it. */
function viaMonitor(op: MountOp, slots: Slots): { readonly early: readonly Op[]; readonly ops: readonly Op[] } {
  const slot = slots.take();
  return { early: [{ ...op, into: slot }], ops: [{ ...noMount, target: op.target, flags: op.flags & ~mountFlags.bind, tree: slot }] };
}

function spreadOps(target: string, options: MountOptions): readonly Op[] {
  if (options.propagation === 0) return [];
  const flags = options.propagationRecursive ? mountFlags.attributesRecursive : 0;
  return [{ op: 'attributes', path: target, attributesSet: 0, attributesClear: 0, propagation: options.propagation, flags }];
}

export function attributesOp(path: string, attributesSet: number, attributesClear: number, recursive: boolean): Op {
  return { op: 'attributes', path, attributesSet, attributesClear, propagation: 0, flags: recursive ? mountFlags.attributesRecursive : 0 };
}

/** /proc and /sys hold what protects the container: an image must not be able to send them elsewhere (CVE-2019-16884, CVE-2019-19921). */
function strictness(target: string): number {
  return target === '/proc' || target === '/sys' ? mountFlags.noSymlinks : 0;
}

/** Mappings of the container's user namespace. */
export interface IdMaps {
  readonly uid: string;
  readonly gid: string;
}

function idMapOp(
  mount: RuntimeMount,
  context: { readonly slots: Slots; readonly idMaps: IdMaps | undefined },
): Extract<Op, { op: 'idmap' }> {
  const field = `mounts ${mount.destination}`;
  const own = mount.uidMappings !== undefined || mount.gidMappings !== undefined;
  if (!own && context.idMaps === undefined) throw invalid(field, 'idmap needs mappings, its own or those of a user namespace');
  return {
    op: 'idmap',
    slot: context.slots.take(),
    uidMap: own ? formatIdMap(mount.uidMappings, `${field} uidMappings`) : (context.idMaps?.uid ?? ''),
    gidMap: own ? formatIdMap(mount.gidMappings, `${field} gidMappings`) : (context.idMaps?.gid ?? ''),
  };
}
