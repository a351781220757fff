/** One instruction of classic BPF; linux/filter.h, as far as seccomp(2) allows it. */
export interface Instruction {
  readonly code: number;
  readonly jumpTrue: number;
  readonly jumpFalse: number;
  readonly k: number;
}

export type Operation = 'ja' | 'jeq' | 'jgt' | 'jge';

const jumps: Readonly<Record<Operation, number>> = { ja: 0x05, jeq: 0x15, jgt: 0x25, jge: 0x35 };

/** Where `struct seccomp_data` has what; arguments are 64 bits each, low half first. */
export const offsets = { number: 0, architecture: 4, arguments: 16 } as const;

/** A := the 32-bit word at `offset` of seccomp_data. */
export function load(offset: number): Instruction {
  return { code: 0x20, jumpTrue: 0, jumpFalse: 0, k: offset };
}

/** A := A & mask. */
export function and(mask: number): Instruction {
  return { code: 0x54, jumpTrue: 0, jumpFalse: 0, k: mask >>> 0 };
}

/** Skips `jumpTrue` or `jumpFalse` instructions after comparing A with `k` (unsigned); `ja` skips `k`. */
export function jump(operation: Operation, k: number, jumpTrue: number, jumpFalse: number): Instruction {
  return { code: jumps[operation], jumpTrue, jumpFalse, k: k >>> 0 };
}

export function ret(action: number): Instruction {
  return { code: 0x06, jumpTrue: 0, jumpFalse: 0, k: action >>> 0 };
}

/** `struct sock_filter[]`, little-endian. */
export function encode(program: readonly Instruction[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(program.length * 8));
  for (const [index, { code, jumpTrue, jumpFalse, k }] of program.entries()) {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, jumpTrue);
    view.setUint8(index * 8 + 3, jumpFalse);
    view.setUint32(index * 8 + 4, k, true);
  }
  return new Uint8Array(view.buffer);
}
