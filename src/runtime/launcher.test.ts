import { expect, test } from 'bun:test';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId, silentLog } from '../base/index.ts';
import { Libc, sendWithDescriptors } from '../kernel/index.ts';
import { MonitorConnection } from './connection.ts';
import { Launcher } from './launcher.ts';
import type { MonitorOp, Op } from './ops.ts';
import { encodeOps } from './protocol.ts';
import { launcherPath } from './runtime.test-helper.ts';

const libc = new Libc();
const none = { stdinRead: -1, stdinWrite: -1, stdoutRead: -1, stdoutWrite: -1, stderrRead: -1, stderrWrite: -1 };
const monitor: MonitorOp = { op: 'monitor', runDirectory: '', oomFile: '', stdio: 1, ...none };
const clone: Op = { op: 'clone', flags: 0, cgroup: -1, procWrites: [], cgroupProcs: [] };
const exec = (...args: readonly string[]): Op => ({ op: 'exec', args, env: ['PATH=/usr/bin:/bin'], init: 0 });
const newLauncher = (launcher: string | Uint8Array = launcherPath): Launcher => new Launcher({ libc, launcher, log: silentLog });

test('the launcher can come as bytes, out of a single executable', async () => {
  await using launcher = newLauncher(readFileSync(launcherPath));
  const connection = await launcher.launch([monitor, clone, exec('sh', '-c', 'exit 4')], []);
  connection.send('acknowledge');
  expect(await connection.next('exited')).toMatchObject({ exitCode: 4 });
  connection.send('release');
});

test('a process waits where it is told to, until it is told to go on', async () => {
  await using launcher = newLauncher();
  const connection = await launcher.launch([monitor, clone, { op: 'wait', point: 3 }, { op: 'wait', point: 9 }, exec('true')], []);
  for (const point of [3, 9]) {
    expect(await connection.next('held', 'started')).toMatchObject({ event: 'held', point });
    connection.send('continue');
  }
  await connection.next('started');
  connection.send('acknowledge');
  await connection.next('exited');
  connection.send('release');
});

test('a monitor that nobody can come to leaves when its process has ended', async () => {
  await using launcher = newLauncher();
  const connection = await launcher.launch([monitor, clone, exec('sleep', '1000')], []);
  const { pid } = await connection.next('started');
  const parent = /^PPid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  connection.close();
  process.kill(pid, 'SIGKILL');
  while (existsSync(`/proc/${parent}`)) await Bun.sleep(2);
});

test('on cgroup v2 the process is born in its cgroup', async () => {
  const root = readFileSync('/proc/self/mounts', 'utf8').match(/^\S+ (\S+) cgroup2 /m)?.[1];
  if (root === undefined) throw new Error('this machine has no cgroup2 mount');
  await using launcher = newLauncher();
  const name = `berth-test-${newId().slice(0, 8)}`;
  mkdirSync(join(root, name));
  const directory = openSync(join(root, name), 'r');
  try {
    const connection = await launcher.launch([monitor, { ...clone, cgroup: 0 }, exec('sleep', '1000')], [directory]);
    const { pid } = await connection.next('started');
    expect(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).toContain(`0::/${name}\n`);
    connection.send('acknowledge');
    connection.send('signal', 9);
    expect(await connection.next('exited')).toMatchObject({ exitCode: 137, signal: 9 });
    connection.send('release');
  } finally {
    closeSync(directory);
    // The kernel empties a cgroup a moment after its last process has been reaped.
    await untilRemoved(join(root, name));
  }
});

test('a request of another version, and a list that is none, are refused', async () => {
  const [control, theirs] = libc.socketPair('packets');
  const zygote = Bun.spawn([launcherPath, 'zygote', '3'], { stdio: ['ignore', 'ignore', 'ignore', theirs] });
  libc.close(theirs);
  const ask = async (request: Uint8Array, list: Uint8Array) => {
    const [ours, other] = libc.socketPair('stream');
    const file = libc.memoryFile('list', list);
    expect(sendWithDescriptors(libc, control, request, [other, file])).toBe(request.length);
    libc.close(other, file);
    const connection = await MonitorConnection.open({ fd: ours });
    return connection.next('failed', 'started');
  };
  const words = (...numbers: readonly number[]): Uint8Array => new Uint8Array(new Uint32Array(numbers).buffer);
  const good = encodeOps([monitor, clone, exec('true')]);
  expect(await ask(words(0x4854_5242, 99), good)).toMatchObject({ event: 'failed', step: -1, errno: 71 });
  expect(await ask(words(1), good)).toMatchObject({ event: 'failed', step: -1, errno: 71 });
  expect(await ask(words(0x4854_5242, 1), good.subarray(0, good.length - 4))).toMatchObject({ event: 'failed', step: -1, errno: 74 });
  expect(await ask(words(0x4854_5242, 1), good)).toMatchObject({ event: 'started' });
  libc.close(control);
  expect(await zygote.exited).toBe(0);
});

test.each(['launcher', 'launcher-asan'])('%s runs an op list in a file to its end, and passes its exit code on', async (name) => {
  const directory = mkdtempSync(join(tmpdir(), 'berth-run-'));
  const run = async (...ops: readonly Op[]) => {
    writeFileSync(join(directory, 'ops'), encodeOps(ops));
    const command = [join(launcherPath, '..', name), 'run', join(directory, 'ops')];
    const child = Bun.spawn(command, { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' });
    return [await child.exited, await child.stdout.text(), await child.stderr.text()];
  };
  const inherit: MonitorOp = { ...monitor, stdio: 0 };
  expect(await run(inherit, clone, exec('sh', '-c', 'echo out; echo err >&2; exit 9'))).toEqual([9, 'out\n', 'err\n']);
  expect(await run(inherit, clone, exec('sh', '-c', 'kill -TERM $$'))).toEqual([143, '', '']);
  expect(await run(inherit, clone, { op: 'user', user: '1234:4321', uid: 0, gid: 0, groups: ['7', '8'] }, exec('id', '-G'))).toEqual([
    0,
    '4321 7 8\n',
    '',
  ]);
  expect(await run(inherit, clone, exec('/nosuch'))).toEqual([127, '', 'launcher: op 2: /nosuch: No such file or directory\n']);
  expect((await run(inherit, clone, { op: 'chdir', path: '/nosuch' }, exec('true')))[0]).toBe(127);
  const hook = (script: string): Op => ({
    ...{ op: 'hook', path: '/bin/sh', args: ['sh', '-c', script], env: ['A=b'] },
    ...{ input: new TextEncoder().encode('state'), timeoutMs: 60_000 },
  });
  expect(await run(inherit, clone, hook('cat; echo $A'), exec('echo', 'after'))).toEqual([0, 'stateb\nafter\n', '']);
  expect((await run(inherit, clone, hook('exit 1'), exec('true')))[0]).toBe(126);
  rmSync(directory, { recursive: true });
});

async function untilRemoved(path: string): Promise<void> {
  for (;;) {
    try {
      rmdirSync(path);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
      await Bun.sleep(2);
    }
  }
}
