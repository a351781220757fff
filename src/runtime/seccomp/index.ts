export { SeccompCache } from './cache.ts';
export { compileSeccomp, type CompiledSeccomp } from './compile.ts';
export { defaultSeccompProfile } from './default-profile.ts';
export { parseSeccompProfile } from './parse-profile.ts';
export { resolveSeccomp, type SeccompConditions, type SeccompProfile, type SeccompRule, type SeccompSituation } from './profile.ts';
export { summarizeSeccomp, type SeccompSummary } from './summary.ts';
