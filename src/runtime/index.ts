export type * from './contract.ts';
export {
  allCapabilities,
  capabilityNames,
  containerCapabilities,
  defaultCapabilities,
  hostCapabilities,
  normalizeCapabilities,
  type CapabilityRequest,
} from './capabilities.ts';
export { cgroupPath, createCgroupDriver, type CgroupDriver, type CgroupFeatures, type CreatedCgroup } from './cgroup/index.ts';
export { defaultDeviceRules, defaultMaskedPaths, defaultMounts, defaultReadonlyPaths } from './default-spec.ts';
export { createOciRuntime, type CreateOciRequest, type ExecOciRequest, type OciRuntime, type OciState } from './oci/index.ts';
export { createRuntime, type RuntimeOptions } from './runtime.ts';
export {
  parseRuntimeProcess,
  parseRuntimeResources,
  parseRuntimeSpec,
  plan,
  planExec,
  type ExecContext,
  type PlanContext,
  type PlannedCgroup,
  type PlannedStdio,
} from './plan/index.ts';
export {
  defaultSeccompProfile,
  parseSeccompProfile,
  resolveSeccomp,
  SeccompCache,
  summarizeSeccomp,
  type SeccompProfile,
  type SeccompSituation,
  type SeccompSummary,
} from './seccomp/index.ts';
