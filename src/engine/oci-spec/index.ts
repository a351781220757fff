export type { HostDevice, SpecInputs } from './inputs.ts';
export { toRuntimeProcess, toRuntimeSpec } from './to-runtime-spec.ts';
export { toResources } from './resources.ts';
