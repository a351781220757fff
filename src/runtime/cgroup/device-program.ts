import type { DeviceException, DevicePolicy } from './devices.ts';

/** One instruction of eBPF; linux/bpf.h `struct bpf_insn`. */
interface Instruction {
  readonly code: number;
  readonly to: number;
  readonly from: number;
  readonly offset: number;
  readonly immediate: number;
}

const types = { b: 1, c: 2 } as const;
/** Registers: the context comes in r1; type, access, major and minor are kept in r2 to r5. */
const [context, type, access, major, minor, scratch] = [1, 2, 3, 4, 5, 1];

/**
 * The policy as a program for BPF_CGROUP_DEVICE: returns 1 to allow, 0 to refuse. Its context is `struct bpf_cgroup_dev_ctx
 * {u32 access_type; u32 major; u32 minor}`, access_type being `access << 16 | type`.
 */
export function deviceProgram(policy: DevicePolicy): Uint8Array {
  const program = [
    loadWord(type, 0),
    and(type, 0xffff),
    loadWord(access, 0),
    shiftRight(access, 16),
    loadWord(major, 4),
    loadWord(minor, 8),
    ...policy.exceptions.flatMap((exception) => check(exception, policy.allowByDefault)),
    ...answer(policy.allowByDefault),
  ];
  return encode(program);
}

/** Returns the opposite of the default when the exception fits, else continues after it. */
function check(exception: DeviceException, allowByDefault: boolean): readonly Instruction[] {
  const decision = answer(!allowByDefault);
  // An allowing exception has to cover all that is asked for; a refusing one any of it.
  const covered = [move(scratch, access), and(scratch, allowByDefault ? exception.access : ~exception.access)];
  const tests: Array<(miss: number) => Instruction> = [(miss) => jumpUnlessEqual(type, types[exception.type], miss)];
  if (exception.major !== undefined) tests.push((miss) => jumpUnlessEqual(major, exception.major ?? 0, miss));
  if (exception.minor !== undefined) tests.push((miss) => jumpUnlessEqual(minor, exception.minor ?? 0, miss));
  const accessTest = (miss: number): Instruction => (allowByDefault ? jumpIfEqual(scratch, 0, miss) : jumpUnlessEqual(scratch, 0, miss));
  const after = covered.length + 1 + decision.length;
  const head = tests.map((build, index) => build(tests.length - index - 1 + after));
  return [...head, ...covered, accessTest(decision.length), ...decision];
}

function answer(allow: boolean): readonly Instruction[] {
  return [
    { code: 0xb4, to: 0, from: 0, offset: 0, immediate: allow ? 1 : 0 },
    { code: 0x95, to: 0, from: 0, offset: 0, immediate: 0 },
  ];
}

function loadWord(to: number, offset: number): Instruction {
  return { code: 0x61, to, from: context, offset, immediate: 0 };
}

function and(to: number, mask: number): Instruction {
  return { code: 0x54, to, from: 0, offset: 0, immediate: mask };
}

function shiftRight(to: number, bits: number): Instruction {
  return { code: 0x74, to, from: 0, offset: 0, immediate: bits };
}

function move(to: number, from: number): Instruction {
  return { code: 0xbc, to, from, offset: 0, immediate: 0 };
}

function jumpUnlessEqual(to: number, immediate: number, offset: number): Instruction {
  return { code: 0x56, to, from: 0, offset, immediate };
}

function jumpIfEqual(to: number, immediate: number, offset: number): Instruction {
  return { code: 0x16, to, from: 0, offset, immediate };
}

function encode(program: readonly Instruction[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(program.length * 8));
  for (const [index, { code, to, from, offset, immediate }] of program.entries()) {
    view.setUint8(index * 8, code);
    view.setUint8(index * 8 + 1, (from << 4) | to);
    view.setInt16(index * 8 + 2, offset, true);
    view.setInt32(index * 8 + 4, immediate | 0, true);
  }
  return new Uint8Array(view.buffer);
}
