import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { never, TestHouse } from './engine.test-helper.ts';
import {
  commitContainer,
  inspectContainer,
  killContainer,
  listContainers,
  pauseContainer,
  removeContainer,
  renameContainer,
  restartContainer,
  startContainer,
  stopContainer,
  unpauseContainer,
  updateContainer,
  waitContainer,
  type UseCases,
} from './index.ts';
import * as engine from './index.ts';

let bed: TestHouse;
beforeAll(async () => {
  bed = await TestHouse.open();
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
});

const remove = (id: string, force = false) => removeContainer(bed.house, id, { force, volumes: true, link: false }, { signal: never });
const stateOf = async (id: string) => (await inspectContainer(bed.house, id, { size: false }, { signal: never })).record.state;
const sleeper = ['sh', '-c', 'trap "exit 5" TERM; echo ready; while :; do sleep 0.1; done'];

// The compiler checks that the door has every verb, as written down.
engine satisfies UseCases;

/** A running container that has printed `ready`. */
async function startReady(hostConfig = {}, config = {}): Promise<string> {
  const id = await bed.start({ config: { Cmd: sleeper, ...config }, hostConfig });
  while (!(await bed.output(id)).includes('ready')) await Bun.sleep(5);
  return id;
}

test('a container runs, its output is kept and its exit code told', async () => {
  const { id, result, output } = await bed.run({ config: { Cmd: ['sh', '-c', 'echo out; echo err >&2; exit 7'] } });
  expect(result).toEqual({ exitCode: 7 });
  expect(output.split('\n').sort()).toEqual(['', 'err', 'out']);
  expect(await stateOf(id)).toMatchObject({ status: 'exited', exitCode: 7, oomKilled: false });
  expect(await waitContainer(bed.house, id, 'not-running', { signal: never })).toEqual({ exitCode: 7 });
  await remove(id);
  await expect(inspectContainer(bed.house, id, { size: false }, { signal: never })).rejects.toThrow(`No such container: ${id}`);
});

test('the process sees what was asked for', async () => {
  const { id, output } = await bed.run({
    config: {
      Cmd: ['sh', '-c', 'hostname; pwd; id -u; id -g; echo $A; cat /etc/hostname; ls /proc | grep -c "^[0-9]*$"'],
      WorkingDir: '/made/here',
      User: 'ann',
      Env: ['A=b'],
      Hostname: 'box',
    },
  });
  expect(output.split('\n').slice(0, 6)).toEqual(['box', '/made/here', '1000', '1001', 'b', 'box']);
  await remove(id);
});

test.each([
  [['nope'], 127, 'exec: "nope": executable file not found in $PATH'],
  [['/nope'], 127, 'no such file or directory'],
  [['/etc'], 126, 'is a directory'],
  [['/etc/passwd'], 126, 'permission denied'],
])('%p cannot be started: exit code %p', async (Cmd, exitCode, words) => {
  const id = await bed.create({ config: { Cmd } });
  await expect(startContainer(bed.house, id, { signal: never })).rejects.toMatchObject({
    code: 'InvalidArgument',
    message: expect.stringContaining(words) as string,
    detail: { exitCode },
  });
  expect(await stateOf(id)).toMatchObject({ status: 'created', exitCode });
  expect(existsSync(join(bed.house.execRoot, 'containers', id))).toBe(false);
  await remove(id);
});

test('a start that cannot be is told and leaves nothing', async () => {
  const id = await bed.create({ config: { Cmd: ['true'], User: 'nobody-here' } });
  await expect(startContainer(bed.house, id, { signal: never })).rejects.toThrow('unable to find user nobody-here');
  await remove(id);
  await expect(bed.start({ config: { Cmd: ['true'] }, hostConfig: { NetworkMode: 'container:nope' } })).rejects.toThrow(
    'No such container: nope',
  );
  for (const { record } of await listContainers(bed.house, { all: true, size: false, filters: {} }, { signal: never }))
    await remove(record.id);
  expect(bed.house.snapshots.listActive()).toEqual([]);
});

test('what the host config says reaches the process', async () => {
  const script =
    'touch /x 2>/dev/null && echo writable; grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status; id -G; ' +
    'stat -c "%n %t:%T" /dev/zeros; grep -o " /t tmpfs rw" /proc/mounts; ulimit -n; cat /proc/sys/net/core/somaxconn; ps -o pid,args | head -2 | tail -1';
  const { id, output } = await bed.run({
    config: { Cmd: ['sh', '-c', script] },
    hostConfig: {
      ReadonlyRootfs: true,
      CapDrop: ['all'],
      CapAdd: ['chown'],
      SecurityOpt: ['no-new-privileges'],
      GroupAdd: ['disk', '5'],
      Devices: [{ PathOnHost: '/dev/zero', PathInContainer: '/dev/zeros', CgroupPermissions: 'r' }],
      Tmpfs: { '/t': 'size=1m' },
      Ulimits: [{ Name: 'nofile', Soft: 100, Hard: 200 }],
      Sysctls: { 'net.core.somaxconn': '77' },
      Init: true,
    },
  });
  const lines = output.split('\n').map((line) => line.replace(/\s+/g, ' ').trim());
  expect(lines.slice(0, 3)).toEqual(['CapEff: 0000000000000001', 'NoNewPrivs: 1', 'Seccomp: 2']);
  expect(lines[3]?.split(' ').sort()).toEqual(['0', '5', '77']);
  expect(lines.slice(4, 8)).toEqual(['/dev/zeros 1:5', '/t tmpfs rw', '100', '77']);
  expect(lines[8]).toStartWith('1 /sbin/docker-init -- sh -c');
  await remove(id);
});

test('names: made up, unique, changed, found by prefix', async () => {
  const id = await bed.create({ name: 'web', config: { Cmd: ['true'] } });
  await expect(bed.create({ name: '/web', config: { Cmd: ['true'] } })).rejects.toThrow(
    `Conflict. The container name "/web" is already in use by container "${id}".`,
  );
  await expect(bed.create({ name: 'a b' })).rejects.toThrow('Invalid container name (a b)');
  await renameContainer(bed.house, 'web', 'db', { signal: never });
  expect(bed.house.records.resolve(id.slice(0, 8)).name).toBe('db');
  await expect(renameContainer(bed.house, 'db', 'db', { signal: never })).rejects.toThrow('same name as its current name');
  await remove('db');
  expect(bed.house.snapshots.listActive()).toEqual([]);
  expect(readdirSync(join(bed.directory, 'containers'))).toEqual([]);
});

test('a create that is refused leaves nothing', async () => {
  await expect(bed.create({ config: { Image: 'nope' } })).rejects.toThrow('No such image: nope:latest');
  await expect(bed.create({ name: 'x1', hostConfig: { Mounts: [{ Type: 'bind', Source: '/nope', Target: '/t' }] } })).rejects.toThrow(
    'invalid mount config for type "bind": bind source path does not exist: /nope',
  );
  await expect(bed.create({ name: 'x1', hostConfig: { LogConfig: { Type: 'nope', Config: {} } } })).rejects.toThrow('nope');
  await expect(bed.create({ name: 'x1', hostConfig: { Binds: ['fresh:/t'], VolumesFrom: ['nope'] } })).rejects.toThrow(
    'No such container: nope',
  );
  expect(bed.house.records.nameHolder('x1')).toBeUndefined();
  expect(bed.house.snapshots.listActive()).toEqual([]);
  expect(readdirSync(join(bed.directory, 'containers'))).toEqual([]);
  expect(bed.house.volumes.list()).toEqual([]);
});

test('stop sends the stop signal and waits; start and stop say when there is nothing to do', async () => {
  const id = await startReady();
  await expect(startContainer(bed.house, id, { signal: never })).rejects.toMatchObject({ code: 'NotModified' });
  await expect(remove(id)).rejects.toThrow('container is running: stop the container before removing or force remove');
  await stopContainer(bed.house, id, {}, { signal: never });
  expect(await stateOf(id)).toMatchObject({ status: 'exited', exitCode: 5 });
  await expect(stopContainer(bed.house, id, {}, { signal: never })).rejects.toMatchObject({ code: 'NotModified' });
  await expect(killContainer(bed.house, id, '', { signal: never })).rejects.toThrow('is not running');
  await remove(id);
});

test('stop kills what does not listen', async () => {
  const id = await bed.start({ config: { Cmd: ['sleep', '1000'] } });
  await stopContainer(bed.house, id, { timeoutSeconds: 0 }, { signal: never });
  expect(await stateOf(id)).toMatchObject({ status: 'exited', exitCode: 137 });
  await remove(id);
});

test('kill sends any signal, and restart starts again', async () => {
  const id = await startReady();
  await expect(killContainer(bed.house, id, 'NOPE', { signal: never })).rejects.toThrow('invalid signal: NOPE');
  const exit = waitContainer(bed.house, id, 'next-exit', { signal: never });
  await killContainer(bed.house, id, 'TERM', { signal: never });
  expect(await exit).toEqual({ exitCode: 5 });
  await restartContainer(bed.house, id, {}, { signal: never });
  expect(await stateOf(id)).toMatchObject({ status: 'running' });
  await restartContainer(bed.house, id, { timeoutSeconds: 0 }, { signal: never });
  expect(await stateOf(id)).toMatchObject({ status: 'running' });
  await remove(id, true);
});

test('pause freezes and unpause thaws; stop thaws by itself', async () => {
  const id = await startReady();
  await pauseContainer(bed.house, id, { signal: never });
  expect(await stateOf(id)).toMatchObject({ status: 'paused' });
  await expect(pauseContainer(bed.house, id, { signal: never })).rejects.toThrow('is already paused');
  await unpauseContainer(bed.house, id, { signal: never });
  await expect(unpauseContainer(bed.house, id, { signal: never })).rejects.toThrow('is not paused');
  await pauseContainer(bed.house, id, { signal: never });
  await stopContainer(bed.house, id, {}, { signal: never });
  expect(await stateOf(id)).toMatchObject({ status: 'exited', exitCode: 5 });
  await remove(id);
});

test('--rm removes the container after its end, with its anonymous volumes', async () => {
  const id = await bed.create({ config: { Cmd: ['sh', '-c', 'exit 3'], Volumes: { '/v': {} } }, hostConfig: { AutoRemove: true } });
  expect(bed.house.volumes.list()).toHaveLength(1);
  const removed = waitContainer(bed.house, id, 'removed', { signal: never });
  await startContainer(bed.house, id, { signal: never });
  expect(await removed).toEqual({ exitCode: 3 });
  expect(bed.house.records.find(id)).toBeUndefined();
  expect(bed.house.volumes.list()).toEqual([]);
  expect(bed.house.snapshots.listActive()).toEqual([]);
});

test('restart policies: on-failure gives up, always goes on until it is stopped', async () => {
  const failing = await bed.create({
    config: { Cmd: ['false'] },
    hostConfig: { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 } },
  });
  const over = waitContainer(bed.house, failing, 'not-running', { signal: never });
  expect(await over).toEqual({ exitCode: 0 });
  const third = (async () => {
    let count = 0;
    while (count < 3) {
      await bed.event((event) => event.action === 'die' && event.actor.id === failing);
      count += 1;
    }
  })();
  await startContainer(bed.house, failing, { signal: never });
  expect(await waitContainer(bed.house, failing, 'not-running', { signal: never })).toEqual({ exitCode: 1 });
  await third;
  expect(bed.house.records.find(failing)?.restartCount).toBe(2);
  await remove(failing);

  const again = await bed.create({ config: { Cmd: ['true'] }, hostConfig: { RestartPolicy: { Name: 'always', MaximumRetryCount: 0 } } });
  const restarted = bed.event(
    (event) => event.action === 'start' && event.actor.id === again && (bed.house.records.find(again)?.restartCount ?? 0) > 0,
  );
  await startContainer(bed.house, again, { signal: never });
  await restarted;
  await stopContainer(bed.house, again, {}, { signal: never }).catch(() => undefined);
  expect(await stateOf(again)).toMatchObject({ status: 'exited' });
  expect(bed.house.live.get(again)).toBeUndefined();
  await remove(again);
});

test("volumes: named ones stay, image content is copied up, others' are shared", async () => {
  const writer = await bed.run({
    config: { Cmd: ['sh', '-c', 'cat /data/file; ls /data; echo new > /data/new'] },
    hostConfig: { Binds: ['kept:/data'] },
  });
  expect(writer.output).toBe('from the image\nfile\nsub\n');
  const reader = await bed.run({
    config: { Cmd: ['sh', '-c', 'cat /data/new; touch /data/x'] },
    hostConfig: { VolumesFrom: [`${writer.id}:ro`] },
  });
  expect(reader.output).toContain('new\n');
  expect(reader.output).toContain('Read-only file system');
  await remove(writer.id);
  await remove(reader.id);
  expect(bed.house.volumes.list().map(({ name }) => name)).toEqual(['kept']);
  await bed.house.volumes.remove('kept');
});

test('a volume is filled with what the image shows, over its layers', async () => {
  const { id: maker } = await bed.run({ config: { Cmd: ['sh', '-c', 'rm /data/file; echo two > /data/sub/two; chown 1000:1001 /data'] } });
  const request = { reference: 'two-layers', author: '', comment: '', pause: false, changes: [] };
  await commitContainer(bed.house, maker, request, { signal: never });
  const { id, output } = await bed.run({
    config: { Image: 'two-layers', Cmd: ['sh', '-c', 'cd /data; ls; cat sub/two; stat -c %u:%g .'], Volumes: { '/data': {} } },
  });
  expect(output).toBe('sub\ntwo\n1000:1001\n');
  for (const each of [maker, id]) await remove(each);
  expect(bed.house.volumes.list()).toEqual([]);
});

test('a namespace is shared, and asks for a running container', async () => {
  const donor = await startReady({ IpcMode: 'shareable' });
  const modes = { NetworkMode: `container:${donor}`, PidMode: `container:${donor}`, IpcMode: `container:${donor}` };
  const { id, output } = await bed.run({
    config: { Cmd: ['sh', '-c', 'hostname; ps | grep -c "[w]hile"; touch /dev/shm/seen'] },
    hostConfig: modes,
  });
  expect(output).toBe(`${donor.slice(0, 12)}\n1\n`);
  await remove(donor, true);
  await expect(startContainer(bed.house, id, { signal: never })).rejects.toThrow('No such container');
  await remove(id);
});

test('update changes limits of a running container and checks them', async () => {
  const id = await startReady();
  await updateContainer(bed.house, id, { PidsLimit: 50, RestartPolicy: { Name: 'always', MaximumRetryCount: 0 } }, { signal: never });
  expect(bed.house.live.process(id)?.cgroup.statistics().pids.limit).toBe(50);
  expect(bed.house.records.find(id)?.hostConfig.RestartPolicy.Name).toBe('always');
  await expect(updateContainer(bed.house, id, { Memory: 5 }, { signal: never })).rejects.toThrow('Minimum memory limit allowed is 6MB');
  await remove(id, true);
});

test('lists: running ones, all, the newest, by filter', async () => {
  const old = await bed.create({ name: 'old', config: { Cmd: ['true'], Labels: { tier: 'web' } } });
  const young = await startReady({}, { Labels: { tier: 'db' } });
  const list = async (filters: Record<string, readonly string[]>, all = true, limit = 0) =>
    (await listContainers(bed.house, { all, limit, size: false, filters }, { signal: never })).map(({ record }) => record.id);
  expect(await list({}, false)).toEqual([young]);
  expect(await list({})).toEqual([young, old]);
  expect(await list({}, false, 1)).toEqual([young]);
  expect(await list({ label: ['tier=web'] })).toEqual([old]);
  expect(await list({ status: ['created'] }, false)).toEqual([old]);
  expect(await list({ name: ['^/?ol'] })).toEqual([old]);
  expect(await list({ since: ['old'] })).toEqual([young]);
  expect(await list({ ancestor: ['busybox'] })).toEqual([young, old]);
  expect(await list({ ancestor: ['nope'] })).toEqual([]);
  await expect(list({ nope: ['x'] })).rejects.toThrow("invalid filter 'nope'");
  await expect(list({ status: ['nope'] })).rejects.toThrow("invalid filter 'status=nope'");
  await remove(old);
  await remove(young, true);
});

test('a process and its cgroup are where a stranger looks for them', async () => {
  const id = await startReady();
  const state = await stateOf(id);
  const pid = state.status === 'running' ? state.pid : 0;
  expect(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).toContain(`/${bed.cgroupParent}/${id}`);
  await remove(id, true);
});
