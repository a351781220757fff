export { plan, planExec, type ExecContext } from './plan.ts';
export type { PlanContext, PlannedCgroup, PlannedStdio } from './context.ts';
export { parseRuntimeProcess, parseRuntimeResources, parseRuntimeSpec } from './parse-spec.ts';
