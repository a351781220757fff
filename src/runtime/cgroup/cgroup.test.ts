import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'bun:test';
import { newId } from '../../base/index.ts';
import { parseCgroupLayout } from './layout.ts';
import { createCgroupDriver } from './index.ts';
import { createCgroupDriverV2 } from './v2.ts';
import { cgroupPath } from './path.ts';

const parent = `/berth-test-${newId().slice(0, 8)}`;
const driver = createCgroupDriver();
const layout = parseCgroupLayout(readFileSync('/proc/self/mountinfo', 'utf8'));
const roots =
  layout.version === 2 ? [layout.root] : [...layout.hierarchies.map(({ root }) => root), ...(layout.unified ? [layout.unified] : [])];

afterAll(() => {
  driver.removeEmpty(parent);
  for (const root of roots) expect(existsSync(join(root, parent))).toBe(false);
});

test('a container has its cgroup in every hierarchy, with its limits, and leaves nothing', async () => {
  const path = `${parent}/${newId()}`;
  const cgroup = driver.create(path, {
    devices: [{ allow: false }, { allow: true, type: 'c', major: 1, minor: 3, access: 'rwm' }],
    memory: { limit: 64 << 20, swap: 64 << 20 },
    cpu: { shares: 512, quota: 50_000, period: 100_000 },
    pids: { limit: 20 },
  });
  const child = Bun.spawn(['sleep', '1000']);
  try {
    enter(cgroup, child.pid);
    for (const line of readFileSync(`/proc/${child.pid}/cgroup`, 'utf8').trim().split('\n')) expect(line).toEndWith(path);
    expect(cgroup.processes()).toEqual([child.pid]);
    const statistics = cgroup.statistics();
    expect(statistics.memory.limitBytes).toBe(64 << 20);
    expect(statistics.pids).toEqual({ current: 1, limit: 20 });
    expect(readFileSync(cgroup.oomWatch ?? '', 'utf8')).toMatch(/^oom_kill 0$/m);
    expect(driver.listOwned(parent)).toEqual([path.slice(parent.length + 1)]);
    cgroup.update({ memory: { limit: 128 << 20, swap: 256 << 20 }, cpu: { shares: 1024 } });
    expect(cgroup.statistics().memory.limitBytes).toBe(128 << 20);
    await cgroup.freeze();
    expect(() => driver.create(path, {})).toThrow("container's cgroup is not empty");
    await driver.remove(path);
    expect((await child.exited) > 128).toBe(true);
  } finally {
    child.kill('SIGKILL');
    await driver.remove(path);
  }
  for (const root of roots) expect(existsSync(join(root, path))).toBe(false);
  await driver.remove(path);
});

test('a limit the kernel refuses leaves nothing behind', () => {
  const path = `${parent}/${newId()}`;
  expect(() => driver.create(path, { cpu: { cpus: '9999' } })).toThrow(/failed to write "9999" to cpuset.cpus/);
  expect(driver.listOwned(parent)).toEqual([]);
});

test('freeze and thaw', async () => {
  const path = `${parent}/${newId()}`;
  const cgroup = driver.create(path, {});
  const child = Bun.spawn(['sleep', '1000']);
  enter(cgroup, child.pid);
  await cgroup.freeze();
  await cgroup.thaw();
  cgroup.killAll();
  await child.exited;
  await driver.remove(path);
});

const unified = layout.version === 2 ? layout.root : layout.unified;
test.skipIf(unified === undefined)('the v2 driver makes, freezes, kills and removes', async () => {
  const v2 = createCgroupDriverV2(unified ?? '');
  const path = `${parent}/${newId()}`;
  const cgroup = v2.create(path, {});
  expect(cgroup.join).toEqual({ kind: 'clone', directory: join(unified ?? '', path) });
  const child = Bun.spawn(['sleep', '1000']);
  writeFileSync(join(unified ?? '', path, 'cgroup.procs'), String(child.pid), { flag: 'r+' });
  expect(cgroup.processes()).toEqual([child.pid]);
  await cgroup.freeze();
  await v2.remove(path);
  await child.exited;
  expect(v2.listOwned(parent)).toEqual([]);
});

test('devices on v2: the kernel takes the program and obeys it', async () => {
  if (unified === undefined) return;
  const v2 = createCgroupDriverV2(unified);
  const path = `${parent}/${newId()}`;
  const cgroup = v2.create(path, { devices: [{ allow: false }, { allow: true, type: 'c', major: 1, minor: 3, access: 'rw' }] });
  try {
    expect(await readDevice(join(unified, path), '/dev/null')).toBe(true);
    expect(await readDevice(join(unified, path), '/dev/zero')).toBe(false);
    cgroup.update({ devices: [{ allow: false }, { allow: true, type: 'c', major: 1, minor: 5, access: 'r' }] });
    expect(await readDevice(join(unified, path), '/dev/zero')).toBe(true);
    expect(await readDevice(join(unified, path), '/dev/full')).toBe(false);
  } finally {
    await v2.remove(path);
  }
});

async function readDevice(directory: string, device: string): Promise<boolean> {
  const script = `exec 9</dev/null; echo $$ >${directory}/cgroup.procs; head -c 1 ${device} <&9`;
  return (await Bun.spawn(['sh', '-c', script], { stdout: 'ignore', stderr: 'ignore', stdin: 'ignore' }).exited) === 0;
}

test('paths', () => {
  expect(cgroupPath(undefined, 'berth', 'a1')).toBe('/berth/a1');
  expect(cgroupPath('/docker/x', 'berth', 'a1')).toBe('/docker/x');
  expect(() => cgroupPath('/a/../b', 'berth', 'a1')).toThrow('invalid cgroup path');
  expect(() => cgroupPath('system.slice:docker:a1', 'berth', 'a1')).toThrow('should be a valid slice');
});

function enter(cgroup: ReturnType<typeof driver.create>, pid: number): void {
  const { join: entry } = cgroup;
  const files = [
    ...(entry.kind === 'write' ? entry.files : []),
    ...(entry.directory === undefined ? [] : [join(entry.directory, 'cgroup.procs')]),
  ];
  for (const file of files) writeFileSync(file, String(pid), { flag: 'r+' });
}
