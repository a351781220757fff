import { expect, test } from 'bun:test';
import type { HostConfig, MountRequest } from '../../spec/index.ts';
import { builtInDefaults } from '../defaults.ts';
import { configOf, hostConfigOf, hostFactsOf } from '../house.test-helper.ts';
import { adaptHostConfig } from './adapt-host-config.ts';
import { checkConfig } from './check-config.ts';
import { checkHostConfig } from './check-host-config.ts';
import { checkResources } from './check-resources.ts';
import { resolvConf } from '../container-files.ts';
import { mergeConfig } from './merge-config.ts';
import { parseBind, parseMount, parseMounts, parseVolumesFrom } from './parse-mounts.ts';

const image = {
  Entrypoint: ['/entry'],
  Cmd: ['default'],
  Env: ['PATH=/bin', 'A=image'],
  WorkingDir: '/srv',
  User: 'app',
  Labels: { a: 'i', b: 'i' },
};

test("the user's words go over the image's", () => {
  const merged = mergeConfig(
    configOf({ Env: ['A=user'], Labels: { a: 'u' }, ExposedPorts: { '80/tcp': {} } }),
    { ...image, ExposedPorts: { '81/tcp': {} } },
    'abc',
  );
  expect(merged.Env).toEqual(['A=user', 'PATH=/bin']);
  expect(merged.Labels).toEqual({ a: 'u', b: 'i' });
  expect(Object.keys(merged.ExposedPorts ?? {})).toEqual(['81/tcp', '80/tcp']);
  expect(merged).toMatchObject({ WorkingDir: '/srv', User: 'app', Hostname: 'abc', Entrypoint: ['/entry'], Cmd: ['default'] });
});

test.each([
  ['a command keeps the entrypoint', { Cmd: ['x'] }, ['/entry'], ['x']],
  ['an entrypoint drops the command', { Entrypoint: ['/mine'] }, ['/mine'], null],
  ['an entrypoint keeps its own command', { Entrypoint: ['/mine'], Cmd: ['x'] }, ['/mine'], ['x']],
  ['an empty word resets the entrypoint', { Entrypoint: [''], Cmd: ['x'] }, null, ['x']],
])('%s', (_name, own, entrypoint, command) => {
  const merged = mergeConfig(configOf(own), image, 'h');
  expect(merged.Entrypoint as unknown).toEqual(entrypoint);
  expect(merged.Cmd as unknown).toEqual(command);
});

test('nothing to run is refused', () => {
  expect(() => mergeConfig(configOf(), {}, 'h')).toThrow('no command specified');
});

test.each([
  [{ WorkingDir: 'x' }, "the working directory 'x' is invalid, it needs to be an absolute path"],
  [{ StopSignal: 'NOPE' }, 'invalid signal: NOPE'],
  [{ Env: ['=x'] }, 'invalid environment variable: =x'],
  [{ Healthcheck: { Test: ['CMD', 'x'], Interval: 5 } }, 'Interval in Healthcheck cannot be less than 1ms'],
  [{ ExposedPorts: { '99999/tcp': {} } }, 'invalid port specification: "99999/tcp"'],
])('a config with %# is refused', (own, message) => {
  expect(() => checkConfig(configOf(own))).toThrow(message);
});

const checkResource = (own: Partial<HostConfig>, host = hostFactsOf()) => checkResources(hostConfigOf(own), host, { update: false });

test.each([
  [{ Memory: 1024 }, 'Minimum memory limit allowed is 6MB'],
  [{ Memory: 10 * 2 ** 20, MemorySwap: 2 ** 20 }, 'Minimum memoryswap limit should be larger than memory limit, see usage'],
  [{ MemorySwap: 10 * 2 ** 20 }, 'You should always set the Memory limit when using Memoryswap limit, see usage'],
  [{ MemoryReservation: 5 }, 'Minimum memory reservation allowed is 6MB'],
  [{ NanoCpus: 3e9 }, 'range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available'],
  [{ NanoCpus: 1e9, CpuQuota: 5000 }, 'Conflicting options: Nano CPUs and CPU Quota cannot both be set'],
  [{ CpuPeriod: 5 }, 'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)'],
  [{ CpusetCpus: '0-7' }, 'Requested CPUs are not available - requested 0-7, available: 0-1'],
  [{ CpusetCpus: 'a' }, 'Invalid value a for cpuset cpus'],
  [{ BlkioWeight: 5 }, 'Range of blkio weight is from 10 to 1000'],
] as ReadonlyArray<[Partial<HostConfig>, string]>)('resources %# are refused', (own, message) => {
  expect(() => checkResource(own)).toThrow(message);
});

test('what the machine cannot limit is dropped with a warning', () => {
  const { resources, warnings } = checkResource({ Memory: 2 ** 30, PidsLimit: 5 }, hostFactsOf({ controllers: ['cpu'] }));
  expect(resources).toMatchObject({ Memory: 0, MemorySwap: -1, PidsLimit: null });
  expect(warnings).toHaveLength(2);
});

const checkHost = (own: Partial<HostConfig>, config = configOf()) => checkHostConfig(config, hostConfigOf(own), { runtimes: ['berth'] });

test.each([
  [
    { AutoRemove: true, RestartPolicy: { Name: 'always', MaximumRetryCount: 0 } },
    "can't create 'AutoRemove' container with restart policy",
  ],
  [
    { RestartPolicy: { Name: 'sometimes', MaximumRetryCount: 0 } },
    "invalid restart policy: unknown policy 'sometimes'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
  ],
  [
    { RestartPolicy: { Name: 'always', MaximumRetryCount: 2 } },
    "invalid restart policy: maximum retry count can only be used with 'on-failure'",
  ],
  [{ IpcMode: 'x' }, 'invalid IPC mode: x'],
  [{ PidMode: 'container:' }, 'invalid PID mode: container:'],
  [{ CapAdd: ['NOPE'] }, 'invalid CapAdd: unknown capability: "CAP_NOPE"'],
  [{ SecurityOpt: ['nope=1'] }, 'invalid --security-opt'],
  [{ DeviceCgroupRules: ['x'] }, "invalid device cgroup rule format: 'x'"],
  [{ Sysctls: { 'vm.swappiness': '1' } }, 'sysctl "vm.swappiness" is not in a separate kernel namespace'],
  [{ Sysctls: { 'net.core.somaxconn': '1' }, NetworkMode: 'host' }, 'not allowed in host network namespace'],
  [{ Ulimits: [{ Name: 'nope', Soft: 1, Hard: 1 }] }, 'invalid ulimit type: nope'],
  [{ Ulimits: [{ Name: 'nofile', Soft: 9, Hard: 1 }] }, 'ulimit soft limit must be less than or equal to hard limit: 9 > 1'],
  [{ ShmSize: -1 }, 'SHM size can not be less than 0'],
  [{ OomScoreAdj: 2000 }, 'Invalid value 2000, range for oom score adj is [-1000, 1000]'],
  [{ Runtime: 'nope' }, 'unknown or invalid runtime name: nope'],
  [{ NetworkMode: 'container:x', Dns: ['1.1.1.1'] }, 'conflicting options: dns and the network mode'],
  [{ ExtraHosts: ['x'] }, 'bad format for add-host: "x"'],
  [
    { DeviceRequests: [{ Driver: '', Count: -1, DeviceIDs: null, Capabilities: [['gpu']], Options: null }] },
    'could not select device driver "" with capabilities: [[gpu]]',
  ],
] as ReadonlyArray<[Partial<HostConfig>, string]>)('a host config with %# is refused', (own, message) => {
  expect(() => checkHost(own)).toThrow(message);
});

test('published ports with the host network are a warning', () => {
  const warnings = checkHost({ NetworkMode: 'host', PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '80' }] } });
  expect(warnings).toEqual(['Published ports are discarded when using host network mode']);
});

test('defaults are filled in, and peers named by id', () => {
  const adapted = adaptHostConfig(hostConfigOf({ Memory: 2 ** 30, NetworkMode: 'container:web', PidMode: 'container:gone' }), {
    defaults: { ...builtInDefaults, logOptions: { 'max-size': '5m' } },
    host: hostFactsOf(),
    idOf: (words) => (words === 'web' ? 'ffff' : undefined),
  });
  expect(adapted).toMatchObject({
    MemorySwap: 2 ** 31,
    NetworkMode: 'container:ffff',
    PidMode: 'container:gone',
    IpcMode: 'private',
    CgroupnsMode: 'private',
    ShmSize: 64 * 2 ** 20,
    Runtime: 'berth',
    RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
    LogConfig: { Type: 'json-file', Config: { 'max-size': '5m' } },
  });
  expect(adapted.MaskedPaths).toContain('/proc/kcore');
});

test('-v words', () => {
  expect(parseBind('/src/:/dst/:ro,rslave', '')).toEqual({
    kind: 'bind',
    source: '/src',
    destination: '/dst',
    readWrite: false,
    mode: 'ro,rslave',
    propagation: 'rslave',
    recursive: true,
    createSource: true,
  });
  expect(parseBind('vol:/dst:nocopy', '')).toMatchObject({ kind: 'volume', name: 'vol', copyUp: false, readWrite: true });
  expect(parseBind('/only', '')).toMatchObject({ kind: 'volume', name: '', destination: '/only' });
});

test.each([
  ['', "invalid volume specification: ''"],
  ['/a:rw', "invalid volume specification: '/a:rw'"],
  ['/a:/b:c:d', "invalid volume specification: '/a:/b:c:d'"],
  ['/a:/b:nope', 'invalid mode: nope'],
  ['/a:/b:ro,rw', 'invalid mode: ro,rw'],
  ['/a:b', 'mount path must be absolute'],
  ['/a:/', "destination can't be '/'"],
])('-v %p is refused', (text, message) => {
  expect(() => parseBind(text, '')).toThrow(message);
});

test('--mount words', () => {
  expect(parseMount({ Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 4096, Mode: 0o1770 } })).toMatchObject({
    kind: 'tmpfs',
    options: ['mode=1770', 'size=4096'],
  });
  expect(parseMount({ Type: 'volume', Source: 'v', Target: '/t', VolumeOptions: { Subpath: 'a/b' } })).toMatchObject({ subpath: 'a/b' });
  expect(parseMount({ Type: 'bind', Source: '/s', Target: '/t', BindOptions: { NonRecursive: true } })).toMatchObject({ recursive: false });
});

test.each([
  [{ Type: 'bind', Target: '/t' }, 'invalid mount config for type "bind": field Source must not be empty'],
  [{ Type: 'bind', Source: 's', Target: '/t' }, "invalid mount path: 's' mount path must be absolute"],
  [{ Type: 'bind', Source: '/s', Target: '' }, 'field Target must not be empty'],
  [{ Type: 'nope', Target: '/t' }, 'invalid mount config for type "nope": mount type unknown'],
  [{ Type: 'volume', Source: 'v', Target: '/t', VolumeOptions: { Subpath: '../x' } }, 'subpath must be a relative path'],
  [{ Type: 'tmpfs', Source: '/s', Target: '/t' }, 'field Source must not be specified'],
] as ReadonlyArray<[MountRequest, string]>)('--mount %# is refused', (request, message) => {
  expect(() => parseMount(request)).toThrow(message);
});

test("one place is one mount's", () => {
  expect(() => parseMounts(hostConfigOf({ Binds: ['/a:/x', 'v:/x/'] }))).toThrow('Duplicate mount point: /x');
  expect(() => parseMounts(hostConfigOf({ Binds: ['/a:/x'], Tmpfs: { '/x': '' } }))).toThrow('Duplicate mount point: /x');
  expect(parseVolumesFrom('web:ro')).toEqual({ words: 'web', readOnly: true });
  expect(() => parseVolumesFrom('web:nocopy')).toThrow('invalid mode: nocopy');
});

test("resolv.conf is the host's, with lines replaced", () => {
  const own = 'nameserver 10.0.0.1\nsearch example.org\noptions ndots:1\n';
  expect(resolvConf(own, hostConfigOf(), builtInDefaults)).toBe(own);
  expect(resolvConf(own, hostConfigOf({ Dns: ['1.1.1.1'], DnsSearch: ['.'] }), builtInDefaults)).toBe(
    'options ndots:1\nnameserver 1.1.1.1\n',
  );
});
