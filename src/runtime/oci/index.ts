export type { CreateOciRequest, ExecOciRequest, OciRuntime, OciState } from './contract.ts';
export { createOciRuntime, type OciRuntimeOptions } from './oci-runtime.ts';
