import { EngineError } from '../../base/index.ts';
import type { RuntimeSeccomp, RuntimeSyscall } from '../../spec/index.ts';

/** A filter in Docker's own format, which asks about capabilities, architecture and kernel. docs.docker.com/engine/security/seccomp. */
export interface SeccompProfile {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly listenerPath?: string;
  readonly listenerMetadata?: string;
  readonly flags?: readonly string[];
  /** Architecture names of the spec; `archMap` is Docker's own form of the same. Never both. */
  readonly architectures?: readonly string[];
  readonly archMap?: ReadonlyArray<{ readonly architecture: string; readonly subArchitectures: readonly string[] }>;
  readonly syscalls: readonly SeccompRule[];
}

export interface SeccompRule extends RuntimeSyscall {
  readonly includes?: SeccompConditions;
  readonly excludes?: SeccompConditions;
}

export interface SeccompConditions {
  readonly caps?: readonly string[];
  /** Go's names: `amd64`, `x86`, `arm64`. */
  readonly arches?: readonly string[];
  /** `4.8` */
  readonly minKernel?: string;
}

/** What a profile's conditions are asked against. */
export interface SeccompSituation {
  /** With `CAP_`. */
  readonly capabilities: readonly string[];
  readonly architecture: 'amd64' | 'arm64';
  /** `uname -r`. */
  readonly kernel: string;
}

const nativeArchitectures = { amd64: 'SCMP_ARCH_X86_64', arm64: 'SCMP_ARCH_AARCH64' } as const;

/** The profile without its conditions: the rules that hold in `situation`. @throws {EngineError} InvalidArgument, on a kernel version that is none. */
export function resolveSeccomp(profile: SeccompProfile, situation: SeccompSituation): RuntimeSeccomp {
  const native = nativeArchitectures[situation.architecture];
  const mapped = profile.archMap?.find((entry) => entry.architecture === native);
  const architectures = mapped === undefined ? profile.architectures : [native, ...mapped.subArchitectures];
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: profile.defaultErrnoRet }),
    ...(architectures === undefined || architectures.length === 0 ? {} : { architectures }),
    ...(profile.flags === undefined ? {} : { flags: profile.flags }),
    ...(profile.listenerPath === undefined ? {} : { listenerPath: profile.listenerPath }),
    ...(profile.listenerMetadata === undefined ? {} : { listenerMetadata: profile.listenerMetadata }),
    syscalls: profile.syscalls.filter((rule) => holds(rule, situation)).map(toSyscall),
  };
}

function toSyscall(rule: SeccompRule): RuntimeSyscall {
  return {
    names: rule.names,
    action: rule.action,
    ...(rule.errnoRet === undefined ? {} : { errnoRet: rule.errnoRet }),
    ...(rule.args === undefined || rule.args.length === 0 ? {} : { args: rule.args }),
  };
}

/** Excludes: any match drops the rule. Includes: every kind that is given has to match; of capabilities all, of architectures one. */
function holds(rule: SeccompRule, { capabilities, architecture, kernel }: SeccompSituation): boolean {
  const { includes = {}, excludes = {} } = rule;
  if (excludes.arches?.includes(architecture)) return false;
  if (excludes.caps?.some((capability) => capabilities.includes(capability))) return false;
  if (excludes.minKernel !== undefined && isAtLeast(kernel, excludes.minKernel)) return false;
  if (includes.arches?.length && !includes.arches.includes(architecture)) return false;
  if (includes.caps?.some((capability) => !capabilities.includes(capability))) return false;
  return includes.minKernel === undefined || isAtLeast(kernel, includes.minKernel);
}

function isAtLeast(kernel: string, wanted: string): boolean {
  const [major = 0, minor = 0] = versionOf(kernel);
  const [wantedMajor = 0, wantedMinor = 0] = versionOf(wanted);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

function versionOf(text: string): readonly number[] {
  const match = /^(\d{1,5})\.(\d{1,5})/.exec(text);
  if (match === null) throw new EngineError('InvalidArgument', `invalid kernel version: ${text}, expected <kernel>.<major>`);
  return [Number(match[1]), Number(match[2])];
}
