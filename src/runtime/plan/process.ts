import type { RuntimeProcess, RuntimeSeccomp } from '../../spec/index.ts';
import { allCapabilities, capabilityMask, notPermitted } from '../capabilities.ts';
import type { Op } from '../ops.ts';
import type { PlanContext } from './context.ts';
import { invalid } from './invalid.ts';

const rlimits = 'CPU FSIZE DATA STACK CORE RSS NPROC NOFILE MEMLOCK AS LOCKS SIGPENDING MSGQUEUE NICE RTPRIO RTTIME'.split(' ');
const infinity = (1n << 64n) - 1n;

/** How the process of a container or of an exec is made what it has to be, from inside the root to its program. */
export function processOps(
  process: RuntimeProcess,
  seccomp: RuntimeSeccomp | undefined,
  context: Pick<PlanContext, 'id' | 'hostCapabilities' | 'compileSeccomp'>,
): readonly Op[] {
  const { user, noNewPrivileges = false } = process;
  const capabilities = capabilityOps(process, context.hostCapabilities);
  const filter = seccompOps(seccomp, context);
  return [
    ...(process.rlimits ?? []).map(rlimitOp),
    { op: 'keyring', name: `_ses.${context.id}` },
    ...(process.terminal === true ? [] : [{ op: 'session' } as const]),
    ...(user.umask === undefined ? [] : [{ op: 'umask', mask: user.umask } as const]),
    { op: 'chdir', path: process.cwd },
    capabilities.bounding,
    // A filter without no-new-privileges needs CAP_SYS_ADMIN, which `user` and `capabilities` take away.
    ...(noNewPrivileges ? [] : filter),
    {
      op: 'user',
      user: user.username ?? '',
      uid: user.uid,
      gid: user.gid,
      groups: [...(user.additionalGids ?? []).map(String), ...(user.additionalGroups ?? [])],
    },
    capabilities.sets,
    ...(noNewPrivileges ? [{ op: 'no-new-privileges' } as const, ...filter] : []),
    { op: 'exec', args: process.args, env: process.env, init: process.init === true ? 1 : 0 },
  ];
}

function rlimitOp({ type, soft, hard }: { readonly type: string; readonly soft: number; readonly hard: number }): Op {
  const resource = rlimits.indexOf(type.replace(/^RLIMIT_/, ''));
  if (resource < 0) throw invalid('process.rlimits', `${JSON.stringify(type)} is no resource limit`);
  return { op: 'rlimit', resource, soft: limit(soft), hard: limit(hard) };
}

/** Infinity is -1, or 2^64-1 as a JSON number. */
function limit(value: number): bigint {
  return value < 0 || value >= 2 ** 63 ? infinity : BigInt(Math.floor(value));
}

/** @throws {EngineError} InvalidArgument, when the spec asks for what this host cannot give. */
function capabilityOps(process: RuntimeProcess, host: bigint): { readonly bounding: Op; readonly sets: Op } {
  const { bounding = [], effective = [], permitted = [], inheritable = [], ambient = [] } = process.capabilities ?? {};
  const masks = { bounding, effective, permitted, inheritable, ambient };
  const [bound, eff, perm, inh, amb] = Object.values(masks).map((names) => capabilityMask(names)) as [
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  const missing = (bound | eff | perm | inh | amb) & ~host;
  if (missing !== 0n) throw notPermitted(allCapabilities.find((name) => (capabilityMask([name]) & missing) !== 0n) ?? '');
  return {
    bounding: { op: 'bounding', capabilities: bound },
    sets: { op: 'capabilities', effective: eff & perm, permitted: perm, inheritable: inh, ambient: amb & perm & inh },
  };
}

function seccompOps(seccomp: RuntimeSeccomp | undefined, { compileSeccomp }: Pick<PlanContext, 'compileSeccomp'>): readonly Op[] {
  if (seccomp === undefined) return [];
  const words = [seccomp.defaultAction, ...(seccomp.syscalls ?? []).map(({ action }) => action)];
  if (words.includes('SCMP_ACT_NOTIFY')) throw invalid('linux.seccomp', 'SCMP_ACT_NOTIFY is not supported');
  const { flags, program } = compileSeccomp(seccomp);
  return [{ op: 'seccomp', flags, program }];
}
