import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { busyboxTar, eventually, importBusybox, ok, run, startEngine } from '../harness/index.ts';

const oci = resolve('dist/berth-oci');
const directory = mkdtempSync(join(tmpdir(), 'bt-oci-'));
const root = join(directory, 'state');
const rootfs = join(directory, 'rootfs');
const parent = `berth-oci-test-${process.pid}`;
const path = `${process.env['PATH'] ?? ''}:${resolve('build/packages/containerd/usr/bin')}`;

const berth = (...words: readonly string[]) => run([oci, '--root', root, ...words]);
/** As `berth`, for a container that lives on with the stdio it is given: a pipe would not end. */
const create = async (...words: readonly string[]) => {
  const said = join(directory, 'said');
  const child = Bun.spawn([oci, '--root', root, 'create', ...words], { stdin: 'ignore', stdout: 'ignore', stderr: Bun.file(said) });
  return { code: await child.exited, both: readFileSync(said, 'utf8') };
};
const statusOf = async (id: string) => JSON.parse((await berth('state', id)).stdout) as { readonly status: string; readonly pid: number };

/** A bundle whose program is `args`. */
function bundle(args: readonly string[], more: { readonly hooks?: unknown; readonly terminal?: boolean } = {}): string {
  const made = mkdtempSync(join(directory, 'bundle-'));
  const capabilities = ['CAP_KILL', 'CAP_CHOWN'];
  const spec = {
    ociVersion: '1.0.2',
    root: { path: rootfs, readonly: true },
    hostname: 'bundle',
    process: {
      ...{ terminal: more.terminal ?? false, cwd: '/', args, env: ['PATH=/bin'], user: { uid: 0, gid: 0 } },
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['newinstance', 'ptmxmode=0666'] },
      { destination: '/hooks', type: 'bind', source: made, options: ['bind', 'rw'] },
    ],
    annotations: { 'org.example.key': 'value' },
    linux: {
      cgroupsPath: `/${parent}/${made.slice(-6)}`,
      namespaces: ['pid', 'mount', 'uts', 'ipc', 'network'].map((type) => ({ type })),
      resources: { devices: [{ allow: false, access: 'rwm' }], pids: { limit: 50 } },
      maskedPaths: ['/proc/kcore'],
    },
    ...(more.hooks === undefined ? {} : { hooks: more.hooks }),
  };
  writeFileSync(join(made, 'config.json'), JSON.stringify(spec));
  return made;
}

beforeAll(async () => {
  mkdirSync(rootfs);
  await ok(['tar', '-C', rootfs, '-xf', await busyboxTar()]);
  for (const name of ['hooks', 'dev/pts']) mkdirSync(join(rootfs, name), { recursive: true });
  await ok(['chmod', '755', rootfs]);
});

afterAll(() => {
  removeCgroups(parent);
  rmSync(directory, { recursive: true, force: true });
});

describe('a bundle', () => {
  test('is created, started, looked at, killed and deleted by separate processes', async () => {
    const made = bundle(['sleep', '1000']);
    expect(await create('--bundle', made, '--pid-file', join(directory, 'pid'), 'life')).toMatchObject({ code: 0, both: '' });
    const created = await statusOf('life');
    expect(created).toMatchObject({
      id: 'life',
      ociVersion: '1.0.2',
      status: 'created',
      bundle: made,
      annotations: { 'org.example.key': 'value' },
    });
    expect(readFileSync(join(directory, 'pid'), 'utf8')).toBe(String(created.pid));
    expect((await berth('create', '--bundle', made, 'life')).stderr).toContain('container with given ID already exists');
    expect(await berth('start', 'life')).toMatchObject({ code: 0, both: '' });
    expect(readFileSync(`/proc/${created.pid}/cmdline`, 'utf8')).toBe('sleep\x001000\0');
    expect(readFileSync(`/proc/${created.pid}/status`, 'utf8')).toContain('CapEff:\t0000000000000021');
    expect((await statusOf('life')).status).toBe('running');
    expect(await berth('start', 'life')).toMatchObject({ code: 1, stderr: expect.stringContaining('already running') });
    expect(await berth('exec', 'life', 'sh', '-c', 'hostname; echo $$; exit 5')).toMatchObject({ code: 5, stdout: 'bundle\n2\n' });
    expect(await berth('exec', 'life', 'nosuch')).toMatchObject({
      code: 255,
      stderr: expect.stringContaining('executable file not found in $PATH'),
    });
    expect((await berth('delete', 'life')).code).toBe(1);
    expect((await berth('pause', 'life')).code).toBe(0);
    expect((await statusOf('life')).status).toBe('paused');
    expect((await berth('resume', 'life')).code).toBe(0);
    expect((await berth('list', '--quiet')).stdout).toBe('life\n');
    expect((await berth('kill', 'life', 'KILL')).code).toBe(0);
    await eventually('it stops', async () => (await statusOf('life')).status === 'stopped');
    expect(await berth('kill', 'life', 'TERM')).toMatchObject({ code: 1, stderr: expect.stringContaining('container not running') });
    expect(await berth('start', 'life')).toMatchObject({ code: 1, stderr: expect.stringContaining('has stopped') });
    expect((await berth('delete', 'life')).code).toBe(0);
    expect(await berth('state', 'life')).toMatchObject({ code: 1, stderr: expect.stringContaining('container "life" does not exist') });
    expect((await berth('delete', '--force', 'life')).code).toBe(0);
    expect(readdirSync(root)).toEqual([]);
  });

  test('runs in the foreground with its own stdio, and gives its exit code', async () => {
    const made = bundle(['sh', '-c', 'read x; echo got $x; echo err >&2; exit 3']);
    const finished = await run([oci, '--root', root, 'run', '--bundle', made, 'fore'], { stdin: 'word\n' });
    expect(finished).toMatchObject({ code: 3, stdout: 'got word\n', stderr: 'err\n' });
    expect(readdirSync(root)).toEqual([]);
  });

  test('that cannot be leaves nothing, and says why as JSON', async () => {
    const log = join(directory, 'log');
    const flags = ['--log', log, '--log-format', 'json'];
    const finished = await berth(...flags, 'create', '--bundle', bundle(['nosuch']), 'bad');
    expect(finished.code).toBe(1);
    const { level, msg } = JSON.parse(readFileSync(log, 'utf8')) as { readonly level: string; readonly msg: string };
    expect([level, msg]).toEqual(['error', expect.stringContaining('exec: "nosuch": executable file not found in $PATH')]);
    expect((await berth('create', '--bundle', bundle(['sh'], { terminal: true }), 'bad')).stderr).toContain('console socket');
    expect((await berth('create', '--bundle', bundle(['sh']), '../bad')).stderr).toContain('invalid container ID');
    expect((await berth('create', '--bundle', directory, 'bad')).stderr).toContain('not found');
    expect((await berth('--systemd-cgroup', 'create', 'bad')).stderr).toContain('cgroupfs');
    expect((await berth('create', '--no-pivot', '--bundle', bundle(['sh']), 'bad')).stderr).toContain('--no-pivot');
    expect(readdirSync(root)).toEqual([]);
  });

  // OCI runtime-spec runtime.md#create, #lifecycle: the spec is what it was at create.
  test('is what it was when it was created, whatever becomes of its config.json', async () => {
    const made = bundle(['sh', '-c', 'pwd > /hooks/where; sleep 1000']);
    expect((await create('--bundle', made, 'fixed')).code).toBe(0);
    const changed = readFileSync(join(made, 'config.json'), 'utf8').replace('"cwd":"/"', '"cwd":"/tmp"').replace('sleep 1000', 'true');
    writeFileSync(join(made, 'config.json'), changed);
    expect((await berth('start', 'fixed')).both).toBe('');
    await eventually('it runs', () => existsSync(join(made, 'where')) && readFileSync(join(made, 'where'), 'utf8') !== '');
    expect(readFileSync(join(made, 'where'), 'utf8')).toBe('/\n');
    expect((await berth('exec', 'fixed', 'pwd')).stdout).toBe('/\n');
    expect((await statusOf('fixed')).status).toBe('running');
    expect((await berth('delete', '--force', 'fixed')).both).toBe('');
    for (const command of ['state', 'start', 'kill', 'delete', 'create', 'exec']) expect((await berth(command)).code).not.toBe(0);
    for (const command of ['state', 'start', 'kill', 'delete']) expect((await berth(command, 'nobody')).stderr).toContain('does not exist');
  });

  test('that was only created can be deleted', async () => {
    expect((await create('--bundle', bundle(['sh']), 'never')).code).toBe(0);
    const { pid } = await statusOf('never');
    expect((await berth('delete', 'never')).code).toBe(0);
    expect(existsSync(`/proc/${pid}/ns/pid`) && readFileSync(`/proc/${pid}/status`, 'utf8').includes('State:\tS')).toBe(false);
  });

  test('has its hooks run where and when the specification says, with the state on stdin', async () => {
    const note = join(directory, 'hooks.log');
    const at = (where: string, file: string) => [
      { path: '/bin/sh', args: ['sh', '-c', `read -r line; echo "${where} $(hostname) $line" >> ${file}`], env: ['PATH=/bin:/usr/bin'] },
    ];
    const hooks = Object.fromEntries(
      ['prestart', 'createRuntime', 'createContainer', 'poststart', 'poststop'].map((point) => [point, at(point, note)]),
    );
    const own = bundle(['sh', '-c', 'echo program >> /hooks/order'], {
      hooks: { ...hooks, startContainer: at('startContainer', '/hooks/order') },
    });
    expect((await create('--bundle', own, 'hooked')).both).toBe('');
    const lines = () =>
      readFileSync(note, 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.split(' '));
    const host = (await ok(['hostname'])).trim();
    expect(lines().map(([point, name]) => [point, name])).toEqual([
      ['prestart', host],
      ['createRuntime', host],
      ['createContainer', 'bundle'],
    ]);
    const { pid } = await statusOf('hooked');
    expect(JSON.parse(lines()[1]?.[2] ?? '')).toMatchObject({ id: 'hooked', status: 'creating', pid, bundle: own });
    expect(existsSync(join(own, 'order'))).toBe(false);
    expect((await berth('start', 'hooked')).both).toBe('');
    await eventually('it stops', async () => (await statusOf('hooked')).status === 'stopped');
    const order = readFileSync(join(own, 'order'), 'utf8').trim().split('\n');
    expect(order.map((line) => line.split(' ')[0])).toEqual(['startContainer', 'program']);
    expect((await berth('delete', 'hooked')).both).toBe('');
    expect(lines().map(([point]) => point)).toEqual(['prestart', 'createRuntime', 'createContainer', 'poststart', 'poststop']);
    const failing = bundle(['true'], { hooks: { createRuntime: [{ path: '/bin/sh', args: ['sh', '-c', 'echo no >&2; exit 7'] }] } });
    expect((await berth('create', '--bundle', failing, 'hooked')).stderr).toContain(
      'error running createRuntime hook #0: exit status 7, stderr: no',
    );
    expect(readdirSync(root)).toEqual([]);
  });

  test('is told what the runtime can do', async () => {
    const features = JSON.parse((await berth('features')).stdout) as {
      readonly hooks: readonly string[];
      readonly linux: { readonly seccomp: unknown };
    };
    expect(features.hooks).toHaveLength(6);
    expect(features.linux.seccomp).toMatchObject({ enabled: true });
    expect((await berth('--version')).stdout).toStartWith('berth-oci version ');
  });
});

test('a container that asks for a foreign runtime is refused, not run with another isolation', async () => {
  await using engine = await startEngine({ flags: ['--add-runtime', 'other=/usr/bin/false'] });
  await importBusybox(engine);
  const refused = await engine.docker(['run', '--rm', '--runtime', 'other', '--network', 'none', 'busybox', 'true']);
  expect(refused).toMatchObject({ code: 125, stderr: expect.stringContaining('runtime other (/usr/bin/false) cannot be used yet') });
}, 60_000);

test('podman runs containers with it', async () => {
  const home = join(directory, 'podman');
  mkdirSync(home);
  writeFileSync(
    join(home, 'containers.conf'),
    '[containers]\ndefault_ulimits=["nofile=20000:20000","nproc=32768:32768"]\n[engine]\ncgroup_manager="cgroupfs"\nevents_logger="file"\nlock_type="file"\n',
  );
  const roots = ['--root', join(home, 'root'), '--runroot', join(home, 'run'), '--tmpdir', join(home, 'tmp'), '--storage-driver', 'vfs'];
  const environment = { env: { CONTAINERS_CONF: join(home, 'containers.conf') } };
  const podman = (...words: readonly string[]) => run(['podman', ...roots, '--runtime', oci, ...words], environment);
  const alone = ['--net', 'none', '--cgroup-parent', `/${parent}`];
  expect((await podman('import', '-q', await busyboxTar(), 'busybox')).code).toBe(0);
  const first = await podman(
    'run',
    '--rm',
    ...alone,
    '--memory',
    '64m',
    '--cap-drop',
    'all',
    'busybox',
    'sh',
    '-c',
    'id -u; grep CapEff /proc/self/status; exit 7',
  );
  expect(first).toMatchObject({ code: 7, stdout: '0\nCapEff:\t0000000000000000\n' });
  expect(await podman('run', '--rm', ...alone, 'busybox', 'nosuch')).toMatchObject({
    code: 127,
    stderr: expect.stringContaining('executable file not found'),
  });
  const copied = await podman(
    'run',
    '--rm',
    ...alone,
    '--read-only',
    '--tmpfs',
    '/etc',
    'busybox',
    'sh',
    '-c',
    'cat /etc/group; touch /etc/x /x',
  );
  expect(copied).toMatchObject({ code: 1, stdout: expect.stringContaining('root:x:0:'), stderr: expect.stringContaining('/x: Read-only') });
  expect((await podman('run', '-d', '--name', 'long', ...alone, 'busybox', 'sleep', '1000')).code).toBe(0);
  try {
    expect(await podman('exec', 'long', 'sh', '-c', 'echo inside; exit 4')).toMatchObject({ code: 4, stdout: 'inside\n' });
    expect((await podman('exec', '-t', 'long', 'tty')).stdout).toContain('/dev/pts/0');
    expect((await podman('pause', 'long')).code).toBe(0);
    expect((await podman('unpause', 'long')).code).toBe(0);
    expect((await podman('kill', '-s', 'KILL', 'long')).code).toBe(0);
    expect((await podman('wait', 'long')).stdout).toBe('137\n');
    expect((await podman('start', 'long')).code).toBe(0);
  } finally {
    expect((await podman('rm', '-f', '-t', '0', 'long')).code).toBe(0);
  }
  expect((await podman('ps', '-aq')).stdout).toBe('');
}, 120_000);

test('containerd runs containers with it', async () => {
  const home = join(directory, 'containerd');
  mkdirSync(home);
  const config = [
    'version = 2',
    `root = "${home}/root"`,
    `state = "${home}/state"`,
    'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.devmapper"]',
    `[grpc]\naddress = "${home}/c.sock"`,
    `[ttrpc]\naddress = "${home}/t.sock"`,
  ];
  writeFileSync(join(home, 'config.toml'), config.join('\n'));
  const environment = { env: { PATH: path } };
  const daemon = Bun.spawn(['containerd', '-c', join(home, 'config.toml')], {
    ...{ env: { ...process.env, PATH: path }, stdin: 'ignore', stdout: 'ignore', stderr: Bun.file(join(home, 'log')) },
  });
  try {
    const ctr = (...words: readonly string[]) => run(['ctr', '-a', join(home, 'c.sock'), ...words], environment);
    await eventually('containerd answers', async () => (await ctr('version')).code === 0);
    const how = ['--runc-binary', oci, '--runc-root', join(home, 'runc'), '--cgroup', `/${parent}/ctr`, '--rootfs', rootfs];
    expect(await ctr('run', '--rm', ...how, 'one', 'sh', '-c', 'echo from containerd; exit 6')).toMatchObject({
      code: 6,
      stdout: 'from containerd\n',
    });
    expect((await ctr('run', '-d', ...how, 'two', 'sleep', '1000')).code).toBe(0);
    expect(await ctr('task', 'exec', '--exec-id', 'e', 'two', 'sh', '-c', 'echo exec; exit 9')).toMatchObject({
      code: 9,
      stdout: 'exec\n',
    });
    expect((await ctr('task', 'kill', '-s', 'KILL', 'two')).code).toBe(0);
    await eventually('the task stops', async () => (await ctr('task', 'ls')).stdout.includes('STOPPED'));
    await ctr('task', 'rm', 'two');
    expect((await ctr('container', 'rm', 'two')).code).toBe(0);
  } finally {
    daemon.kill('SIGTERM');
    await daemon.exited;
  }
}, 120_000);

/** Removes empty cgroups of the test, in every hierarchy. */
function removeCgroups(name: string): void {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').matchAll(/^\S+ (\S+) cgroup2? /gm);
  const remove = (at: string) => {
    if (!existsSync(at)) return;
    for (const entry of readdirSync(at, { withFileTypes: true })) if (entry.isDirectory()) remove(join(at, entry.name));
    rmdirSync(at);
  };
  for (const [, mount = ''] of mounts) remove(join(mount, name));
}
