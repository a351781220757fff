import { argumentTests } from './argument-tests.ts';
import { jump, ret, type Instruction, type Operation } from './bpf.ts';
import type { RuntimeSyscall } from '../../spec/index.ts';

/** A decision for one number: rules tried in order, and the action when none fits. */
export interface Verdict {
  readonly rules: readonly Rule[];
  readonly action: number;
}

export interface Rule {
  readonly args: NonNullable<RuntimeSyscall['args']>;
  readonly action: number;
}

/** Numbers from `from` up to the next range's; the first one also takes all below it. */
export interface Range {
  readonly from: number;
  readonly verdict: Verdict;
}

/** Where a jump goes: to the shared `ret` of an action, or to an instruction of the same cluster. */
type Target = { readonly kind: 'action'; readonly action: number } | { readonly kind: 'at'; readonly index: number };

interface Branch {
  readonly from: number;
  readonly high: Target;
  readonly low: Target;
}

/** What a conditional jump reaches. */
const reach = 255;

/**
 * Instructions that return the verdict of the number in A, halving the ranges until one is left. Ranges are cut into clusters within whose reach one
 * `ret` for each action serves all: every instruction has to be checked, translated and kept by the kernel for each container.
 */
export function searchTree(ranges: readonly Range[]): readonly Instruction[] {
  if (estimate(ranges) <= reach || ranges.length === 1) return cluster(ranges);
  const middle = ranges.length >> 1;
  const upper = ranges.slice(middle);
  const high = searchTree(upper);
  return [...skipUnless('jge', upper[0]?.from ?? 0, high), ...high, ...searchTree(ranges.slice(0, middle))];
}

/** Runs on into `block` when the test holds, else continues after it; a conditional jump reaches 255 instructions, a plain one all. */
export function skipUnless(operation: Operation, value: number, block: readonly Instruction[]): readonly Instruction[] {
  return block.length <= reach ? [jump(operation, value, 0, block.length)] : [jump(operation, value, 1, 0), jump('ja', block.length, 0, 0)];
}

function cluster(ranges: readonly Range[]): readonly Instruction[] {
  const code: Array<Instruction | Branch | undefined> = [];
  const entry = emit(ranges, code);
  if (entry.kind === 'action') return [ret(entry.action)];
  const returns = new Map<number, number>();
  for (const step of code) {
    if (step === undefined || !('high' in step)) continue;
    for (const target of [step.high, step.low]) {
      if (target.kind === 'action' && !returns.has(target.action)) returns.set(target.action, code.length + returns.size);
    }
  }
  const offset = (target: Target, at: number): number => (target.kind === 'at' ? target.index : (returns.get(target.action) ?? 0)) - at - 1;
  const resolved = code.flatMap((step, at): readonly Instruction[] => {
    if (step === undefined) return [];
    return 'high' in step ? [jump('jge', step.from, offset(step.high, at), offset(step.low, at))] : [step];
  });
  return [...resolved, ...[...returns.keys()].map(ret)];
}

/** Appends the code of `ranges`, the branch first and both halves after it, for jumps go only forward. */
function emit(ranges: readonly Range[], code: Array<Instruction | Branch | undefined>): Target {
  const [first] = ranges;
  const index = code.length;
  if (first !== undefined && ranges.length === 1) {
    if (first.verdict.rules.length === 0) return { kind: 'action', action: first.verdict.action };
    code.push(...leaf(first.verdict));
    return { kind: 'at', index };
  }
  const middle = ranges.length >> 1;
  const upper = ranges.slice(middle);
  code.push(undefined);
  const low = emit(ranges.slice(0, middle), code);
  code[index] = { from: upper[0]?.from ?? 0, high: emit(upper, code), low };
  return { kind: 'at', index };
}

function leaf(verdict: Verdict): readonly Instruction[] {
  return [...verdict.rules.flatMap((rule) => argumentTests(rule.args, [ret(rule.action)])), ret(verdict.action)];
}

/** Never less than the length of the cluster. */
function estimate(ranges: readonly Range[]): number {
  const actions = new Set(ranges.map(({ verdict }) => verdict.action));
  return ranges.reduce((sum, { verdict }) => sum + 1 + (verdict.rules.length === 0 ? 0 : leaf(verdict).length), actions.size);
}
