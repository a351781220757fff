import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  importBusybox,
  startEngine,
  TerminalSession,
  berthPath,
  type TestEngine,
  type Finished,
  type CommandOptions,
} from '../harness/index.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
  await importBusybox(engine);
}, 120_000);
afterAll(async () => await engine[Symbol.asyncDispose](), 120_000);

type Client = (words: readonly string[], options?: CommandOptions) => Promise<Finished>;
const clients: ReadonlyArray<readonly [string, Client]> = [
  ['docker', (words, options) => engine.docker(words, options)],
  ['berth', (words, options) => engine.berth(words, options)],
];

describe.each(clients)('%s run', (name, client) => {
  const runs = async (words: readonly string[], options?: CommandOptions) => await client(['run', '--rm', ...words], options);

  test('says hello from the embedded image', async () => {
    const { code, stdout } = await runs(['hello-world']);
    expect(stdout).toContain('Hello from');
    expect(code).toBe(0);
  });

  test('gives output, error output and exit code through', async () => {
    const { code, stdout, stderr } = await runs(['busybox', 'sh', '-c', 'echo out; echo err >&2; exit 7']);
    expect([code, stdout, stderr]).toEqual([7, 'out\n', 'err\n']);
  });

  test('reads stdin to its end with -i', async () => {
    const { code, stdout } = await runs(['-i', 'busybox', 'sh', '-c', 'cat; echo end'], { stdin: 'one\ntwo\n' });
    expect([code, stdout]).toEqual([0, 'one\ntwo\nend\n']);
  });

  test('carries a megabyte both ways unharmed', async () => {
    const bytes = 'x'.repeat(1_000_000);
    const { stdout } = await runs(['-i', 'busybox', 'cat'], { stdin: bytes });
    expect(stdout === bytes).toBe(true);
  });

  test('without -i the program sees end-of-file at once', async () => {
    const { stdout } = await runs(['busybox', 'cat'], { stdin: 'unseen' });
    expect(stdout).toBe('');
  });

  test('sets environment, directory, user, hostname and entrypoint', async () => {
    const script = 'echo $A $(pwd) $(id -u):$(id -g) $(hostname)';
    const { stdout } = await runs([
      '-e',
      'A=b c',
      '-w',
      '/made/here',
      '-u',
      'guest',
      '-h',
      'inside',
      '--entrypoint',
      'sh',
      'busybox',
      '-c',
      script,
    ]);
    expect(stdout).toBe('b c /made/here 405:100 inside\n');
  });

  test('the supplementary groups of the image and --group-add apply', async () => {
    const { stdout } = await runs(['-u', 'guest', '--group-add', '777', 'busybox', 'id', '-G']);
    expect(
      stdout
        .trim()
        .split(' ')
        .map(Number)
        .sort((a, b) => a - b),
    ).toEqual([29, 100, 777]);
  });

  test.each([
    [['busybox', 'nonesuch'], 127, 'executable file not found in $PATH'],
    [['busybox', '/nonesuch'], 127, 'no such file or directory'],
    [['busybox', '/etc'], 126, /is a directory|permission denied/],
    [['busybox', '/etc/passwd'], 126, 'permission denied'],
    [['-u', 'nosuchuser', 'busybox', 'true'], 125, 'unable to find user nosuchuser: no matching entries in passwd file'],
    [['-u', 'root:nosuchgroup', 'busybox', 'true'], 125, 'unable to find group nosuchgroup: no matching entries in group file'],
    [['-w', 'relative', 'busybox', 'true'], 125, "the working directory 'relative' is invalid, it needs to be an absolute path"],
    [['--name', '-bad-', 'busybox', 'true'], 125, /Invalid container name \(-bad-\)|invalid/],
    [['-m', '1k', 'busybox', 'true'], 125, 'Minimum memory limit allowed is 6MB'],
    [['--cap-add', 'NOT_A_CAP', 'busybox', 'true'], 125, /CAP_NOT_A_CAP/],
    [['--nonesuch', 'busybox'], 125, 'unknown flag: --nonesuch'],
    [['-v', '/nowhere/at/all:relative', 'busybox', 'true'], 125, /invalid (mount|volume)/],
    [['--mount', 'type=bind,src=/nonesuch-source,dst=/x', 'busybox', 'true'], 125, 'bind source path does not exist'],
  ])('%p ends with %p', async (words, code, message) => {
    const finished = await runs(words as string[]);
    if (typeof message === 'string') expect(finished.stderr).toContain(message);
    else expect(finished.stderr).toMatch(message);
    expect(finished.code).toBe(code as number);
  });

  test('a signal is 128 + n', async () => {
    expect((await runs(['--init', 'busybox', 'sh', '-c', 'kill -9 $$'])).code).toBe(137);
    expect((await runs(['busybox', 'sh', '-c', 'trap - TERM; kill -15 $$'])).code).toBe(0); // pid 1 is deaf to what it has no handler for
    expect((await runs(['--init', 'busybox', 'sh', '-c', 'kill -15 $$'])).code).toBe(143);
  });

  test('--init reaps orphans and passes signals on', async () => {
    const script = 'cat /proc/1/cmdline | tr "\\0" " "; (sleep 0.01 &); sleep 0.3; ps -o pid,stat,comm | grep -c " Z" || true';
    const { stdout } = await runs(['--init', 'busybox', 'sh', '-c', script]);
    expect(stdout).toContain('init');
    expect(stdout.trim().endsWith('0')).toBe(true);
  });

  test('-d prints the id, and the container can be asked for', async () => {
    const { stdout } = await client(['run', '-d', '--name', `${name}-detached`, 'busybox', 'sleep', '1000']);
    expect(stdout).toMatch(/^[0-9a-f]{64}\n$/);
    expect(await engine.dockerOk(['inspect', '-f', '{{.State.Running}} {{.Name}}', stdout.trim()])).toBe(`true /${name}-detached`);
    expect((await client(['run', '--name', `${name}-detached`, 'busybox'])).stderr).toContain(
      `Conflict. The container name "/${name}-detached" is already in use`,
    );
    await engine.dockerOk(['rm', '-f', `${name}-detached`]);
  });

  test('--rm leaves nothing, --cidfile holds the id', async () => {
    const file = `${engine.root}/${name}.cid`;
    await runs(['--cidfile', file, '--name', `${name}-gone`, 'busybox', 'true']);
    expect(await Bun.file(file).text()).toMatch(/^[0-9a-f]{64}$/);
    expect((await engine.docker(['inspect', `${name}-gone`])).code).toBe(1);
  });

  test('binds, read-only binds, tmpfs and a read-only root', async () => {
    await Bun.write(`${engine.root}/shared/file`, 'from the host');
    const script =
      'cat /in/file; touch /in/x 2>/dev/null || echo ro; touch /x 2>/dev/null || echo root-ro; touch /t/x && echo tmp-ok; echo back > /out/back-$0';
    const mounts = ['-v', `${engine.root}/shared:/in:ro`, '-v', `${engine.root}/shared:/out`, '--tmpfs', '/t:size=1m', '--read-only'];
    const { stdout } = await runs([...mounts, 'busybox', 'sh', '-c', script, name]);
    expect(stdout).toBe('from the hostro\nroot-ro\ntmp-ok\n');
    expect(await Bun.file(`${engine.root}/shared/back-${name}`).text()).toBe('back\n');
  });

  test('rlimits, sysctls, shm size, oom score, devices', async () => {
    const script =
      'ulimit -n; cat /proc/sys/net/ipv4/ip_unprivileged_port_start; df -k /dev/shm | tail -1 | awk "{print \\$2}"; cat /proc/self/oom_score_adj; ls -l /dev/fuse | cut -c1';
    const flags = [
      '--ulimit',
      'nofile=512:1024',
      '--sysctl',
      'net.ipv4.ip_unprivileged_port_start=1',
      '--shm-size',
      '8m',
      '--oom-score-adj',
      '321',
      '--device',
      '/dev/fuse',
    ];
    const { stdout, stderr } = await runs([...flags, 'busybox', 'sh', '-c', script]);
    expect(stdout + stderr).toBe('512\n1\n8192\n321\nc\n');
  });

  test('on a terminal: size, resize, exit code', async () => {
    const command = name === 'docker' ? 'docker' : berthPath;
    await using terminal = new TerminalSession([command, 'run', '-it', '--rm', 'busybox'], engine.environment, { rows: 31, columns: 99 });
    await terminal.shows('# ');
    terminal.type('stty size\r');
    await terminal.shows('31 99');
    terminal.resize({ rows: 22, columns: 77 });
    for (let round = 0; round < 100 && !terminal.shown.includes('22 77'); round += 1) {
      const from = terminal.shown.length;
      terminal.type('stty size\r');
      await terminal.shows(/\d+ \d+\r\n/, from);
    }
    expect(terminal.shown).toContain('22 77');
    terminal.type('tty; exit 5\r');
    expect(await terminal.exited).toBe(5);
    expect(terminal.shown).toContain('/dev/pts/0');
  });

  test('detach keys leave the container running, attach comes back', async () => {
    const command = name === 'docker' ? 'docker' : berthPath;
    const container = `${name}-keys`;
    await using terminal = new TerminalSession([command, 'run', '-it', '--name', container, 'busybox'], engine.environment, {
      rows: 24,
      columns: 80,
    });
    await terminal.shows('# ');
    terminal.type('\x10\x11');
    await terminal.exited;
    expect(await engine.dockerOk(['inspect', '-f', '{{.State.Running}}', container])).toBe('true');
    await using again = new TerminalSession([command, 'attach', container], engine.environment, { rows: 24, columns: 80 });
    again.type('echo back-$((40+2))\r');
    await again.shows('back-42');
    again.type('exit 3\r');
    expect(await again.exited).toBe(3);
    await engine.dockerOk(['rm', container]);
  });

  test('signals to the client reach the program', async () => {
    const child = Bun.spawn({
      cmd: [
        name === 'docker' ? 'docker' : berthPath,
        'run',
        '--rm',
        'busybox',
        'sh',
        '-c',
        'trap "echo caught; exit 9" TERM; echo ready; while :; do sleep 0.05; done',
      ],
      env: { ...process.env, ...engine.environment },
      stdout: 'pipe',
      stderr: 'inherit',
      stdin: 'ignore',
    });
    let shown = '';
    for await (const chunk of child.stdout) {
      shown += new TextDecoder().decode(chunk);
      if (shown === 'ready\n') child.kill('SIGTERM');
    }
    expect([shown, await child.exited]).toEqual(['ready\ncaught\n', 9]);
  });
});

test('both clients say the same of a failure', async () => {
  const docker = await engine.docker(['run', '--rm', 'busybox', 'nonesuch']);
  const berth = await engine.berth(['run', '--rm', 'busybox', 'nonesuch']);
  expect(berth.stderr.replace('berth:', 'docker:').replace("'berth run", "'docker run")).toBe(docker.stderr);
});

test('without an engine berth says how to start one', async () => {
  const finished = await engine.berth(['ps'], { env: { BERTH_HOST: `unix://${engine.root}/none.sock` } });
  expect(finished.code).toBe(1);
  expect(finished.stderr).toContain('berth system start');
});
