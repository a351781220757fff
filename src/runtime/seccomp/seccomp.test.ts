import { expect, test } from 'bun:test';
import * as fc from 'fast-check';
import type { RuntimeSeccomp, RuntimeSyscall } from '../../spec/index.ts';
import { SeccompCache } from './cache.ts';
import { compileSeccomp } from './compile.ts';
import { defaultSeccompProfile } from './default-profile.ts';
import { runFilter } from './interpreter.test-helper.ts';
import { parseSeccompProfile } from './parse-profile.ts';
import { resolveSeccomp } from './profile.ts';
import { actions, operatorWords, seccompArchitectures, syscallNumbers } from './words.ts';

const dockerCaps =
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE'
    .split(' ')
    .map((name) => `CAP_${name}`);
const situation = { capabilities: dockerCaps, architecture: 'amd64', kernel: '6.18.44-x' } as const;
const arches = ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'];
const [allow, eperm, enosys, kill] = [0x7fff0000, 0x50001, 0x50026, 0x80000000];

/** What the filter should say, slowly and from the words alone. */
function evaluate(seccomp: RuntimeSeccomp, arch: string, number: number, args: readonly bigint[]): number {
  if (arch === 'SCMP_ARCH_X32' && number < 512) return evaluate(seccomp, 'SCMP_ARCH_X86_64', number, args);
  const table = seccompArchitectures[arch]!;
  const numbers = syscallNumbers(table.table);
  const rules = (seccomp.syscalls ?? []).filter((rule) => rule.names.some((name) => numbers.get(name) === number));
  const plain = rules.find((rule) => !rule.args?.length);
  const rule = plain ?? rules.find((candidate) => fits(candidate, args));
  if (rule !== undefined) return word(rule.action, rule.errnoRet);
  const known = (seccomp.syscalls ?? []).flatMap(({ names }) => names.flatMap((name) => numbers.get(name) ?? []));
  const refuses = /ERRNO|TRAP|KILL/.test(seccomp.defaultAction);
  if (refuses && known.length > 0 && number > Math.max(...known)) return enosys;
  return word(seccomp.defaultAction, seccomp.defaultErrnoRet);
}

function word(action: string, errno = 1): number {
  return /ERRNO|TRACE/.test(action) ? (actions[action]! | errno) >>> 0 : actions[action]!;
}

function fits(rule: RuntimeSyscall, args: readonly bigint[]): boolean {
  const results = rule.args!.map(({ index, value, valueTwo, op }) => compare(op, args[index] ?? 0n, BigInt(value), BigInt(valueTwo ?? 0)));
  const repeated = new Set(rule.args!.map(({ index }) => index)).size < rule.args!.length;
  return repeated ? results.some(Boolean) : results.every(Boolean);
}

function compare(op: string, a: bigint, b: bigint, c: bigint): boolean {
  switch (op) {
    case 'SCMP_CMP_NE':
      return a !== b;
    case 'SCMP_CMP_LT':
      return a < b;
    case 'SCMP_CMP_LE':
      return a <= b;
    case 'SCMP_CMP_EQ':
      return a === b;
    case 'SCMP_CMP_GE':
      return a >= b;
    case 'SCMP_CMP_GT':
      return a > b;
    default:
      return (a & b) === c;
  }
}

/** Compares filter and words for every number of every architecture, with arguments around every value that the rules name. */
function checkAll(seccomp: RuntimeSeccomp, most = 480): number {
  const { program } = compileSeccomp(seccomp);
  let longest = 0;
  for (const arch of arches) {
    const { audit, base, table } = seccompArchitectures[arch]!;
    const named =
      seccomp.architectures === undefined ? arch === 'SCMP_ARCH_X86_64' : [...seccomp.architectures, 'SCMP_ARCH_X86_64'].includes(arch);
    const numbers = syscallNumbers(table);
    for (let number = 0; number < most; number++) {
      const rules = (seccomp.syscalls ?? []).filter(({ names }) => names.some((name) => numbers.get(name) === number));
      for (const args of interesting(rules)) {
        const { action, walked } = runFilter(program, { number: number + base, audit, args });
        const wanted = named ? evaluate(seccomp, arch, number, args) : kill;
        if (action !== wanted)
          throw new Error(`${arch} ${number} ${args.join(',')}: ${action.toString(16)} instead of ${wanted.toString(16)}`);
        if (rules.every((rule) => !rule.args?.length)) longest = Math.max(longest, walked);
      }
    }
  }
  return longest;
}

function interesting(rules: readonly RuntimeSyscall[]): bigint[][] {
  const cases: bigint[][] = [[0n, 0n, 0n, 0n, 0n, 0n]];
  for (const { index, value } of rules.flatMap(({ args }) => args ?? [])) {
    for (const delta of [0n, 1n, -1n, 1n << 32n, -(1n << 32n)]) {
      const args = [0n, 0n, 0n, 0n, 0n, 0n];
      args[index] = BigInt.asUintN(64, BigInt(value) + delta);
      cases.push(args);
    }
  }
  return cases;
}

test("Docker's default profile says the same as its words, and walks few instructions", () => {
  const seccomp = resolveSeccomp(defaultSeccompProfile(), situation);
  const longest = checkAll(seccomp, 1100);
  const { instructions } = compileSeccomp(seccomp);
  if (process.env['BERTH_REPORT']) console.log({ instructions, longest });
  expect(longest).toBeLessThan(15);
  expect(instructions).toBeLessThan(500);
});

test("Docker's default profile: the cases people know", () => {
  const { program } = compileSeccomp(resolveSeccomp(defaultSeccompProfile(), situation));
  const call = (name: string, ...args: bigint[]) =>
    runFilter(program, { number: syscallNumbers('x86_64').get(name)!, audit: 0xc000003e, args }).action;
  expect(call('read')).toBe(allow);
  expect(call('ptrace')).toBe(allow);
  expect(call('mount')).toBe(eperm);
  expect(call('io_uring_setup')).toBe(eperm);
  expect(call('clone3')).toBe(enosys);
  expect(call('clone', 0x01200011n)).toBe(allow);
  expect(call('clone', 0x10000000n)).toBe(eperm);
  expect(call('socket', 2n)).toBe(allow);
  expect(call('socket', 40n)).toBe(eperm);
  expect(call('personality', 0xffffffffn)).toBe(allow);
  expect(call('personality', 0x40000n)).toBe(eperm);
  expect(call('chroot')).toBe(allow);
  expect(call('reboot')).toBe(eperm);
  expect(runFilter(program, { number: 0, audit: 0xc00000b7, args: [] }).action).toBe(kill);
  expect(runFilter(program, { number: 9999, audit: 0xc000003e, args: [] }).action).toBe(enosys);
});

test('a capability, an architecture and a kernel each open their calls', () => {
  const names = (changes: Partial<Parameters<typeof resolveSeccomp>[1]>) =>
    new Set(resolveSeccomp(defaultSeccompProfile(), { ...situation, ...changes }).syscalls?.flatMap((rule) => rule.names));
  expect(names({}).has('unshare')).toBe(false);
  expect(names({ capabilities: ['CAP_SYS_ADMIN'] }).has('unshare')).toBe(true);
  expect(names({ kernel: '4.7.9' }).has('ptrace')).toBe(false);
  expect(names({ kernel: '5.0' }).has('ptrace')).toBe(true);
  expect(names({ architecture: 'arm64' }).has('arch_prctl')).toBe(false);
  expect(resolveSeccomp(defaultSeccompProfile(), { ...situation, architecture: 'arm64' }).architectures?.[0]).toBe('SCMP_ARCH_AARCH64');
});

test('every name of the default profile is a system call somewhere', () => {
  const known = new Set((['x86_64', 'x86', 'x32', 'arm64'] as const).flatMap((table) => [...syscallNumbers(table).keys()]));
  const unknown = defaultSeccompProfile().syscalls.flatMap((rule) => rule.names.filter((name) => !known.has(name)));
  const elsewhere =
    'arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush fstatat64 recv riscv_hwprobe send set_tls sync_file_range2'.split(' ');
  const unused = ['sendfile64', 'utimensat_time64'];
  expect(unknown.filter((name) => ![...elsewhere, ...unused].includes(name))).toEqual([]);
});

const anyNames = [...syscallNumbers('x86_64').keys(), 'socketcall', 'no_such_call'];
const anyRule: fc.Arbitrary<RuntimeSyscall> = fc.record({
  names: fc.array(fc.constantFrom(...anyNames), { minLength: 1, maxLength: 6 }),
  action: fc.constantFrom(...Object.keys(actions)),
  errnoRet: fc.integer({ min: 0, max: 4095 }),
  args: fc.array(
    fc.record({
      index: fc.integer({ min: 0, max: 5 }),
      value: fc.oneof(fc.integer({ min: 0, max: 2 ** 32 }), fc.maxSafeInteger().map(Math.abs)),
      valueTwo: fc.integer({ min: 0, max: 2 ** 32 }),
      op: fc.constantFrom(...operatorWords),
    }),
    { maxLength: 3 },
  ),
});

test('any profile: the filter says what the words say', () => {
  const anyProfile: fc.Arbitrary<RuntimeSeccomp> = fc.record({
    defaultAction: fc.constantFrom(...Object.keys(actions)),
    defaultErrnoRet: fc.integer({ min: 0, max: 4095 }),
    architectures: fc.subarray(arches),
    syscalls: fc.array(anyRule, { maxLength: 12 }),
  });
  fc.assert(
    fc.property(anyProfile, (seccomp) => {
      checkAll(seccomp);
    }),
    { numRuns: 40 },
  );
}, 60_000);

test('long profiles jump further than a conditional jump reaches', () => {
  const names = [...syscallNumbers('x86_64').keys()];
  const syscalls = names.filter((_, index) => index % 2 === 0).map((name) => ({ names: [name], action: 'SCMP_ACT_ALLOW' }));
  checkAll({ defaultAction: 'SCMP_ACT_ERRNO', architectures: arches, syscalls });
});

test('a profile file is read with its conditions', () => {
  const profile = parseSeccompProfile(JSON.stringify(defaultSeccompProfile()));
  expect(resolveSeccomp(profile, situation)).toEqual(resolveSeccomp(defaultSeccompProfile(), situation));
  const old = parseSeccompProfile(
    '{"defaultAction":"SCMP_ACT_ALLOW","archMap":null,"syscalls":[{"name":"chmod","action":"SCMP_ACT_ERRNO","args":[]}]}',
  );
  expect(old.syscalls[0]?.names).toEqual(['chmod']);
});

test.each([
  ['{', /^Decoding seccomp profile failed: /],
  ['[]', /it has to be an object/],
  ['{"defaultAction":"ALLOW"}', /defaultAction: "ALLOW" is not one of/],
  ['{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["a"],"action":"x"}]}', /syscalls\[0\].action/],
  ['{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"name":"a","names":["a"],"action":"SCMP_ACT_LOG"}]}', /both 'name' and 'names'/],
  [
    '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["a"],"action":"SCMP_ACT_LOG","args":[{"index":9,"op":"SCMP_CMP_EQ"}]}]}',
    /args.index/,
  ],
])('refuses %s', (json, message) => {
  expect(() => parseSeccompProfile(json)).toThrow(message);
});

test('words that no kernel knows are refused when compiled', () => {
  const bad = (seccomp: Partial<RuntimeSeccomp>) => () => compileSeccomp({ defaultAction: 'SCMP_ACT_ALLOW', ...seccomp });
  expect(bad({ architectures: ['SCMP_ARCH_VAX'] })).toThrow('unknown architecture "SCMP_ARCH_VAX"');
  expect(bad({ flags: ['NO'] })).toThrow("seccomp flag 'NO' is not known");
  expect(bad({ defaultAction: 'NO' })).toThrow('unknown action "NO"');
});

test('the cache compiles a profile once', () => {
  const cache = new SeccompCache({ native: 'SCMP_ARCH_X86_64' });
  const one = resolveSeccomp(defaultSeccompProfile(), situation);
  const same = resolveSeccomp(defaultSeccompProfile(), situation);
  expect(cache.compile(one)).toBe(cache.compile(same));
  expect(cache.compile({ ...one, defaultAction: 'SCMP_ACT_LOG' })).not.toBe(cache.compile(one));
});
