import { describe, expect, test } from 'bun:test';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerDetails, ContainerRecord, ImageSummary } from '../../engine/index.ts';
import { maximumMinor, minimumMinor } from '../api-version.ts';
import { decodeCreate } from '../decode/index.ts';
import { frame } from '../frames.ts';
import { ContainerListRenderer } from './container-list.ts';
import { renderContainer } from './container.ts';
import { renderEvent } from './event.ts';
import { renderImage, renderImageSummary } from './image.ts';
import { renderInfo } from './info.ts';
import { statusText } from './state.ts';
import { formatTime } from './time.ts';

const at = (text: string) => new Date(text);
const body = { Image: 'busybox', Cmd: ['sh', '-c', 'echo hi'], Env: ['PATH=/bin'], Labels: { b: '1', a: '2' }, StopSignal: 'SIGTERM' };
const host = { Binds: ['/src:/dst:ro'], Memory: 64 << 20, Annotations: { note: 'x' }, NetworkMode: 'own', CgroupnsMode: 'private' };
const request = decodeCreate({ ...body, HostConfig: host }, { minor: 51, name: 'one', platform: '', cgroupVersion: 2 });

const record: ContainerRecord = {
  id: 'ab'.repeat(32),
  revision: 1,
  name: 'one',
  createdAt: at('2026-01-02T03:04:05.060Z'),
  image: { id: `sha256:${'cd'.repeat(32)}` as ContainerRecord['image']['id'], reference: 'busybox' },
  config: request.config,
  hostConfig: request.hostConfig,
  endpoints: { own: { Aliases: ['web'] } },
  mounts: [{ type: 'bind', source: '/src', destination: '/dst', mode: 'ro', readWrite: false, propagation: 'rprivate' }],
  state: {
    status: 'exited',
    exitCode: 3,
    startedAt: at('2026-01-02T03:05:00Z'),
    finishedAt: at('2026-01-02T03:06:00.5Z'),
    oomKilled: false,
  },
  restartCount: 0,
  stoppedByUser: false,
  platform: 'linux',
  process: { path: 'sh', args: ['-c', 'echo hi'] },
  paths: { log: '/d/x-json.log', resolvConf: '/d/resolv.conf', hostname: '/d/hostname', hosts: '/d/hosts', sandboxKey: '' },
};
const details: ContainerDetails = {
  record,
  directories: { upper: '/s/up', work: '/s/work', merged: '/s/merged', lower: ['/s/2', '/s/1'] },
  execIds: [],
};
const now = at('2026-01-02T04:06:00.5Z');

const image: ImageSummary = {
  image: {
    id: record.image.id,
    manifest: null,
    config: {
      architecture: 'amd64',
      os: 'linux',
      config: { Cmd: ['sh'], Env: ['PATH=/bin'] },
      rootfs: { type: 'layers', diff_ids: [record.image.id] },
    },
    chainId: record.image.id,
    size: 1234,
    createdAt: at('2026-01-01T00:00:00Z'),
    taggedAt: null,
    repoTags: [],
    repoDigests: [],
  },
  containers: 2,
  sharedSize: -1,
};
const snapshots = { view: () => [{ type: 'overlay', source: 'overlay', options: ['ro', 'lowerdir=/s/2:/s/1'] }] } as unknown as Parameters<
  typeof renderImage
>[1];

const infoFacts = {
  house: {
    clock: { now: () => now },
    dataRoot: '/var/lib/berth',
    defaults: { logDriver: 'json-file', runtimes: {}, labels: [], defaultRuntime: 'berth' },
    engineId: 'engine',
    host: {
      cpus: 2,
      memoryBytes: 1 << 30,
      hostname: 'machine',
      kernelVersion: '6.1.0',
      architecture: 'amd64',
      cgroupVersion: 2,
      controllers: ['cpu', 'cpuset', 'io', 'memory', 'pids'],
      swapLimit: true,
      blkioWeight: true,
      memoryNodes: 1,
      securityOptions: ['name=seccomp,profile=builtin'],
    },
    registry: { policy: {} },
  } as unknown as Parameters<typeof renderInfo>[0]['house'],
  info: {
    containers: 1,
    running: 0,
    paused: 0,
    stopped: 1,
    images: 1,
    operatingSystem: 'Debian',
    osVersion: '12',
    goroutines: 1,
    fileDescriptors: 2,
    eventListeners: 0,
    warnings: [],
  },
  program: { version: '0.1.0', gitCommit: '', buildTime: '' },
};

const views: Readonly<Record<string, (minor: number) => unknown>> = {
  container: (minor) => renderContainer(details, { engineId: 'engine', minor }),
  list: (minor) =>
    JSON.parse(
      new ContainerListRenderer({ engineId: 'engine' }).render([{ record }], { minor, now, imageName: () => 'busybox' }),
    ) as unknown,
  image: (minor) => renderImage(image.image, snapshots, minor),
  images: (minor) => renderImageSummary(image, minor),
  info: (minor) => renderInfo({ ...infoFacts, minor }),
};

// The newest version whole, and each older one by what it shows otherwise than the one after it. UPDATE_GOLDEN=1 writes them.
describe.each(Object.keys(views))('%s', (name) => {
  const view = (minor: number) => JSON.parse(JSON.stringify(views[name]!(minor))) as unknown;

  test('1.51', () => expectGolden(`${name}.json`, view(maximumMinor)));

  test('1.24 to 1.50', () => {
    const changes: Record<string, unknown> = {};
    for (let minor = maximumMinor - 1; minor >= minimumMinor; minor--) {
      const changed = differences(view(minor + 1), view(minor), '');
      if (changed.length > 0) changes[`1.${minor}`] = changed;
    }
    expectGolden(`${name}.versions.json`, changes);
  });
});

function expectGolden(file: string, value: unknown): void {
  const path = join(import.meta.dir, 'testdata', file);
  const text = `${JSON.stringify(value, undefined, 1)}\n`;
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, text);
  expect(existsSync(path) ? readFileSync(path, 'utf8') : '(no such golden file)').toBe(text);
}

function differences(newer: unknown, older: unknown, path: string): readonly string[] {
  if (JSON.stringify(newer) === JSON.stringify(older)) return [];
  if (!isObject(newer) || !isObject(older)) return [`${path}: ${JSON.stringify(older)}`];
  const keys = [...new Set([...Object.keys(newer), ...Object.keys(older)])];
  return keys.flatMap((key) => {
    if (!(key in newer)) return [`${path}.${key} appears: ${JSON.stringify(older[key])}`];
    return key in older ? differences(newer[key], older[key], `${path}.${key}`) : [`${path}.${key} is not there`];
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

test('a cached row follows its record, and its status text follows the time', () => {
  const renderer = new ContainerListRenderer({ engineId: 'engine' });
  const rows = (changed: ContainerRecord, time: Date) => {
    const text = renderer.render([{ record: changed, size: { rw: 1, rootFs: 2 } }], { minor: 51, now: time, imageName: () => 'i' });
    const [row] = JSON.parse(text) as [{ readonly Names: readonly string[]; readonly Status: string; readonly SizeRw: number }];
    return [row.Names[0], row.Status, row.SizeRw];
  };
  expect(rows(record, now)).toEqual(['/one', 'Exited (3) About an hour ago', 1]);
  expect(rows(record, at('2026-01-02T03:06:10Z'))).toEqual(['/one', 'Exited (3) 9 seconds ago', 1]);
  expect(rows({ ...record, name: 'two', revision: 2 }, now)).toEqual(['/two', 'Exited (3) About an hour ago', 1]);
});

test('status words', () => {
  const startedAt = at('2026-01-02T04:03:00Z');
  const running = { status: 'running', pid: 1, startedAt } as const;
  const health = (status: 'starting' | 'healthy') => ({ status, failingStreak: 0, log: [] });
  const last = { exitCode: 5, finishedAt: startedAt, oomKilled: false };
  expect(statusText({ state: running }, now)).toBe('Up 3 minutes');
  expect(statusText({ state: running, health: health('starting') }, now)).toBe('Up 3 minutes (health: starting)');
  expect(statusText({ state: running, health: health('healthy') }, now)).toBe('Up 3 minutes (healthy)');
  expect(statusText({ state: { ...running, status: 'paused' } }, now)).toBe('Up 3 minutes (Paused)');
  expect(statusText({ state: { ...running, status: 'restarting', last } }, now)).toBe('Restarting (5) 3 minutes ago');
  expect(statusText({ state: { status: 'created' } }, now)).toBe('Created');
});

test('times as Go prints them', () => {
  expect(formatTime(at('2026-01-02T03:04:05.060Z'))).toBe('2026-01-02T03:04:05.06Z');
  expect(formatTime(at('2026-01-02T03:04:05Z'))).toBe('2026-01-02T03:04:05Z');
  expect(formatTime(at('2026-01-02T03:04:05Z'), 120)).toBe('2026-01-02T03:04:05.00000012Z');
  expect(formatTime(undefined)).toBe('0001-01-01T00:00:00Z');
});

test('an event carries all nanoseconds', () => {
  const actor = { id: 'x', attributes: { image: 'busybox', name: 'one' } };
  const text = renderEvent({ type: 'container', action: 'start', actor, at: at('2026-01-02T03:04:05.006Z'), nanos: 6_007_008 });
  expect(text).toBe(
    '{"status":"start","id":"x","from":"busybox","Type":"container","Action":"start",' +
      '"Actor":{"ID":"x","Attributes":{"image":"busybox","name":"one"}},"scope":"local","time":1767323045,"timeNano":1767323045006007008}\n',
  );
});

test('a frame has stream, length and bytes', () => {
  expect([...frame({ stream: 'stderr', bytes: new Uint8Array([7, 8]) })]).toEqual([2, 0, 0, 0, 0, 0, 0, 2, 7, 8]);
  expect([...frame({ stream: 'stdout', bytes: new Uint8Array(300) }).subarray(0, 8)]).toEqual([1, 0, 0, 0, 0, 0, 1, 44]);
});
