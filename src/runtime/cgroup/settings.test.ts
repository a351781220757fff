import { expect, test } from 'bun:test';
import * as fc from 'fast-check';
import { deviceProgram } from './device-program.ts';
import { devicePolicy, formatDeviceRule, type DeviceRules } from './devices.ts';
import { parseCgroupLayout } from './layout.ts';
import { settingsV1 } from './settings-v1.ts';
import { ioWeight, settingsV2, weightOfShares } from './settings-v2.ts';

const fresh = { memoryBytes: Number.POSITIVE_INFINITY };
const lines = (settings: ReturnType<typeof settingsV2>) => settings.map(({ file, value }) => `${file}=${value}`);

test('conversions are those of runc', () => {
  expect([2, 512, 1024, 262144].map(weightOfShares)).toEqual([1, 20, 39, 10000]);
  expect([10, 500, 1000].map(ioWeight)).toEqual([1, 4950, 10000]);
});

test('v1: what is raised goes first', () => {
  const memory = { limit: 200, swap: 400 };
  expect(lines(settingsV1({ memory }, fresh))).toEqual(['memory.limit_in_bytes=200', 'memory.memsw.limit_in_bytes=400']);
  expect(lines(settingsV1({ memory }, { memoryBytes: 100 }))).toEqual(['memory.memsw.limit_in_bytes=400', 'memory.limit_in_bytes=200']);
  expect(lines(settingsV1({ memory: { limit: -1 } }, { memoryBytes: 100 }))).toEqual([
    'memory.memsw.limit_in_bytes=-1',
    'memory.limit_in_bytes=-1',
  ]);
});

test('v1 and v2: the same wishes', () => {
  const resources = {
    cpu: { shares: 1024, quota: 50_000, period: 100_000, cpus: '0-1' },
    memory: { limit: 200, swap: 500, reservation: 100 },
    pids: { limit: -1 },
    blockIO: { weight: 500, throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1000 }] },
    hugepageLimits: [{ pageSize: '2MB', limit: 0 }],
  };
  expect(lines(settingsV1(resources, fresh))).toEqual([
    'cpuset.cpus=0-1',
    'cpu.shares=1024',
    'cpu.cfs_period_us=100000',
    'cpu.cfs_quota_us=50000',
    'memory.limit_in_bytes=200',
    'memory.memsw.limit_in_bytes=500',
    'memory.soft_limit_in_bytes=100',
    'blkio.bfq.weight|blkio.weight=500',
    'blkio.throttle.read_bps_device=8:0 1000',
    'pids.max=max',
    'hugetlb.2MB.limit_in_bytes=0',
  ]);
  expect(lines(settingsV2({ ...resources, unified: { 'memory.high': '150' } }))).toEqual([
    'cpu.weight=39',
    'cpu.max=50000 100000',
    'cpuset.cpus=0-1',
    'memory.swap.max=300',
    'memory.max=200',
    'memory.low=100',
    'io.bfq.weight=500',
    'io.weight=default 4950',
    'io.max=8:0 rbps=1000',
    'pids.max=max',
    'hugetlb.2MB.max=0',
    'hugetlb.2MB.rsvd.max=0',
    'memory.high=150',
  ]);
});

test('wishes that cannot be', () => {
  expect(() => settingsV2({ memory: { swap: 100 } })).toThrow('unable to set swap limit without memory limit');
  expect(() => settingsV2({ memory: { limit: 200, swap: 100 } })).toThrow('memory+swap limit should be >= memory limit');
  expect(() => settingsV2({ unified: { '../x.y': '1' } })).toThrow('must be a file name');
  expect(() => settingsV1({ unified: { 'a.b': '1' } }, fresh)).toThrow('unified resources need cgroup v2');
  expect(() => settingsV1({ memory: { swappiness: 101 } }, fresh)).toThrow('valid range is 0-100');
  expect(() => formatDeviceRule({ allow: true, type: 'x' })).toThrow('unknown type "x"');
});

test('device rules as v1 writes them', () => {
  expect(formatDeviceRule({ allow: false, access: 'rwm' })).toBe('a');
  expect(formatDeviceRule({ allow: true, type: 'c', access: 'm' })).toBe('c *:* m');
  expect(formatDeviceRule({ allow: true, type: 'c', major: 136, minor: -1, access: 'rwm' })).toBe('c 136:* rwm');
});

test('layouts', () => {
  const line = (root: string, type: string, options: string) => `30 23 0:28 / ${root} rw,relatime - ${type} none rw,${options}`;
  expect(parseCgroupLayout(line('/sys/fs/cgroup', 'cgroup2', 'nsdelegate'))).toEqual({ version: 2, root: '/sys/fs/cgroup' });
  const hybrid = [
    line('/c/cpu,cpuacct', 'cgroup', 'cpu,cpuacct'),
    line('/c/a\\040b', 'cgroup', 'name=systemd'),
    line('/c/unified', 'cgroup2', 'x'),
  ];
  expect(parseCgroupLayout(hybrid.join('\n'))).toEqual({
    version: 1,
    hierarchies: [
      { controllers: ['cpu', 'cpuacct'], root: '/c/cpu,cpuacct' },
      { controllers: ['name=systemd'], root: '/c/a b' },
    ],
    unified: '/c/unified',
  });
  expect(() => parseCgroupLayout('')).toThrow('no cgroup file system found');
});

const anyRules: fc.Arbitrary<DeviceRules> = fc.array(
  fc.record(
    {
      allow: fc.boolean(),
      type: fc.constantFrom('a', 'b', 'c'),
      major: fc.constantFrom(-1, 1, 2),
      minor: fc.constantFrom(-1, 1, 2),
      access: fc.constantFrom('r', 'w', 'm', 'rw', 'rwm'),
    },
    { requiredKeys: ['allow'] },
  ),
  { maxLength: 8 },
);

test('the device program decides as the policy does', () => {
  fc.assert(
    fc.property(anyRules, (rules) => {
      const policy = devicePolicy(rules);
      const program = deviceProgram(policy);
      for (const type of ['b', 'c'] as const) {
        for (const [major, minor, access] of [1, 2, 3].flatMap((a) =>
          [1, 2, 3].flatMap((b) => [1, 2, 3, 4, 6, 7].map((c) => [a, b, c] as const)),
        )) {
          const fits = policy.exceptions.some(
            (exception) =>
              exception.type === type &&
              (exception.major ?? major) === major &&
              (exception.minor ?? minor) === minor &&
              (policy.allowByDefault ? (access & exception.access) !== 0 : (access & ~exception.access) === 0),
          );
          const wanted = fits ? !policy.allowByDefault : policy.allowByDefault;
          expect(runProgram(program, { type: type === 'b' ? 1 : 2, access, major, minor })).toBe(wanted);
        }
      }
    }),
    { numRuns: 60 },
  );
});

/** The few instructions of eBPF that a device program has. */
function runProgram(program: Uint8Array, context: { type: number; access: number; major: number; minor: number }): boolean {
  const code = new DataView(program.buffer);
  const memory = [((context.access << 16) | context.type) >>> 0, context.major, context.minor];
  const registers = Array.from({ length: 11 }, () => 0);
  for (let at = 0; ; at++) {
    const operation = code.getUint8(at * 8);
    const [to, from] = [code.getUint8(at * 8 + 1) & 15, code.getUint8(at * 8 + 1) >> 4];
    const offset = code.getInt16(at * 8 + 2, true);
    const immediate = code.getInt32(at * 8 + 4, true);
    const value = registers[to] ?? 0;
    if (operation === 0x95) return registers[0] === 1;
    if (operation === 0x61) registers[to] = memory[offset / 4] ?? 0;
    else if (operation === 0x54) registers[to] = (value & immediate) >>> 0;
    else if (operation === 0x74) registers[to] = value >>> immediate;
    else if (operation === 0xbc) registers[to] = registers[from] ?? 0;
    else if (operation === 0xb4) registers[to] = immediate;
    else if (operation === 0x56) at += value === immediate ? 0 : offset;
    else if (operation === 0x16) at += value === immediate ? offset : 0;
    else throw new Error(`unknown instruction ${operation}`);
  }
}
