import { afterAll, beforeAll, expect, test } from 'bun:test';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../base/index.ts';
import { startDaemon } from './daemon.ts';
import { readDaemonOptions, type DaemonOptions } from './options/daemon-options.ts';

// The real docker client against a real engine in this process. The system tests say more; these are quick, and need no executable.
const root = mkdtempSync(join(tmpdir(), 'bm-'));
const socket = join(root, 'berth.sock');
let daemon: AsyncDisposable;

function optionsFor(name: string, words: readonly string[] = []): DaemonOptions {
  writeFileSync(join(root, 'daemon.json'), '');
  const roots = ['--data-root', join(root, 'data'), '--exec-root', join(root, 'run'), '--pidfile', join(root, `${name}.pid`)];
  return readDaemonOptions([
    ...roots,
    '--host',
    `unix://${join(root, `${name}.sock`)}`,
    '--config-file',
    join(root, 'daemon.json'),
    ...words,
  ]);
}

beforeAll(async () => {
  daemon = await startDaemon(optionsFor('berth', ['--host', 'tcp://127.0.0.1:0']), silentLog);
  await importBusybox();
}, 60_000);

afterAll(async () => {
  await docker(['rm', '-f', 'one', 'two', 'ticking']);
  await daemon[Symbol.asyncDispose]();
  expect(existsSync(socket)).toBe(false);
  rmSync(root, { recursive: true, force: true });
}, 60_000);

interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function docker(words: readonly string[], stdin?: string): Promise<Finished> {
  const child = Bun.spawn({
    cmd: ['docker', ...words],
    env: { PATH: process.env['PATH'] ?? '', DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: root, DOCKER_CLI_HINTS: 'false' },
    stdin: stdin === undefined ? 'ignore' : new TextEncoder().encode(stdin),
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [stdout, stderr, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
  return { code, stdout, stderr };
}

async function importBusybox(): Promise<void> {
  const tree = join(root, 'tree');
  for (const name of ['bin', 'proc', 'dev', 'etc', 'tmp', 'sys']) mkdirSync(join(tree, name), { recursive: true });
  copyFileSync('/bin/busybox', join(tree, 'bin/busybox'));
  for (const name of 'true sh cat echo sleep ls kill'.split(' ')) symlinkSync('busybox', join(tree, 'bin', name));
  writeFileSync(join(tree, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  Bun.spawnSync(['tar', '-C', tree, '-cf', join(root, 'busybox.tar'), '.']);
  const imported = await docker(['import', '-c', 'CMD ["sh"]', '-m', 'made here', join(root, 'busybox.tar'), 'busybox:x']);
  expect(imported).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sha256:[0-9a-f]{64}\n$/) });
}

test('version and info', async () => {
  expect((await docker(['version', '-f', '{{.Server.APIVersion}} {{.Server.MinAPIVersion}} {{.Server.Os}}'])).stdout).toBe(
    '1.51 1.24 linux\n',
  );
  expect((await docker(['info', '-f', '{{.Driver}} {{.DockerRootDir}} {{.CgroupDriver}} {{len .Warnings}}'])).stdout).toStartWith(
    `overlay2 ${root}/data cgroupfs`,
  );
});

test('run: output, error output, exit codes, stdin', async () => {
  const run = ['run', '--rm', '--network', 'none'];
  expect(await docker([...run, 'busybox:x', 'sh', '-c', 'echo out; echo err >&2; exit 7'])).toEqual({
    code: 7,
    stdout: 'out\n',
    stderr: 'err\n',
  });
  expect(await docker([...run, '-i', 'busybox:x', 'cat'], 'one\ntwo\n')).toEqual({ code: 0, stdout: 'one\ntwo\n', stderr: '' });
  expect((await docker([...run, 'hello-world'])).stdout).toContain('Hello from berth');
  expect(await docker([...run, 'busybox:x', 'nonesuch'])).toMatchObject({
    code: 127,
    stderr: expect.stringContaining('executable file not found in $PATH'),
  });
  expect(await docker([...run, '127.0.0.1:1/nonesuch'])).toMatchObject({
    code: 125,
    stderr: expect.stringContaining('connect: connection refused'),
  });
});

test('a container from create to rm', async () => {
  const script = 'trap "exit 4" TERM; echo up; while :; do sleep 0.05; done';
  const { stdout: id } = await docker(['run', '-d', '--network', 'none', '--name', 'one', '-e', 'A=b', 'busybox:x', 'sh', '-c', script]);
  expect(id).toMatch(/^[0-9a-f]{64}\n$/);
  const rows = await docker(['ps', '--no-trunc', '--format', '{{.ID}} {{.Image}} {{.Names}} {{.State}}']);
  expect(rows.stdout).toBe(`${id.trim()} busybox:x one running\n`);
  expect(
    (await docker(['inspect', '-f', '{{.Name}} {{.State.Running}} {{.HostConfig.NetworkMode}} {{json .Config.Env}}', 'one'])).stdout,
  ).toBe('/one true none ["A=b"]\n');
  expect(await docker(['exec', 'one', 'sh', '-c', 'echo $A; exit 6'])).toMatchObject({ code: 6, stdout: 'b\n' });
  expect(await docker(['exec', '-i', 'one', 'cat'], 'through')).toMatchObject({ code: 0, stdout: 'through' });
  expect(await docker(['exec', 'one', 'nonesuch'])).toMatchObject({ code: 127 });
  expect((await docker(['top', 'one'])).stdout).toContain('sh -c trap');
  expect((await docker(['stats', '--no-stream', '--format', '{{.Name}} {{.PIDs}}', 'one'])).stdout).toMatch(/^one [12]\n$/);
  expect((await docker(['cp', 'one:/etc/passwd', '-'])).stdout).toContain('root:x:0:0');
  const followed = docker(['logs', '-f', id.trim()]);
  expect(await docker(['rename', 'one', 'two'])).toMatchObject({ code: 0 });
  expect(await docker(['stop', 'two'])).toMatchObject({ code: 0, stdout: 'two\n' });
  expect(await followed).toEqual({ code: 0, stdout: 'up\n', stderr: '' });
  expect((await docker(['wait', 'two'])).stdout).toBe('4\n');
  expect((await docker(['ps', '-a', '--filter', 'name=two', '--format', '{{.Status}}'])).stdout).toMatch(/^Exited \(4\) /);
  expect(await docker(['rm', 'two'])).toMatchObject({ code: 0 });
  expect(await docker(['inspect', 'two'])).toMatchObject({ code: 1, stderr: expect.stringContaining('No such object: two') });
});

test('images: list, history, tag, save, load, remove', async () => {
  expect((await docker(['images', '--format', '{{.Repository}}:{{.Tag}}'])).stdout.trim().split('\n').sort()).toEqual([
    'busybox:x',
    'hello-world:latest',
  ]);
  expect((await docker(['history', '--format', '{{.Comment}}', 'busybox:x'])).stdout).toBe('made here\n');
  await docker(['tag', 'busybox:x', 'other/name:y']);
  expect(await docker(['save', '-o', join(root, 'saved.tar'), 'other/name:y'])).toMatchObject({ code: 0 });
  expect((await docker(['rmi', 'other/name:y'])).stdout).toContain('Untagged: other/name:y');
  expect((await docker(['load', '-i', join(root, 'saved.tar')])).stdout).toBe('Loaded image: other/name:y\n');
  expect(await docker(['rmi', 'other/name:y'])).toMatchObject({ code: 0 });
  expect((await docker(['system', 'df', '--format', '{{.Type}}'])).stdout).toBe('Images\nContainers\nLocal Volumes\nBuild Cache\n');
});

test('what is not there says so', async () => {
  expect((await docker(['node', 'ls'])).stderr).toContain('This node is not a swarm manager');
  expect(await docker(['plugin', 'ls', '-q'])).toMatchObject({ code: 0, stdout: '' });
  expect((await docker(['network', 'ls', '--format', '{{.Name}} {{.Driver}}'])).stdout).toBe('bridge bridge\nhost host\nnone null\n');
  expect((await docker(['network', 'rm', 'bridge'])).stderr).toContain('pre-defined network');
  expect((await docker(['pull', 'nonesuch'])).code).toBe(1);
});

test('events are told as they happen', async () => {
  const child = Bun.spawn({
    cmd: ['docker', 'events', '--filter', 'type=container', '--format', '{{.Action}} {{.Actor.Attributes.name}}'],
    env: { PATH: process.env['PATH'] ?? '', DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: root },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'ignore',
  });
  let told = '';
  for (let round = 0; !told.includes('destroy'); round++) {
    // The client says nothing when it listens, so containers are run until it has seen one to its end.
    await docker(['run', '--rm', '--network', 'none', '--name', 'one', 'busybox:x', 'true']);
    if (round > 50) throw new Error(`no events: ${told}`);
    if (told === '') void read();
  }
  child.kill();
  expect(told).toContain('start one\n');
  async function read(): Promise<void> {
    for await (const bytes of child.stdout) told += new TextDecoder().decode(bytes);
  }
});

test('a second engine on the same roots, pidfile or socket is refused, and leaves the first alone', async () => {
  expect(startDaemon(optionsFor('second'), silentLog)).rejects.toThrow(`another engine is running on the data root ${root}/data`);
  const elsewhere = { ...optionsFor('third'), dataRoot: join(root, 'data3'), listen: [{ kind: 'unix', path: socket } as const] };
  expect(startDaemon(elsewhere, silentLog)).rejects.toThrow(`can't create unix socket ${socket}: another program listens there`);
  expect(existsSync(join(root, 'third.pid'))).toBe(false);
  expect((await docker(['ps'])).code).toBe(0);
});

test('an attached client that vanishes ends nothing', async () => {
  await docker(['run', '-d', '--network', 'none', '--name', 'ticking', 'busybox:x', 'sh', '-c', 'while :; do echo tick; sleep 0.01; done']);
  await new Promise<void>((resolve) => {
    const client = connect(socket, () => {
      client.write(
        'POST /containers/ticking/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n',
      );
    });
    let shown = '';
    client.on('data', (bytes) => {
      shown += String(bytes);
      if (shown.includes('tick')) client.destroy();
    });
    client.on('close', () => resolve());
  });
  expect((await docker(['inspect', '-f', '{{.State.Running}}', 'ticking'])).stdout).toBe('true\n');
  await docker(['rm', '-f', 'ticking']);
});

test('a stop goes on when its client has gone', async () => {
  await docker(['run', '-d', '--network', 'none', '--name', 'ticking', 'busybox:x', 'sleep', '1000']);
  await new Promise<void>((resolve) => {
    const request = 'POST /containers/ticking/stop?t=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n';
    const client = connect(socket, () => client.write(request, () => client.destroy()));
    client.on('close', () => resolve());
  });
  expect((await docker(['wait', 'ticking'])).stdout).toBe('137\n');
  await docker(['rm', '-f', 'ticking']);
});
