import { afterAll, beforeAll, expect, test } from 'bun:test';
import { berthPath, eventually, importBusybox, startEngine, TerminalSession, type TestEngine } from '../harness/index.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
  await importBusybox(engine);
}, 120_000);
afterAll(async () => await engine[Symbol.asyncDispose](), 120_000);

const sleeper = ['busybox', 'sh', '-c', 'trap "exit 0" TERM; echo up; while :; do sleep 0.05; done'];

test('create, start, wait, logs, rm', async () => {
  const id = await engine.dockerOk(['create', '--name', 'steps', 'busybox', 'sh', '-c', 'echo one; echo two >&2; exit 4']);
  expect(await engine.dockerOk(['inspect', '-f', '{{.State.Status}}', 'steps'])).toBe('created');
  await engine.dockerOk(['start', 'steps']);
  expect(await engine.dockerOk(['wait', 'steps'])).toBe('4');
  const logs = await engine.docker(['logs', 'steps']);
  expect([logs.stdout, logs.stderr]).toEqual(['one\n', 'two\n']);
  expect((await engine.berth(['logs', id.slice(0, 12)])).stdout).toBe('one\n');
  expect(await engine.dockerOk(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'steps'])).toBe('exited 4');
  expect(await engine.dockerOk(['rm', 'steps'])).toBe('steps');
  expect((await engine.docker(['rm', 'steps'])).stderr).toContain('No such container: steps');
});

test('ps shows what runs, and filters and formats', async () => {
  await engine.dockerOk(['run', '-d', '--name', 'shown', '-l', 'a=b', ...sleeper]);
  await engine.docker(['run', '--name', 'ended', 'busybox', 'false']);
  for (const client of ['docker', 'berth'] as const) {
    const call = (words: readonly string[]) => (client === 'docker' ? engine.dockerOk(words) : engine.berthOk(words));
    expect(await call(['ps', '--format', '{{.Names}} {{.Image}}'])).toBe('shown busybox');
    expect(await call(['ps', '-a', '--filter', 'status=exited', '--format', '{{.Names}}'])).toBe('ended');
    expect(await call(['ps', '-a', '-f', 'label=a=b', '-q', '--no-trunc'])).toMatch(/^[0-9a-f]{64}$/);
    expect(await call(['ps', '-a'])).toContain('Exited (1)');
  }
  // Ages may change between the two calls, and the columns with them.
  const strip = (text: string) => text.replace(/\d+ seconds?|Less than a second|About a minute/g, 'N').replace(/ {2,}/g, '  ');
  expect(strip(await engine.berthOk(['ps', '-a']))).toBe(strip(await engine.dockerOk(['ps', '-a'])));
  expect((await engine.docker(['ps', '-f', 'nonesuch=1'])).stderr).toContain("invalid filter 'nonesuch'");
  await engine.dockerOk(['rm', '-f', 'shown', 'ended']);
});

test('logs -f follows until the end, with time stamps and tail', async () => {
  await engine.dockerOk(['run', '-d', '--name', 'talker', 'busybox', 'sh', '-c', 'for i in 1 2 3 4 5; do echo line $i; sleep 0.1; done']);
  expect(await engine.dockerOk(['logs', '-f', 'talker'])).toBe('line 1\nline 2\nline 3\nline 4\nline 5');
  expect(await engine.berthOk(['logs', '-f', '--tail', '2', 'talker'])).toBe('line 4\nline 5');
  expect(await engine.dockerOk(['logs', '-t', '-n', '1', 'talker'])).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z line 5$/);
  await engine.dockerOk(['rm', 'talker']);
});

test('exec: output, exit codes, stdin, user, directory, environment, terminal', async () => {
  await engine.dockerOk(['run', '-d', '--name', 'host', '-e', 'OUTER=1', ...sleeper]);
  for (const client of ['docker', 'berth'] as const) {
    const call = (words: readonly string[], stdin?: string) => engine[client](['exec', ...words], stdin === undefined ? {} : { stdin });
    expect(await call(['host', 'sh', '-c', 'echo out; echo err >&2; exit 6'])).toMatchObject({ code: 6, stdout: 'out\n', stderr: 'err\n' });
    expect((await call(['-i', 'host', 'cat'], 'through')).stdout).toBe('through');
    expect(
      (await call(['-u', 'guest', '-w', '/tmp', '-e', 'INNER=2', 'host', 'sh', '-c', 'echo $(id -un) $(pwd) $OUTER$INNER'])).stdout,
    ).toBe('guest /tmp 12\n');
    expect(await call(['host', 'nonesuch'])).toMatchObject({ code: 127 });
    expect((await call(['host', '/etc'])).code).toBe(126);
    expect((await call(['nobody-there', 'true'])).stderr).toContain('No such container: nobody-there');
    await using terminal = new TerminalSession(
      [client === 'docker' ? 'docker' : berthPath, 'exec', '-it', 'host', 'sh'],
      engine.environment,
      { rows: 33, columns: 88 },
    );
    await terminal.shows('# ');
    terminal.type('stty size; tty\r');
    await terminal.shows('33 88');
    terminal.type('exit 8\r');
    expect(await terminal.exited).toBe(8);
  }
  await engine.dockerOk(['exec', '-d', 'host', 'touch', '/made-by-exec']);
  await eventually('the detached exec has run', async () => (await engine.docker(['exec', 'host', 'ls', '/made-by-exec'])).code === 0);
  await engine.dockerOk(['rm', '-f', 'host']);
  expect((await engine.docker(['exec', 'host', 'true'])).code).toBe(1);
});

test('stop asks first, kill does not, both say what happened', async () => {
  await engine.dockerOk(['run', '-d', '--name', 'polite', ...sleeper]);
  await eventually('it has set its trap', async () => (await engine.dockerOk(['logs', 'polite'])) === 'up');
  expect(await engine.dockerOk(['stop', 'polite'])).toBe('polite');
  expect(await engine.dockerOk(['inspect', '-f', '{{.State.ExitCode}}', 'polite'])).toBe('0');
  await engine.dockerOk(['start', 'polite']);
  await engine.dockerOk(['kill', '-s', 'KILL', 'polite']);
  expect(await engine.dockerOk(['wait', 'polite'])).toBe('137');
  expect((await engine.docker(['kill', 'polite'])).stderr).toContain('is not running');
  await engine.dockerOk(['run', '-d', '--name', 'deaf', 'busybox', 'sleep', '1000']);
  await engine.berthOk(['stop', '-t', '1', 'deaf']);
  expect(await engine.dockerOk(['inspect', '-f', '{{.State.ExitCode}}', 'deaf'])).toBe('137');
  await engine.dockerOk(['rm', 'polite', 'deaf']);
});

test('restart, rename, pause, unpause, top, diff, cp, export', async () => {
  await engine.dockerOk(['run', '-d', '--name', 'one', ...sleeper]);
  const first = await engine.dockerOk(['inspect', '-f', '{{.State.Pid}}', 'one']);
  await engine.dockerOk(['restart', '-t', '5', 'one']);
  expect(await engine.dockerOk(['inspect', '-f', '{{.State.Pid}}', 'one'])).not.toBe(first);
  await engine.dockerOk(['rename', 'one', 'two']);
  await engine.dockerOk(['pause', 'two']);
  expect(await engine.dockerOk(['inspect', '-f', '{{.State.Status}}', 'two'])).toBe('paused');
  expect((await engine.docker(['exec', 'two', 'true'])).stderr).toContain('is paused');
  await engine.dockerOk(['unpause', 'two']);
  expect(await engine.dockerOk(['top', 'two'])).toContain('sleep');
  await engine.dockerOk(['exec', 'two', 'sh', '-c', 'echo new > /tmp/new; rm /etc/group; echo x >> /etc/passwd']);
  expect((await engine.dockerOk(['diff', 'two'])).split('\n').sort()).toEqual([
    'A /tmp/new',
    'C /etc',
    'C /etc/passwd',
    'C /tmp',
    'D /etc/group',
  ]);
  await Bun.write(`${engine.root}/carried`, 'in and out');
  await engine.dockerOk(['cp', `${engine.root}/carried`, 'two:/tmp/carried']);
  await engine.dockerOk(['cp', 'two:/tmp/carried', `${engine.root}/returned`]);
  expect(await Bun.file(`${engine.root}/returned`).text()).toBe('in and out');
  await engine.dockerOk(['export', '-o', `${engine.root}/exported.tar`, 'two']);
  expect(await Bun.file(`${engine.root}/exported.tar`).exists()).toBe(true);
  await engine.dockerOk(['rm', '-f', 'two']);
});

test('a restart policy brings it back, and gives up when told', async () => {
  await engine.dockerOk(['run', '-d', '--name', 'stubborn', '--restart', 'on-failure:2', 'busybox', 'sh', '-c', 'exit 3']);
  await eventually(
    'it has been restarted twice',
    async () => (await engine.dockerOk(['inspect', '-f', '{{.RestartCount}} {{.State.Status}}', 'stubborn'])) === '2 exited',
  );
  await engine.dockerOk(['rm', 'stubborn']);
});

test('events tell the story in order', async () => {
  const since = Math.floor(Date.now() / 1000) - 1;
  await engine.dockerOk(['run', '--rm', '--name', 'storied', 'busybox', 'true']);
  const story = await engine.dockerOk([
    'events',
    '--since',
    String(since),
    '--until',
    String(Math.ceil(Date.now() / 1000) + 1),
    '--filter',
    'container=storied',
    '--format',
    '{{.Action}}',
  ]);
  expect(story.split('\n').filter((word) => !['attach', 'mount', 'unmount', 'connect', 'disconnect'].includes(word))).toEqual([
    'create',
    'start',
    'die',
    'destroy',
  ]);
});

test('attach with stdin reaches the program, and ends with it', async () => {
  await engine.dockerOk(['create', '-i', '--name', 'asked', 'busybox', 'sh', '-c', 'read x; echo "got $x"; exit 2']);
  const finished = await engine.docker(['start', '-ai', 'asked'], { stdin: 'word\n' });
  expect([finished.code, finished.stdout]).toEqual([2, 'got word\n']);
  await engine.dockerOk(['rm', 'asked']);
});

test('info and version tell of this engine', async () => {
  expect(await engine.dockerOk(['version', '-f', '{{.Server.APIVersion}}'])).toBe('1.51');
  expect(await engine.dockerOk(['info', '-f', '{{.Driver}} {{.OSType}} {{.DefaultRuntime}}'])).toBe('overlay2 linux berth');
  expect(await engine.berthOk(['version', '-f', '{{.Server.MinAPIVersion}}'])).toBe('1.24');
});
