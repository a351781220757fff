/**
 * Writes `syscall-numbers.ts` from the kernel headers of this machine: `bun src/runtime/seccomp/generate-syscalls.ts`.
 * Needs a C preprocessor and linux-libc-dev; its output is committed. arm64 uses the kernel's generic table.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Newer than the headers of Debian 12; the numbers are the same everywhere but for x86-64's probes. */
const newer: ReadonlyArray<readonly [string, number]> = [
  ['cachestat', 451],
  ['fchmodat2', 452],
  ['map_shadow_stack', 453],
  ['futex_wake', 454],
  ['futex_wait', 455],
  ['futex_requeue', 456],
  ['statmount', 457],
  ['listmount', 458],
  ['lsm_get_self_attr', 459],
  ['lsm_set_self_attr', 460],
  ['lsm_list_modules', 461],
  ['mseal', 462],
  ['setxattrat', 463],
  ['getxattrat', 464],
  ['listxattrat', 465],
  ['removexattrat', 466],
  ['open_tree_attr', 467],
  ['file_getattr', 468],
  ['file_setattr', 469],
];

const generic = ['CLONE3', 'NEW_STAT', 'SET_GET_RLIMIT', 'RENAMEAT', 'MEMFD_SECRET'].map((name) => `-D__ARCH_WANT_SYS_${name}=1`);
const tables = {
  x86_64: [...numbers('asm/unistd_64.h', []), ['uretprobe', 335] as const, ['uprobe', 336] as const],
  x86: numbers('asm/unistd_32.h', []),
  x32: numbers('asm/unistd_x32.h', ['-D__X32_SYSCALL_BIT=0']),
  arm64: numbers('asm-generic/unistd.h', [
    ...generic,
    ...generic.map((flag) => flag.replace('WANT_SYS_', 'WANT_')),
    '-D__BITS_PER_LONG=64',
    '-D__SYSCALL(a,b)=',
  ]),
};
writeFileSync(join(import.meta.dir, 'syscall-numbers.ts'), render());

function numbers(header: string, flags: readonly string[]): ReadonlyArray<readonly [string, number]> {
  const cpp = spawnSync('cpp', ['-dM', ...flags, '-include', header, '/dev/null'], { encoding: 'utf8' });
  if (cpp.status !== 0) throw new Error(cpp.stderr);
  const macros = new Map<string, string>();
  for (const [, name = '', value = ''] of cpp.stdout.matchAll(/^#define (__NR(?:3264)?_\w+) (.+)$/gm)) macros.set(name, value);
  const found: Array<readonly [string, number]> = [];
  for (const [name, value] of macros) {
    const number = Number((macros.get(value) ?? value).replace(/^\(__X32_SYSCALL_BIT \+ (\d+)\)$/, '$1'));
    if (name.startsWith('__NR_') && name !== '__NR_syscalls' && name !== '__NR_arch_specific_syscall' && Number.isInteger(number)) {
      found.push([name.slice(5), number]);
    }
  }
  return found;
}

function render(): string {
  const bodies = Object.entries(tables).map(([arch, table]) => `  ${arch}: \`${runs(table).join('\n')}\`,`);
  return `// Written by generate-syscalls.ts; do not edit.

/**
 * System calls by architecture as text: every run starts with its first number and names one call after another, so \`5:fstat lstat\` says that
 * fstat is 5 and lstat 6. x32 is without the bit 0x40000000.
 */
export const syscallRuns = {
${bodies.join('\n')}
} as const;
`;
}

function runs(table: ReadonlyArray<readonly [string, number]>): string[] {
  const all = new Map([...newer, ...table].map(([name, number]) => [number, name]));
  const lines: string[] = [];
  let line = '';
  let next = -1;
  for (const [number, name] of [...all].sort(([a], [b]) => a - b)) {
    const word = number === next ? name : `${number}:${name}`;
    if (line.length + word.length > 135) {
      lines.push(line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
    next = number + 1;
  }
  return [...lines, line];
}
