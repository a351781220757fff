import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'bun:test';
import type { RuntimeSpec } from '../../spec/index.ts';
import { defaultCapabilities } from '../capabilities.ts';
import type { Op } from '../ops.ts';
import { decodeOps, encodeOps } from '../protocol.ts';
import { SeccompCache } from '../seccomp/index.ts';
import { dockerSpec } from '../spec.test-helper.ts';
import { plan, planExec, type PlanContext } from './index.ts';

const id = 'c0ffee'.padEnd(64, '0');
const cache = new SeccompCache({ native: 'SCMP_ARCH_X86_64' });
const v1 = ['cpu,cpuacct', 'memory', 'systemd'].map((name) => ({
  name,
  type: 'cgroup' as const,
  options: name === 'systemd' ? ['none', 'name=systemd'] : name.split(','),
  directory: `/sys/fs/cgroup/${name}/berth/${id}`,
}));
const cgroups = {
  v1: {
    join: { kind: 'write', files: v1.map(({ directory }) => `${directory}/cgroup.procs`) },
    oomWatch: `/sys/fs/cgroup/memory/berth/${id}/memory.oom_control`,
    mounts: { kind: 'v1', hierarchies: v1 },
    slot: -1,
  },
  v2: {
    join: { kind: 'clone', directory: `/sys/fs/cgroup/berth/${id}` },
    oomWatch: `/sys/fs/cgroup/berth/${id}/memory.events`,
    mounts: { kind: 'v2', directory: `/sys/fs/cgroup/berth/${id}` },
    slot: 6,
  },
} as const;
const pipes = { kind: 'pipes', stdinRead: 0, stdinWrite: 1, stdoutRead: 2, stdoutWrite: 3, stderrRead: 4, stderrWrite: 5 } as const;

function context(changes: Partial<PlanContext> = {}): PlanContext {
  return {
    id,
    runDirectory: `/run/berth/${id}`,
    bundle: `/run/berth/${id}`,
    stdio: pipes,
    cgroup: cgroups.v1,
    hostCapabilities: (1n << 41n) - 1n,
    compileSeccomp: (seccomp) => cache.compile(seccomp),
    freeSlot: 10,
    ...changes,
  };
}

/** Ops as they are kept: big numbers in hex, bytes as text, a filter as its digest. */
function render(ops: readonly Op[]): string {
  const text = (_: string, value: unknown): unknown => {
    if (typeof value === 'bigint') return `0x${value.toString(16)}`;
    if (!(value instanceof Uint8Array)) return value;
    return value.length < 256
      ? new TextDecoder().decode(value)
      : `${value.length} bytes, sha256 ${new Bun.CryptoHasher('sha256').update(value).digest('hex')}`;
  };
  return `[\n${ops.map((op) => `  ${JSON.stringify(op, text)}`).join(',\n')}\n]\n`;
}

const base = dockerSpec('rootfs', ['sh']);
const small: RuntimeSpec = { ...base, mounts: [], linux: { namespaces: [{ type: 'mount' }, { type: 'pid' }, { type: 'uts' }] } };
const mapping = [{ containerID: 0, hostID: 100_000, size: 65_536 }];

/** One golden directory for each; `UPDATE_GOLDEN=1` writes them. */
const cases: Readonly<Record<string, { readonly spec: RuntimeSpec; readonly context?: Partial<PlanContext> }>> = {
  'docker-default': {
    spec: {
      ...base,
      rootMounts: [{ type: 'overlay', source: 'overlay', options: ['lowerdir=/l/2:/l/1', 'upperdir=/u', 'workdir=/w', 'userxattr'] }],
      process: { ...base.process, cwd: '/srv', user: { ...base.process.user, username: 'app:web', additionalGroups: ['audio'] } },
    },
  },
  'docker-default-v2': { spec: base, context: { cgroup: cgroups.v2 } },
  terminal: {
    spec: { ...small, process: { ...small.process, terminal: true } },
    context: { stdio: { kind: 'terminal', rows: 24, columns: 80 } },
  },
  'no-new-privileges': {
    spec: { ...small, process: { ...small.process, noNewPrivileges: true }, linux: { ...small.linux, seccomp: base.linux.seccomp! } },
  },
  mounts: {
    spec: {
      ...small,
      root: { path: '/bundle/root', readonly: true },
      mounts: [
        { destination: '/a', type: 'bind', source: '/host/a', options: ['rbind', 'ro', 'rprivate'] },
        { destination: '/b', type: 'bind', source: '/host/b', options: ['bind', 'rro', 'nosuid', 'noatime', 'rslave'] },
        { destination: '/c', type: 'tmpfs', source: 'tmpfs', options: ['ro', 'size=1m', 'mode=1777', 'noexec'] },
        { destination: '/d', type: 'bind', source: '/host/d', options: ['idmap'], uidMappings: mapping, gidMappings: mapping },
        { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['ro'] },
      ],
    },
  },
  'user-namespace': {
    spec: {
      ...small,
      rootMounts: [{ type: 'overlay', source: 'overlay', options: ['lowerdir=/l', 'upperdir=/u', 'workdir=/w'] }],
      mounts: [
        { destination: '/sys', type: 'sysfs', options: ['ro'] },
        { destination: '/v', type: 'bind', source: '/volumes/v', options: ['rbind'] },
      ],
      linux: {
        namespaces: [{ type: 'mount' }, { type: 'uts' }, { type: 'user' }, { type: 'network', path: '/run/netns/a' }],
        uidMappings: mapping,
        gidMappings: mapping,
      },
    },
  },
  'joined-namespaces': {
    spec: {
      ...small,
      hostname: 'n',
      linux: {
        namespaces: [
          { type: 'mount' },
          { type: 'uts' },
          { type: 'cgroup' },
          { type: 'time' },
          { type: 'pid', path: '/proc/7/ns/pid' },
          { type: 'network', path: '/proc/7/ns/net' },
          { type: 'ipc', path: '/proc/7/ns/ipc' },
        ],
        timeOffsets: { monotonic: { secs: 86_400 }, boottime: { secs: 86_400, nanosecs: 5 } },
        sysctl: { 'net.ipv4.ip_unprivileged_port_start': '0', 'net/ipv4/conf/eth0.1/forwarding': '1', 'kernel.shmmax': '1' },
        devices: [{ type: 'b', path: '/dev/sdz', major: 8, minor: 400, fileMode: 0o640, gid: 6 }],
        personality: { domain: 'LINUX32' },
      },
      process: {
        ...small.process,
        init: true,
        apparmorProfile: 'docker-default',
        user: { uid: 1000, gid: 1000, umask: 0o27, additionalGids: [4] },
        rlimits: [
          { type: 'RLIMIT_NOFILE', soft: 1024, hard: 2 ** 64 },
          { type: 'RLIMIT_CORE', soft: 0, hard: -1 },
        ],
        capabilities: {
          bounding: ['CAP_KILL'],
          effective: ['CAP_KILL'],
          permitted: ['CAP_KILL'],
          inheritable: ['CAP_KILL'],
          ambient: ['CAP_KILL'],
        },
      },
    },
  },
};

const root = join(import.meta.dir, '..', 'testdata');

test.each(Object.keys(cases))('plan: %s', (name) => {
  const { spec, context: changes } = cases[name]!;
  const directory = join(root, name);
  const ops = plan(spec, context(changes));
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'spec.json'), `${JSON.stringify(spec, null, 2)}\n`);
    writeFileSync(join(directory, 'ops.json'), render(ops));
  }
  expect(JSON.parse(readFileSync(join(directory, 'spec.json'), 'utf8'))).toEqual(JSON.parse(JSON.stringify(spec)));
  expect(render(ops)).toBe(readFileSync(join(directory, 'ops.json'), 'utf8'));
  expect(decodeOps(encodeOps(ops))).toEqual([...ops]);
});

test('every golden directory has its case', () => {
  expect(existsSync(root) ? readdirSync(root).sort() : []).toEqual(Object.keys(cases).sort());
});

test('an exec joins cgroups, then all namespaces at once, and keeps the filter', () => {
  const ops = planExec(base, { ...base.process, args: ['id'], capabilities: {} }, true, { ...context(), pidfdSlot: 7 });
  expect(ops.map(({ op }) => op)).toEqual([
    ...[
      'monitor',
      'setns',
      'clone',
      'write',
      'write',
      'write',
      'write',
      'setns',
      'keyring',
      'session',
      'chdir',
      'bounding',
      'seccomp',
      'user',
    ],
    ...['capabilities', 'exec'],
  ] as Array<Op['op']>);
  expect(ops.find((op) => op.op === 'bounding')).toEqual({ op: 'bounding', capabilities: (1n << 41n) - 1n });
});

test.each<[string, Partial<RuntimeSpec>, string]>([
  ['version', { ociVersion: '2.0' }, 'ociVersion: "2.0" is not 1.x'],
  ['host root', { root: { path: '/' } }, 'the root of the host cannot be a container'],
  ['no command', { process: { ...base.process, args: [] } }, 'process.args: there is no command'],
  ['relative cwd', { process: { ...base.process, cwd: 'x' } }, '"x" is not absolute'],
  ['NUL', { process: { ...base.process, args: ['a\0b'] } }, 'a NUL byte inside'],
  ['uid', { process: { ...base.process, user: { uid: -1, gid: 0 } } }, '-1 is no id'],
  [
    'inside /proc',
    { mounts: [{ destination: '/x/../proc/sys/', type: 'tmpfs' }] },
    '"/proc/sys" cannot be mounted because it is inside /proc',
  ],
  ['relative mount', { mounts: [{ destination: 'x', type: 'tmpfs' }] }, 'mounts: "x" is not absolute'],
  ['hooks', { hooks: { prestart: [{ path: '/bin/true' }] } }, 'hooks are not supported'],
  ['no mount namespace', { linux: { namespaces: [{ type: 'pid' }] } }, 'a mount namespace of its own is needed'],
  ['namespace twice', { linux: { namespaces: [{ type: 'mount' }, { type: 'mount' }] } }, 'mount is there twice'],
  ['no mappings', { linux: { namespaces: [{ type: 'mount' }, { type: 'user' }] } }, 'a user namespace needs mappings'],
  ['hostname', { linux: { namespaces: [{ type: 'mount' }] } }, 'it needs a uts namespace'],
  ['sysctl of the host', sysctl('vm.swappiness'), 'sysctl "vm.swappiness" is not in a separate kernel namespace'],
  ['sysctl outside', sysctl('net.x'), 'sysctl "net.x" not allowed in host network namespace'],
  ['rlimit', { process: { ...base.process, rlimits: [{ type: 'RLIMIT_X', soft: 0, hard: 0 }] } }, '"RLIMIT_X" is no resource limit'],
  ['capability', { process: { ...base.process, capabilities: { bounding: ['CAP_X'] } } }, 'unknown capability "CAP_X"'],
  ['notify', { linux: { ...base.linux, seccomp: { defaultAction: 'SCMP_ACT_NOTIFY' } } }, 'SCMP_ACT_NOTIFY is not supported'],
  ['device', { linux: { ...base.linux, devices: [{ type: 'x', path: '/dev/x' }] } }, '/dev/x has the unknown type "x"'],
])('refuses: %s', (_, changes, message) => {
  expect(() => plan({ ...base, ...changes }, context())).toThrow(message);
});

test('what the host cannot give is said', () => {
  const spec = { ...base, process: { ...base.process, capabilities: { bounding: ['CAP_SYS_RESOURCE', ...defaultCapabilities] } } };
  expect(() => plan(spec, context({ hostCapabilities: (1n << 41n) - 1n - (1n << 24n) }))).toThrow(
    'unable to apply caps: operation not permitted',
  );
});

function sysctl(name: string): Partial<RuntimeSpec> {
  return { hostname: '', linux: { namespaces: [{ type: 'mount' }], sysctl: { [name]: '1' } } };
}
