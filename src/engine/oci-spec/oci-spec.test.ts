import { expect, test } from 'bun:test';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { containerCapabilities } from '../../runtime/index.ts';
import type { Mount } from '../../spec/index.ts';
import { builtInDefaults } from '../defaults.ts';
import { configOf, hostConfigOf, hostFactsOf, recordOf } from '../house.test-helper.ts';
import { adaptHostConfig } from '../create/adapt-host-config.ts';
import type { ContainerRecord } from '../contract.ts';
import type { HostConfig } from '../../spec/index.ts';
import { toRuntimeSpec, type SpecInputs } from './index.ts';

const host = hostFactsOf();
const hostConfig = (own: Partial<HostConfig> = {}) =>
  adaptHostConfig(hostConfigOf(own), { defaults: builtInDefaults, host, idOf: () => undefined });

function inputsOf(record: ContainerRecord, own: Partial<SpecInputs> = {}): SpecInputs {
  const { CapAdd, CapDrop, Privileged: privileged } = record.hostConfig;
  const overlay: Mount = { type: 'overlay', source: 'overlay', options: ['lowerdir=/l', 'upperdir=/u', 'workdir=/w'] };
  return {
    defaults: builtInDefaults,
    host,
    rootMounts: [overlay],
    joins: {},
    files: record.paths,
    hostname: record.config.Hostname,
    subpaths: {},
    imageMounts: {},
    devices: [],
    blockDevices: {},
    capabilities: containerCapabilities({ add: CapAdd ?? [], drop: CapDrop ?? [], privileged }, host.capabilities),
    seccomp: { defaultAction: 'SCMP_ACT_ERRNO' },
    ...own,
  };
}

const plain = recordOf({ hostConfig: hostConfig() });
const limited = recordOf({
  config: configOf({
    Hostname: 'h',
    Domainname: 'example.org',
    User: 'app:web',
    WorkingDir: '/srv',
    Tty: true,
    Env: ['A=1', 'HOSTNAME', 'PATH=/bin'],
  }),
  hostConfig: hostConfig({
    Memory: 64 * 2 ** 20,
    MemoryReservation: 32 * 2 ** 20,
    NanoCpus: 5e8,
    CpuShares: 512,
    CpusetCpus: '0',
    PidsLimit: 10,
    BlkioWeight: 100,
    BlkioDeviceReadBps: [{ Path: '/dev/sda', Rate: 1000 }],
    Ulimits: [{ Name: 'nofile', Soft: 10, Hard: 20 }],
    Sysctls: { 'net.core.somaxconn': '5' },
    OomScoreAdj: 7,
    GroupAdd: ['audio', '5'],
    CapAdd: ['NET_ADMIN'],
    CapDrop: ['MKNOD'],
    SecurityOpt: ['no-new-privileges'],
    ReadonlyRootfs: true,
    Init: true,
    ConsoleSize: [24, 80],
    CgroupParent: 'custom',
  }),
});
const mounted = recordOf({
  hostConfig: hostConfig({ Tmpfs: { '/scratch': 'rw,exec,size=1m', '/dev/shm': '' } }),
  mounts: [
    { type: 'bind', source: '/host/a', destination: '/a/b', mode: 'ro', readWrite: false, propagation: 'rshared' },
    {
      type: 'volume',
      name: 'v',
      source: '/volumes/v/_data',
      destination: '/a',
      driver: 'local',
      mode: '',
      readWrite: true,
      propagation: '',
    },
    {
      type: 'volume',
      name: 's',
      source: '/volumes/s/_data',
      destination: '/s',
      driver: 'local',
      mode: '',
      readWrite: true,
      propagation: '',
      subpath: 'x',
    },
    { type: 'tmpfs', source: '', destination: '/t', mode: '', readWrite: false, propagation: '', options: ['mode=1770'] },
    { type: 'image', source: 'debian', destination: '/image', mode: '', readWrite: false, propagation: '' },
  ],
});
const privileged = recordOf({ hostConfig: hostConfig({ Privileged: true, SecurityOpt: ['systempaths=unconfined'] }) });
const shared = recordOf({
  hostConfig: hostConfig({ NetworkMode: 'host', PidMode: 'host', IpcMode: 'host', UTSMode: 'host', CgroupnsMode: 'host' }),
});
const joined = recordOf({ hostConfig: hostConfig({ NetworkMode: 'container:x', PidMode: 'container:x', IpcMode: 'container:x' }) });
const device = { path: '/dev/fuse', type: 'c', major: 10, minor: 229, fileMode: 0o666, uid: 0, gid: 0, access: 'rw' } as const;

const cases: Readonly<Record<string, readonly [ContainerRecord, SpecInputs]>> = {
  plain: [plain, inputsOf(plain)],
  limited: [limited, inputsOf(limited, { blockDevices: { '/dev/sda': { major: 8, minor: 0 } }, devices: [device] })],
  mounted: [
    mounted,
    inputsOf(mounted, {
      subpaths: { '/s': '/volumes/s/_data/x' },
      imageMounts: { '/image': { type: 'overlay', source: 'overlay', options: ['lowerdir=/l1:/l2'] } },
    }),
  ],
  privileged: [privileged, inputsOf(privileged, { devices: [device] })],
  shared: [shared, inputsOf(shared)],
  joined: [
    joined,
    inputsOf(joined, {
      joins: { network: '/proc/7/ns/net', pid: '/proc/7/ns/pid', ipc: '/proc/7/ns/ipc' },
      hostname: 'peer',
      sharedMemory: '/run/peer/shm',
    }),
  ],
};

const directory = join(import.meta.dir, 'testdata');

test.each(Object.keys(cases))('the spec of a %s container', (name) => {
  const [record, inputs] = cases[name]!;
  const text = `${JSON.stringify(toRuntimeSpec(record, inputs), null, 2)}\n`;
  const path = join(directory, `${name}.json`);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, text);
  expect(text).toBe(readFileSync(path, 'utf8'));
});

test("every golden file is some case's", () => {
  expect(
    readdirSync(directory)
      .map((name) => name.replace('.json', ''))
      .sort(),
  ).toEqual(Object.keys(cases).sort());
});
