import { expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { newId } from '../base/index.ts';
import { never, TestHouse } from './engine.test-helper.ts';
import { killContainer, removeContainer, startContainer, stopContainer, waitContainer } from './index.ts';

const stateOf = (bed: TestHouse, id: string) => bed.house.records.find(id)?.state;

test('another engine finds what runs, what has ended and what is to run again', async () => {
  await using bed = await TestHouse.open();
  const script = 'trap "exit 5" TERM; while :; do echo tick; sleep 0.05; done';
  const running = await bed.start({ name: 'running', config: { Cmd: ['sh', '-c', script] } });
  const ending = await bed.start({ name: 'ending', config: { Cmd: ['sh', '-c', 'trap "exit 6" TERM; while :; do sleep 0.05; done'] } });
  const always = await bed.run({ config: { Cmd: ['true'] }, hostConfig: { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 0 } } });
  const before = stateOf(bed, running);
  const pid = bed.house.live.process(ending)!.pid;
  await bed.close();
  process.kill(pid, 'SIGTERM');
  while (existsSync(`/proc/${pid}/exe`)) await Bun.sleep(5);

  await bed.openAgain();
  expect(stateOf(bed, running)).toEqual(before!);
  expect(await waitContainer(bed.house, ending, 'not-running', { signal: never })).toEqual({ exitCode: 6 });
  expect(stateOf(bed, always.id)).toMatchObject({ status: 'exited', exitCode: 0 });

  // Its log goes on, and so does everything else.
  const lines = (await bed.output(running)).length;
  while ((await bed.output(running)).length <= lines) await Bun.sleep(5);
  const exit = waitContainer(bed.house, running, 'next-exit', { signal: never });
  await killContainer(bed.house, running, 'TERM', { signal: never });
  expect(await exit).toEqual({ exitCode: 5 });
  await startContainer(bed.house, 'running', { signal: never });
});

test('restart policies when an engine starts', async () => {
  await using bed = await TestHouse.open();
  const policy = (Name: string) => ({ RestartPolicy: { Name, MaximumRetryCount: 0 } });
  const sleeper = { Cmd: ['sleep', '1000'] };
  const [always, unlessStopped, stopped] = [
    await bed.start({ config: sleeper, hostConfig: policy('always') }),
    await bed.start({ config: sleeper, hostConfig: policy('unless-stopped') }),
    await bed.start({ config: sleeper, hostConfig: policy('unless-stopped') }),
  ];
  await stopContainer(bed.house, stopped, { timeoutSeconds: 0 }, { signal: never });
  await stopContainer(bed.house, always, { timeoutSeconds: 0 }, { signal: never });
  const pid = bed.house.live.process(unlessStopped)!.pid;
  await bed.close();
  process.kill(pid, 'SIGKILL');
  await bed.openAgain();
  while (stateOf(bed, always)?.status !== 'running' || stateOf(bed, unlessStopped)?.status !== 'running') await Bun.sleep(5);
  expect(stateOf(bed, stopped)).toMatchObject({ status: 'exited', exitCode: 137 });
});

test('what no row names is swept', async () => {
  await using bed = await TestHouse.open();
  const orphan = await bed.start({ config: { Cmd: ['sleep', '1000'] } });
  const pid = bed.house.live.process(orphan)!.pid;
  const halfMade = newId();
  await bed.house.snapshots.prepare(halfMade, null);
  mkdirSync(join(bed.directory, 'containers', halfMade));
  mkdirSync(join(bed.directory, 'volumes/nobodys/_data'), { recursive: true });
  bed.house.database.run('DELETE FROM containers');
  await bed.close();
  await bed.openAgain();
  expect(existsSync(`/proc/${pid}`)).toBe(false);
  expect(bed.house.snapshots.listActive()).toEqual([]);
  for (const path of ['containers', 'run/containers', 'volumes']) expect(readdirSync(join(bed.directory, path))).toEqual([]);
});

test('a --rm container that ended while no engine ran is removed', async () => {
  await using bed = await TestHouse.open();
  const id = await bed.start({ config: { Cmd: ['sleep', '1000'] }, hostConfig: { AutoRemove: true } });
  const pid = bed.house.live.process(id)!.pid;
  await bed.close();
  process.kill(pid, 'SIGKILL');
  await bed.openAgain();
  while (bed.house.records.find(id) !== undefined) await Bun.sleep(5);
  expect(bed.house.snapshots.listActive()).toEqual([]);
  await expect(removeContainer(bed.house, id, { force: true, volumes: true, link: false }, { signal: never })).rejects.toThrow(
    'No such container',
  );
});
