import type { RuntimeSeccomp } from '../../spec/index.ts';
import { syscallNumbers } from './words.ts';

/** What a filter does with the system calls of x86-64, by name. */
export interface SeccompSummary {
  readonly allowed: number;
  /** Let through for some arguments only. */
  readonly conditional: readonly string[];
  readonly refused: readonly string[];
}

const lenient = new Set(['SCMP_ACT_ALLOW', 'SCMP_ACT_LOG']);

/** Sorts the system calls of x86-64 by what `seccomp` does with them. */
export function summarizeSeccomp(seccomp: RuntimeSeccomp): SeccompSummary {
  const always = new Set<string>();
  const sometimes = new Set<string>();
  const never = new Set<string>();
  for (const { names, action, args = [] } of seccomp.syscalls ?? []) {
    const set = args.length > 0 ? sometimes : lenient.has(action) ? always : never;
    for (const name of names) set.add(name);
  }
  const byDefault = lenient.has(seccomp.defaultAction);
  const all = [...syscallNumbers('x86_64').keys()];
  const conditional = all.filter((name) => sometimes.has(name) && !always.has(name));
  const refused = all.filter((name) => !always.has(name) && !sometimes.has(name) && (never.has(name) || !byDefault));
  return { allowed: all.length - conditional.length - refused.length, conditional, refused };
}
