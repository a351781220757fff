import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readFileSync, readlinkSync } from 'node:fs';
import { importBusybox, startEngine, type TestEngine } from '../harness/index.ts';

let engine: TestEngine;

beforeAll(async () => {
  engine = await startEngine();
  await importBusybox(engine);
});
afterAll(() => engine[Symbol.asyncDispose]());

interface Told {
  readonly pid: number | null;
  readonly status: string;
  readonly givenAway: readonly string[];
  readonly namespaces: ReadonlyArray<{
    readonly type: string;
    readonly kind: string;
    readonly inode: number | null;
    readonly hostInode: number;
  }>;
  readonly cgroup: {
    readonly paths: Readonly<Record<string, string>>;
    readonly limits: ReadonlyArray<{ readonly what: string; readonly limit: string; readonly use: string | null }>;
  };
  readonly root: { readonly layers: readonly string[]; readonly changes: string };
  readonly mounts: ReadonlyArray<{ readonly destination: string; readonly why: string }>;
  readonly capabilities: {
    readonly kept: ReadonlyArray<{ readonly name: string; readonly meaning: string }>;
    readonly dropped: readonly unknown[];
  };
  readonly seccomp: { readonly mode: string; readonly refused: readonly string[] };
  readonly rlimits: { readonly set: readonly unknown[] };
  readonly network: { readonly mode: string };
}

const explain = async (name: string) => JSON.parse(await engine.berthOk(['explain', name, '--json'])) as Told;
const files: Readonly<Record<string, string>> = { mount: 'mnt', network: 'net' };
const inodeOf = (pid: number | string, type: string) => Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/${files[type] ?? type}`))?.[0]);

test('a running container: what it says is what the kernel says', async () => {
  const flags = ['--network', 'none', '-m', '64m', '--pids-limit', '20', '--ulimit', 'nofile=100:200', '--cap-drop', 'chown'];
  await engine.dockerOk(['run', '-d', '--name', 'one', ...flags, '-v', `${engine.root}:/v`, 'busybox', 'sleep', '1000']);
  const told = await explain('one');
  const pid = Number(await engine.dockerOk(['inspect', '-f', '{{.State.Pid}}', 'one']));
  expect(told.pid).toBe(pid);
  for (const { type, kind, inode, hostInode } of told.namespaces) {
    expect([type, inode, hostInode]).toEqual([type, inodeOf(pid, type), inodeOf(engine.pid, type)]);
    expect([type, inode === hostInode]).toEqual([type, kind === 'host']);
  }
  expect(told.namespaces.filter(({ kind }) => kind === 'own').map(({ type }) => type)).toEqual(
    expect.arrayContaining(['mount', 'pid', 'network', 'ipc', 'uts']),
  );
  for (const path of Object.values(told.cgroup.paths)) expect(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).toContain(path);
  const limit = (what: string) => told.cgroup.limits.find((each) => each.what === what);
  expect(limit('memory')).toMatchObject({ limit: '67108864 bytes', use: expect.stringMatching(/^\d+ bytes$/) });
  expect(limit('processes')).toEqual({ what: 'processes', limit: '20', use: '1' });
  expect(told.root.layers).toHaveLength(1);
  const kept = told.capabilities.kept.map(({ name }) => name);
  expect([kept.length, told.capabilities.dropped.length, kept.includes('CAP_CHOWN')]).toEqual([13, 28, false]);
  for (const { meaning } of told.capabilities.kept) expect(meaning).not.toBe('');
  expect(told.seccomp.refused).toEqual(expect.arrayContaining(['mount', 'bpf', 'keyctl']));
  expect(told.mounts.find(({ destination }) => destination === '/v')?.why).toContain('a path of the host');
  for (const { why } of told.mounts) expect(why).not.toBe('');
  expect(told.rlimits.set).toContainEqual({ name: 'RLIMIT_NOFILE', soft: 100, hard: 200 });
  expect(told.givenAway).toEqual([`It may write to paths of the host: ${engine.root}.`]);
  const page = await engine.berthOk(['explain', 'one']);
  for (const { inode } of told.namespaces) expect(page).toContain(String(inode));
  for (const title of ['Given away', 'Namespaces', 'Cgroup', 'Root', 'Mounts', 'Capabilities', 'System calls', 'Users', 'Network']) {
    expect(page).toMatch(new RegExp(`^${title}`, 'm'));
  }
});

test('a privileged container gives nearly everything away, and is told so before it runs', async () => {
  await engine.dockerOk(['create', '--name', 'wide', '--network', 'host', '--privileged', '--pid', 'host', '--ipc', 'host', 'busybox']);
  const told = await explain('wide');
  expect([told.status, told.pid, told.seccomp.mode, told.network.mode]).toEqual(['created', null, 'unconfined', 'host']);
  expect(told.givenAway[0]).toStartWith('It is privileged');
  expect(told.givenAway.join('\n')).toMatch(/host's pid namespace[^]*host's network namespace[^]*host's ipc namespace/);
  expect(told.capabilities.kept.map(({ name }) => name)).toContain('CAP_SYS_ADMIN');
});

test('a stopped container is told of without a trace, also one whose peer is gone', async () => {
  await engine.dockerOk(['run', '-d', '--name', 'peer', '--network', 'none', '--ipc', 'shareable', 'busybox', 'sleep', '1000']);
  const shares = ['--network', 'container:peer', '--ipc', 'container:peer'];
  await engine.dockerOk(['run', '--name', 'guest', ...shares, 'busybox', 'true']);
  await engine.dockerOk(['kill', 'peer']);
  await engine.dockerOk(['wait', 'peer']);
  for (const name of ['peer', 'guest']) {
    const told = await explain(name);
    expect([told.status, told.pid]).toEqual(['exited', null]);
    for (const { inode } of told.namespaces) expect(inode).toBe(null);
  }
  expect(await engine.berth(['explain', 'nope'])).toMatchObject({ code: 1, stderr: expect.stringContaining('No such container: nope') });
  expect((await engine.api('GET', '/berth/v1/containers/nope/explain')).status).toBe(404);
});
