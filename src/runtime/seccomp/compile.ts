import { EngineError } from '../../base/index.ts';
import type { RuntimeSeccomp, RuntimeSyscall } from '../../spec/index.ts';
import { and, encode, load, offsets, ret, type Instruction } from './bpf.ts';
import { searchTree, skipUnless, type Range, type Rule, type Verdict } from './search-tree.ts';
import {
  actions,
  filterFlags,
  knownArchitectures,
  seccompArchitectures,
  syscallNumbers,
  x32Bit,
  type SeccompArchitecture,
} from './words.ts';

/** A filter as seccomp(2) takes it. */
export interface CompiledSeccomp {
  /** `struct sock_filter[]`, little-endian. */
  readonly program: Uint8Array;
  readonly instructions: number;
  /** SECCOMP_FILTER_FLAG_* */
  readonly flags: number;
}

const badArchitecture = actions['SCMP_ACT_KILL_PROCESS'] ?? 0;
const notImplemented = (actions['SCMP_ACT_ERRNO'] ?? 0) | 38;
const maxInstructions = 4096;

/**
 * The filter as a binary search over ranges of numbers with one answer: the kernel runs a new filter once for every number to find those that are
 * always allowed, so the length of the walk is what loading costs (about 2 µs for each instruction walked).
 *
 * An architecture that the profile does not name is killed. Of several rules for a call the first without arguments decides; else the first whose
 * arguments fit. Numbers past the last one that the profile knows fail with ENOSYS when the default is to refuse, so that a libc that is newer
 * than the profile falls back (as runc does). Little-endian machines only.
 * @throws {EngineError} InvalidArgument, for a word that is not in the spec, or when the filter is longer than the kernel takes.
 */
export function compileSeccomp(seccomp: RuntimeSeccomp, native = 'SCMP_ARCH_X86_64'): CompiledSeccomp {
  const architectures = architecturesOf(seccomp, native);
  const audits = [...new Set(architectures.map(({ audit }) => audit))];
  const program: Instruction[] = [load(offsets.architecture)];
  for (const audit of audits) {
    const body = architectureBlock(
      seccomp,
      architectures.filter((architecture) => architecture.audit === audit),
    );
    program.push(...skipUnless('jeq', audit, body), ...body);
  }
  program.push(ret(badArchitecture));
  if (program.length > maxInstructions) {
    throw new EngineError(
      'InvalidArgument',
      `Cannot use seccomp profile: it needs ${program.length} instructions, the kernel takes ${maxInstructions}`,
    );
  }
  return { program: encode(program), instructions: program.length, flags: flagsOf(seccomp) };
}

function architecturesOf(seccomp: RuntimeSeccomp, native: string): readonly SeccompArchitecture[] {
  for (const name of seccomp.architectures ?? []) {
    if (!knownArchitectures.includes(name))
      throw new EngineError('InvalidArgument', `Cannot use seccomp profile: unknown architecture ${JSON.stringify(name)}`);
  }
  // The machine's own architecture is always in, as libseccomp has it; the native one is asked first.
  const names = new Set([native, ...(seccomp.architectures ?? [])]);
  return [...names].flatMap((name) => seccompArchitectures[name] ?? []);
}

/** As runc: without flags of its own a filter costs no speculation barriers (Linux before 5.16 would set them for every process with a filter). */
function flagsOf(seccomp: RuntimeSeccomp): number {
  let flags = 0;
  for (const word of seccomp.flags ?? ['SECCOMP_FILTER_FLAG_SPEC_ALLOW']) {
    const flag = filterFlags[word];
    if (flag === undefined) throw new EngineError('InvalidArgument', `seccomp flag '${word}' is not known to this version`);
    flags |= flag;
  }
  return flags;
}

/**
 * What follows once `arch` is known: x86-64 and x32 share it and differ in a bit of the number. Below 512 both have the same calls (a number that
 * x32 lacks reaches no other call than x86-64's, if any), so x32 takes off its bit there and uses the same tree: a third less for the kernel to check.
 */
function architectureBlock(seccomp: RuntimeSeccomp, architectures: readonly SeccompArchitecture[]): readonly Instruction[] {
  const plain = architectures.find(({ base }) => base === 0);
  const x32 = architectures.find(({ base }) => base !== 0);
  const number = load(offsets.number);
  const low = plain === undefined ? [ret(badArchitecture)] : searchTree(rangesOf(seccomp, plain));
  if (plain !== undefined && plain.table !== 'x86_64') return [number, ...low];
  if (x32 === undefined || plain === undefined) {
    const high = x32 === undefined ? [ret(badArchitecture)] : searchTree(rangesOf(seccomp, x32));
    return [number, ...skipUnless('jge', x32Bit, high), ...high, ...low];
  }
  const own = searchTree(rangesOf(seccomp, x32, x32Own));
  const high = [...skipUnless('jge', x32Bit + x32Own, own), ...own, and(x32Bit - 1)];
  return [number, ...skipUnless('jge', x32Bit, high), ...high, ...low];
}

/** Numbers from here on are x32's alone. */
const x32Own = 512;

function rangesOf(seccomp: RuntimeSeccomp, architecture: SeccompArchitecture, least = 0): readonly Range[] {
  const verdicts = verdictsOf(seccomp, syscallNumbers(architecture.table));
  const fallback = defaultAction(seccomp);
  const ranges: Range[] = [];
  const add = (number: number, verdict: Verdict): void => {
    const last = ranges.at(-1);
    if (last !== undefined && last.verdict.rules.length + verdict.rules.length === 0 && last.verdict.action === verdict.action) return;
    ranges.push({ from: number + architecture.base, verdict });
  };
  let next = least;
  for (const [number, verdict] of [...verdicts].filter(([number]) => number >= least).sort(([a], [b]) => a - b)) {
    if (number > next) add(next, always(fallback));
    add(number, verdict);
    next = number + 1;
  }
  add(next, always(refuses(seccomp.defaultAction) && verdicts.size > 0 ? notImplemented : fallback));
  return ranges;
}

function verdictsOf(seccomp: RuntimeSeccomp, numbers: ReadonlyMap<string, number>): ReadonlyMap<number, Verdict> {
  const fallback = defaultAction(seccomp);
  const verdicts = new Map<number, Verdict>();
  const decided = new Set<number>();
  for (const syscall of seccomp.syscalls ?? []) {
    const action = actionOf(syscall.action, syscall.errnoRet);
    const rules = alternatives(syscall).map((args) => ({ args, action }));
    for (const name of syscall.names) {
      // A name of another architecture, or newer than the table, is no error: profiles name all of them.
      const number = numbers.get(name);
      if (number === undefined || decided.has(number)) continue;
      if (rules.length === 0) {
        decided.add(number);
        verdicts.set(number, always(action));
      } else {
        verdicts.set(number, { rules: [...(verdicts.get(number)?.rules ?? []), ...rules], action: fallback });
      }
    }
  }
  return verdicts;
}

/** Conditions of one rule hold together, but two on the same argument are alternatives (libseccomp cannot join them, so runc made it so). */
function alternatives({ args = [] }: RuntimeSyscall): ReadonlyArray<Rule['args']> {
  if (args.length === 0) return [];
  const repeated = new Set(args.map(({ index }) => index)).size < args.length;
  return repeated ? args.map((argument) => [argument]) : [args];
}

function always(action: number): Verdict {
  return { rules: [], action };
}

function defaultAction(seccomp: RuntimeSeccomp): number {
  return actionOf(seccomp.defaultAction, seccomp.defaultErrnoRet);
}

function refuses(action: string): boolean {
  return action === 'SCMP_ACT_ERRNO' || action === 'SCMP_ACT_TRAP' || action.startsWith('SCMP_ACT_KILL');
}

function actionOf(word: string, errno = 1): number {
  const action = actions[word];
  if (action === undefined) throw new EngineError('InvalidArgument', `Cannot use seccomp profile: unknown action ${JSON.stringify(word)}`);
  const takesNumber = word === 'SCMP_ACT_ERRNO' || word === 'SCMP_ACT_TRACE';
  if (errno < 0 || errno > 0xffff) throw new EngineError('InvalidArgument', `Cannot use seccomp profile: errno ${errno} is out of range`);
  return takesNumber ? (action | errno) >>> 0 : action;
}
