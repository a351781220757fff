import { syscallRuns } from './syscall-numbers.ts';

/** SECCOMP_RET_*, linux/seccomp.h; ERRNO and TRACE take a number in the low 16 bits. */
export const actions: Readonly<Record<string, number>> = {
  SCMP_ACT_KILL: 0x00000000,
  SCMP_ACT_KILL_THREAD: 0x00000000,
  SCMP_ACT_KILL_PROCESS: 0x80000000,
  SCMP_ACT_TRAP: 0x00030000,
  SCMP_ACT_ERRNO: 0x00050000,
  SCMP_ACT_NOTIFY: 0x7fc00000,
  SCMP_ACT_TRACE: 0x7ff00000,
  SCMP_ACT_LOG: 0x7ffc0000,
  SCMP_ACT_ALLOW: 0x7fff0000,
};

export const actionWords: readonly string[] = Object.keys(actions);

export const operatorWords: readonly string[] = [
  'SCMP_CMP_NE',
  'SCMP_CMP_LT',
  'SCMP_CMP_LE',
  'SCMP_CMP_EQ',
  'SCMP_CMP_GE',
  'SCMP_CMP_GT',
  'SCMP_CMP_MASKED_EQ',
];

/** SECCOMP_FILTER_FLAG_*, linux/seccomp.h. */
export const filterFlags: Readonly<Record<string, number>> = {
  SECCOMP_FILTER_FLAG_TSYNC: 1,
  SECCOMP_FILTER_FLAG_LOG: 2,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: 4,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: 32,
};

/** How the kernel names an architecture in `seccomp_data.arch` (AUDIT_ARCH_*), and what its numbers start from. */
export interface SeccompArchitecture {
  readonly audit: number;
  readonly table: keyof typeof syscallRuns;
  /** Added to every number: x32 is told from x86-64 by this bit alone. */
  readonly base: number;
}

export const x32Bit = 0x40000000;

/** Architectures with a table of numbers here. Any other one is refused by every filter. */
export const seccompArchitectures: Readonly<Record<string, SeccompArchitecture>> = {
  SCMP_ARCH_X86_64: { audit: 0xc000003e, table: 'x86_64', base: 0 },
  SCMP_ARCH_X32: { audit: 0xc000003e, table: 'x32', base: x32Bit },
  SCMP_ARCH_X86: { audit: 0x40000003, table: 'x86', base: 0 },
  SCMP_ARCH_AARCH64: { audit: 0xc00000b7, table: 'arm64', base: 0 },
};

/** Architecture words of the spec that libseccomp knows: none of them is an error, even where there is no table. */
export const knownArchitectures: readonly string[] = (
  'NATIVE X86 X86_64 X32 ARM AARCH64 MIPS MIPS64 MIPS64N32 MIPSEL MIPSEL64 MIPSEL64N32 PPC PPC64 PPC64LE S390 S390X PARISC PARISC64 ' +
  'RISCV64 LOONGARCH64 M68K SH SHEB'
)
  .split(' ')
  .map((name) => `SCMP_ARCH_${name}`);

/** System call numbers by name, without the architecture's base. */
export function syscallNumbers(table: keyof typeof syscallRuns): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  let next = 0;
  for (const word of syscallRuns[table].split(/\s+/)) {
    const colon = word.indexOf(':');
    if (colon > 0) next = Number(word.slice(0, colon));
    numbers.set(word.slice(colon + 1), next++);
  }
  return numbers;
}
