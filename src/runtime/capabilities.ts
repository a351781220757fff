import { EngineError } from '../base/index.ts';

/** Capabilities by number, linux/capability.h, without `CAP_`. */
const names: readonly string[] = (
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN ' +
  'NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME ' +
  'SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON ' +
  'BPF CHECKPOINT_RESTORE'
).split(' ');

/** Every capability this version knows, in the kernel's order, with `CAP_`. */
export const allCapabilities: readonly string[] = names.map((name) => `CAP_${name}`);

/** What a container may do when nobody says otherwise: Docker's fourteen. moby oci/caps/defaults.go. */
export const defaultCapabilities: readonly string[] =
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE'
    .split(' ')
    .map((name) => `CAP_${name}`);

export interface CapabilityRequest {
  /** `--cap-add`: any case, with or without `CAP_`, or `ALL`. */
  readonly add: readonly string[];
  readonly drop: readonly string[];
  readonly privileged: boolean;
}

/**
 * Names as `--cap-add` takes them in the one form that is stored: upper case, with `CAP_`, or `ALL`; sorted, none twice.
 * @throws {EngineError} InvalidArgument, `invalid CapAdd: unknown capability: "CAP_X"`.
 */
export function normalizeCapabilities(capabilities: readonly string[], option: 'CapAdd' | 'CapDrop'): readonly string[] {
  const normal = capabilities.map((given) => {
    const name = given.toUpperCase();
    if (name === 'ALL') return name;
    const prefixed = name.startsWith('CAP_') ? name : `CAP_${name}`;
    if (allCapabilities.includes(prefixed)) return prefixed;
    throw new EngineError('InvalidArgument', `invalid ${option}: unknown capability: "${prefixed}"`);
  });
  return [...new Set(normal)].sort();
}

/**
 * What a container gets: Docker's rules for `--cap-add`, `--cap-drop` and `--privileged`, within what the engine itself holds (`host`, see
 * `hostCapabilities`). What the host lacks is left out of a default, of ALL and of privileged; when it is asked for by name it is an error.
 * @throws {EngineError} InvalidArgument, for an unknown name, or one that this host cannot give.
 */
export function containerCapabilities(request: CapabilityRequest, host: bigint): readonly string[] {
  const add = normalizeCapabilities(request.add, 'CapAdd');
  const drop = normalizeCapabilities(request.drop, 'CapDrop');
  const missing = request.privileged ? undefined : add.find((name) => name !== 'ALL' && !holds(host, name));
  if (missing !== undefined) throw notPermitted(missing);
  return tweak(add, drop, request.privileged).filter((name) => holds(host, name));
}

function tweak(add: readonly string[], drop: readonly string[], privileged: boolean): readonly string[] {
  if (privileged) return allCapabilities;
  if (add.includes('ALL')) return allCapabilities.filter((name) => !drop.includes(name));
  if (drop.includes('ALL')) return add;
  return [...new Set([...defaultCapabilities.filter((name) => !drop.includes(name)), ...add])];
}

/** The bit set of a list of `CAP_` names. @throws {EngineError} InvalidArgument, for an unknown name. */
export function capabilityMask(capabilities: readonly string[]): bigint {
  let mask = 0n;
  for (const name of capabilities) {
    const number = allCapabilities.indexOf(name);
    if (number < 0) throw new EngineError('InvalidArgument', `unknown capability "${name}"`);
    mask |= 1n << BigInt(number);
  }
  return mask;
}

/** The `CAP_` names of a bit set, in the kernel's order. */
export function capabilityNames(mask: bigint): readonly string[] {
  return allCapabilities.filter((_, number) => ((mask >> BigInt(number)) & 1n) === 1n);
}

/** What the process whose `/proc/PID/status` this is can hand on: the capabilities both permitted and in its bounding set. */
export function hostCapabilities(status: string): bigint {
  const set = (field: string): bigint => BigInt(`0x${new RegExp(`^${field}:\\s*([0-9a-f]+)`, 'm').exec(status)?.[1] ?? '0'}`);
  return set('CapBnd') & set('CapPrm');
}

/** As runc says it when the kernel refuses. */
export function notPermitted(capability: string): EngineError {
  return new EngineError('InvalidArgument', `unable to apply caps: operation not permitted: this host cannot give ${capability}`);
}

function holds(mask: bigint, name: string): boolean {
  return (mask & capabilityMask([name])) !== 0n;
}
