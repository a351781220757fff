import { expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { eventually, importBusybox, startEngine } from '../harness/index.ts';

test('containers run on when the engine dies, and the next engine finds everything', async () => {
  await using engine = await startEngine();
  await importBusybox(engine);
  const counter = 'i=0; while :; do i=$((i+1)); echo line $i; sleep 0.01; done';
  await engine.dockerOk(['run', '-d', '--name', 'runner', 'busybox', 'sh', '-c', counter]);
  await engine.dockerOk(['run', '-d', '--name', 'short', 'busybox', 'sh', '-c', 'sleep 1; echo last words; exit 6']);
  await engine.dockerOk(['run', '-d', '--name', 'always', '--restart', 'always', 'busybox', 'sh', '-c', 'sleep 1000']);
  await engine.dockerOk(['run', '-d', '--name', 'gone', '--rm', 'busybox', 'sh', '-c', 'sleep 1']);
  const pid = await engine.dockerOk(['inspect', '-f', '{{.State.Pid}}', 'runner']);
  await eventually('some lines are logged', async () => (await engine.dockerOk(['logs', 'runner'])).split('\n').length > 20);
  const acknowledged = (await engine.dockerOk(['logs', 'runner'])).split('\n').length;

  await engine.kill();
  process.kill(Number(pid), 0); // It lives.
  await Bun.sleep(1500); // The engine's absence is the event: two containers end meanwhile.
  await engine.start();

  expect(await engine.dockerOk(['inspect', '-f', '{{.State.Pid}} {{.State.Status}}', 'runner'])).toBe(`${pid} running`);
  expect(await engine.dockerOk(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'short'])).toBe('exited 6');
  expect(await engine.dockerOk(['logs', 'short'])).toBe('last words');
  expect(await engine.dockerOk(['inspect', '-f', '{{.State.Running}}', 'always'])).toBe('true');
  await eventually('the --rm container is gone', async () => (await engine.docker(['inspect', 'gone'])).code === 1);

  await eventually('the log goes on', async () => (await engine.dockerOk(['logs', 'runner'])).split('\n').length > acknowledged + 150);
  const lines = (await engine.dockerOk(['logs', 'runner'])).split('\n').map((line) => Number(/^line (\d+)$/.exec(line)?.[1]));
  expect(lines).toEqual(lines.map((_, index) => index + 1)); // None lost, none twice.
  expect((await engine.docker(['exec', 'runner', 'echo', 'still here'])).stdout).toBe('still here\n');
  await engine.dockerOk(['stop', '-t', '0', 'runner']);
  expect(await engine.dockerOk(['inspect', '-f', '{{.State.ExitCode}}', 'runner'])).toBe('137');
}, 240_000);

test('what was half made when it died is swept', async () => {
  await using engine = await startEngine();
  await importBusybox(engine);
  for (let round = 0; round < 5; round += 1) {
    const storm = Promise.allSettled(
      Array.from({ length: 6 }, (_, index) => engine.docker(['run', '-d', '--name', `s${round}-${index}`, 'busybox', 'sleep', '1000'])),
    );
    const first = eventually('one has started', async () => (await engine.docker(['ps', '-q'])).stdout !== '');
    await first;
    await engine.kill();
    await storm;
    await engine.start();
    const listed = (await engine.dockerOk(['ps', '-a', '--format', '{{.Names}} {{.State}}'])).split('\n').filter(Boolean);
    for (const line of listed) expect(line).toMatch(/ (running|created|exited)$/);
    await engine.removeContainers();
    const leftovers = readdirSync(`${engine.root}/data/containers`).length;
    expect(leftovers).toBe(0);
  }
}, 240_000);

test('a second engine on the same roots is refused, and the first goes on', async () => {
  await using engine = await startEngine();
  const second = await engine.berth([
    'daemon',
    '--data-root',
    `${engine.root}/data`,
    '--exec-root',
    `${engine.root}/run2`,
    '--host',
    `unix://${engine.root}/two.sock`,
    '--pidfile',
    `${engine.root}/two.pid`,
  ]);
  expect(second.code).not.toBe(0);
  expect((await engine.docker(['ps'])).code).toBe(0);
});
