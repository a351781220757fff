import { EngineError } from '../../base/index.ts';
import type { RuntimeSyscall } from '../../spec/index.ts';
import { and, jump, load, offsets, type Instruction } from './bpf.ts';

type Argument = NonNullable<RuntimeSyscall['args']>[number];

/** Runs on into `block` when every argument fits, else continues after it. Arguments are compared as unsigned 64-bit numbers. */
export function argumentTests(args: readonly Argument[], block: readonly Instruction[]): readonly Instruction[] {
  let program = block;
  // From the last to the first, so that the length to skip when a test fails is known.
  for (const argument of args.toReversed()) program = [...test(argument, program.length), ...program];
  return program;
}

/** Falls through when the argument fits, else skips `miss` more instructions. */
function test(argument: Argument, miss: number): readonly Instruction[] {
  if (argument.index < 0 || argument.index > 5)
    throw new EngineError('InvalidArgument', `Cannot use seccomp profile: no argument ${argument.index}`);
  const low = load(offsets.arguments + argument.index * 8);
  const high = load(offsets.arguments + argument.index * 8 + 4);
  const value = words(argument.value);
  switch (argument.op) {
    case 'SCMP_CMP_EQ':
      return [high, jump('jeq', value.high, 0, miss + 2), low, jump('jeq', value.low, 0, miss)];
    case 'SCMP_CMP_NE':
      return [high, jump('jeq', value.high, 0, 2), low, jump('jeq', value.low, miss, 0)];
    case 'SCMP_CMP_GT':
      return [high, jump('jgt', value.high, 3, 0), jump('jeq', value.high, 0, miss + 2), low, jump('jgt', value.low, 0, miss)];
    case 'SCMP_CMP_GE':
      return [high, jump('jgt', value.high, 3, 0), jump('jeq', value.high, 0, miss + 2), low, jump('jge', value.low, 0, miss)];
    case 'SCMP_CMP_LT':
      return [high, jump('jgt', value.high, miss + 3, 0), jump('jeq', value.high, 0, 2), low, jump('jge', value.low, miss, 0)];
    case 'SCMP_CMP_LE':
      return [high, jump('jgt', value.high, miss + 3, 0), jump('jeq', value.high, 0, 2), low, jump('jgt', value.low, miss, 0)];
    case 'SCMP_CMP_MASKED_EQ': {
      const wanted = words(argument.valueTwo ?? 0);
      const masked = [and(value.high), jump('jeq', wanted.high, 0, miss + 3), low, and(value.low), jump('jeq', wanted.low, 0, miss)];
      return [high, ...masked];
    }
    default:
      throw new EngineError('InvalidArgument', `Cannot use seccomp profile: unknown operator ${JSON.stringify(argument.op)}`);
  }
}

function words(value: number): { readonly high: number; readonly low: number } {
  const whole = BigInt.asUintN(64, BigInt(value));
  return { high: Number(whole >> 32n), low: Number(whole & 0xffffffffn) };
}
