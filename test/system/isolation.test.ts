import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { eventually, importBusybox, ok, startEngine, type TestEngine } from '../harness/index.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
  await importBusybox(engine);
}, 120_000);
afterAll(async () => await engine[Symbol.asyncDispose](), 120_000);

const inside = async (script: string, flags: readonly string[] = []) =>
  (await engine.docker(['run', '--rm', ...flags, 'busybox', 'sh', '-c', script])).both.trim();

test('a container sees its own processes only', async () => {
  expect((await inside('ls /proc | grep -c "^[0-9]"')).split('\n')[0]).toMatch(/^[1-5]$/);
  expect(await inside('cat /proc/1/comm; true')).toBe('sh');
});

test('with --pid host it sees the host', async () => {
  expect(await inside(`cat /proc/${process.pid}/comm`, ['--pid', 'host'])).toBe(readFileSync(`/proc/${process.pid}/comm`, 'utf8').trim());
});

test('the old root is gone, and the host has no mount of ours', async () => {
  const mounts = await inside('cat /proc/self/mountinfo');
  // Of the host's files it has three of its own: resolv.conf, hostname and hosts.
  const ofHost = mounts
    .split('\n')
    .filter((line) => / - (ext4|xfs|btrfs) /.test(line))
    .map((line) => line.split(' ')[4]);
  expect(ofHost.sort()).toEqual(['/etc/hostname', '/etc/hosts', '/etc/resolv.conf']);
  expect(mounts.split('\n').filter((line) => line.includes(' / / ') && line.includes('overlay'))).toHaveLength(1);
  await engine.dockerOk(['run', '-d', '--name', 'mounted', 'busybox', 'sleep', '1000']);
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(engine.root);
  await engine.dockerOk(['rm', '-f', 'mounted']);
});

test('hostname, IPC and network are its own', async () => {
  expect(await inside('hostname')).toMatch(/^[0-9a-f]{12}$/);
  expect(await inside('ls /sys/class/net', ['--network', 'none'])).toBe('lo');
  expect(await inside('readlink /proc/self/ns/ipc')).not.toBe(readlinkSync('/proc/self/ns/ipc'));
  expect(await inside('readlink /proc/self/ns/net', ['--network', 'host'])).toBe(readlinkSync(`/proc/${engine.pid}/ns/net`));
  expect(await inside('readlink /proc/self/ns/uts', ['--uts', 'host'])).toBe(readlinkSync('/proc/self/ns/uts'));
  await engine.dockerOk(['run', '-d', '--name', 'first', '--ipc', 'shareable', 'busybox', 'sleep', '1000']);
  for (const [kind, flag] of [
    ['net', '--network'],
    ['pid', '--pid'],
    ['ipc', '--ipc'],
  ] as const) {
    const theirs = await engine.dockerOk(['exec', 'first', 'readlink', `/proc/self/ns/${kind}`]);
    expect(await inside(`readlink /proc/self/ns/${kind}`, [flag, 'container:first'])).toBe(theirs);
  }
  await engine.dockerOk(['rm', '-f', 'first']);
});

test("Docker's default capabilities, filter and paths", async () => {
  const status = await inside('cat /proc/self/status');
  expect(status).toMatch(/CapEff:\s+00000000a80425fb/);
  expect(status).toMatch(/CapBnd:\s+00000000a80425fb/);
  expect(status).toMatch(/CapAmb:\s+0000000000000000/);
  expect(status).toMatch(/Seccomp:\s+2/);
  expect(status).toMatch(/NoNewPrivs:\s+0/);
  expect(
    await inside(
      'cat /proc/kcore | head -c 1 | wc -c; ls /proc/acpi /sys/firmware 2>/dev/null | grep -c .; echo x > /proc/sys/kernel/hostname || echo refused',
    ),
  ).toMatch(/^0\n[0-2]\nrefused\n/);
  expect(await inside('touch /sys/x || echo ro')).toContain('ro');
  expect(await inside('mount -t tmpfs none /tmp || echo refused')).toContain('refused');
  expect(await inside('unshare -U true || echo refused')).toContain('refused');
  expect(await inside('mknod /tmp/d b 7 0 && cat /tmp/d || echo refused')).toContain('refused');
});

test('--cap-drop, --cap-add, --privileged, no-new-privileges, seccomp=unconfined', async () => {
  expect(await inside('grep CapEff /proc/self/status', ['--cap-drop', 'ALL'])).toContain('0000000000000000');
  expect(await inside('grep CapEff /proc/self/status', ['--cap-drop', 'ALL', '--cap-add', 'NET_ADMIN'])).toContain('0000000000001000');
  expect(
    await inside('grep -E "NoNewPrivs|Seccomp:" /proc/self/status', [
      '--security-opt',
      'no-new-privileges',
      '--security-opt',
      'seccomp=unconfined',
    ]),
  ).toMatch(/NoNewPrivs:\s+1\nSeccomp:\s+0/);
  expect(
    await inside('mount -t tmpfs none /tmp && touch /tmp/x && echo mounted; grep Seccomp: /proc/self/status', ['--privileged']),
  ).toMatch(/^mounted\nSeccomp:\s+0$/);
});

test('a user without privileges has none', async () => {
  expect(await inside('grep CapEff /proc/self/status; cat /etc/shadow 2>/dev/null; id -u', ['-u', '65534'])).toMatch(
    /0000000000000000\n65534$/,
  );
});

test('a memory hog is killed and reported', async () => {
  const hog = 'x=$(head -c 200m /dev/zero | tr "\\0" x); echo survived';
  expect((await engine.docker(['run', '--name', 'hog', '-m', '32m', 'busybox', 'sh', '-c', hog])).code).toBe(137);
  expect(await engine.dockerOk(['inspect', '-f', '{{.State.OOMKilled}} {{.State.ExitCode}}', 'hog'])).toBe('true 137');
  await engine.dockerOk(['rm', 'hog']);
});

test('a CPU limit holds within 10 %', async () => {
  await engine.dockerOk(['run', '-d', '--name', 'busy', '--cpus', '0.25', 'busybox', 'sh', '-c', 'while :; do :; done']);
  const pid = Number(await engine.dockerOk(['inspect', '-f', '{{.State.Pid}}', 'busy']));
  const ticks = () =>
    Number(
      readFileSync(`/proc/${pid}/stat`, 'utf8')
        .split(') ')[1]!
        .split(' ')
        .slice(11, 13)
        .reduce((sum, word) => sum + Number(word), 0),
    );
  await eventually('it is throttled', () => ticks() > 30);
  const [used, at] = [ticks(), performance.now()];
  await eventually('four seconds have passed', () => performance.now() - at > 4000);
  const share = (ticks() - used) / 100 / ((performance.now() - at) / 1000);
  expect(share).toBeLessThan(0.275); // Less than the limit is the machine's load, not a leak of the limit.
  await engine.dockerOk(['rm', '-f', 'busy']);
});

test('a fork bomb stops at the pids limit', async () => {
  const out = await inside('i=0; while [ $i -lt 60 ]; do sleep 5 & i=$((i+1)); done 2>&1; echo end', ['--pids-limit', '20']);
  expect(out).toMatch(/can't fork|Resource temporarily unavailable/);
});

test('limits stand in the cgroup', async () => {
  await engine.dockerOk([
    'run',
    '-d',
    '--name',
    'limited',
    '-m',
    '64m',
    '--cpus',
    '0.5',
    '-c',
    '512',
    '--pids-limit',
    '33',
    '--cpuset-cpus',
    '0',
    'busybox',
    'sleep',
    '1000',
  ]);
  const pid = await engine.dockerOk(['inspect', '-f', '{{.State.Pid}}', 'limited']);
  const file = (controller: string, v1: string, v2: string) => {
    const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(':'));
    const first = lines.find(([, names]) => names!.split(',').includes(controller));
    return readFileSync(
      first === undefined ? `/sys/fs/cgroup${lines.find(([n]) => n === '0')![2]}/${v2}` : `/sys/fs/cgroup/${controller}${first[2]}/${v1}`,
      'utf8',
    ).trim();
  };
  expect(file('memory', 'memory.limit_in_bytes', 'memory.max')).toBe(String(64 * 2 ** 20));
  expect(file('pids', 'pids.max', 'pids.max')).toBe('33');
  expect(file('cpuset', 'cpuset.cpus', 'cpuset.cpus')).toBe('0');
  expect(file('cpu', 'cpu.cfs_quota_us', 'cpu.max').split(' ')[0]).toBe('50000');
  expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/Cpus_allowed_list:\s+0\n/);
  await engine.dockerOk(['rm', '-f', 'limited']);
});

test('the runtime cannot be overwritten through /proc/self/exe', async () => {
  const before = statSync('dist/berth');
  const script = 'for p in /proc/[0-9]*; do (echo owned > $p/exe) 2>/dev/null && echo "wrote $p/exe"; done; ls -l /proc/1/exe';
  const out = await inside(script);
  expect(out).not.toContain('launcher');
  await engine.dockerOk([
    'run',
    '-d',
    '--name',
    'victim',
    'busybox',
    'sh',
    '-c',
    'while :; do for p in /proc/[0-9]*; do (echo owned > $p/exe) 2>/dev/null; done; done',
  ]);
  for (let round = 0; round < 10; round += 1) await engine.docker(['exec', 'victim', 'true']);
  await engine.dockerOk(['rm', '-f', 'victim']);
  expect(statSync('dist/berth').size).toBe(before.size);
  expect(await engine.dockerOk(['run', '--rm', 'busybox', 'echo', 'still good'])).toBe('still good');
});

test('no descriptor of the engine leaks into a container', async () => {
  for (const flags of [[], ['--privileged'], ['--network', 'host']]) {
    const listed = await inside('for f in /proc/self/fd/*; do readlink $f; done 2>/dev/null', flags);
    expect(listed.split('\n').filter((line) => !/pipe:|\/dev\/null|^\/proc\//.test(line) && line !== '')).toEqual([]);
  }
});

test('links in the image cannot lead a mount to the host', async () => {
  const host = `${engine.root}/host-target`;
  mkdirSync(host);
  const context = `${engine.root}/evil`;
  mkdirSync(`${context}/bin`, { recursive: true });
  symlinkSync('../../../../../../../../../..' + host, `${context}/up`);
  symlinkSync(host, `${context}/absolute`);
  symlinkSync('/proc/1/root', `${context}/viaproc`);
  await ok(['tar', '-C', context, '-rf', await evilTar(context), '.']);
  await engine.dockerOk(['import', `${engine.root}/evil.tar`, 'evil']);
  for (const target of ['/up/x', '/absolute/x', '/viaproc/x', '/up', '/absolute']) {
    await engine.docker(['run', '--rm', '--tmpfs', target, '-v', `${engine.root}/evil.tar:${target}/file`, 'evil', '/bin/busybox', 'true']);
    await engine.docker(['run', '--rm', '-w', `${target}/made`, 'evil', '/bin/busybox', 'true']);
  }
  expect(await ok(['find', host])).toBe(host);
});

async function evilTar(_context: string): Promise<string> {
  const path = `${engine.root}/evil.tar`;
  await ok(['cp', 'build/cache/busybox.tar', path]);
  return path;
}

test('cp cannot be led out of the container', async () => {
  const secret = `${engine.root}/secret`;
  writeFileSync(secret, 'of the host');
  await engine.dockerOk([
    'run',
    '-d',
    '--name',
    'liar',
    'busybox',
    'sh',
    '-c',
    `ln -s ${secret} /link; ln -s / /rootlink; ln -s ${engine.root} /dirlink; sleep 1000`,
  ]);
  await eventually('the links are there', async () => (await engine.docker(['exec', 'liar', 'readlink', '/dirlink'])).code === 0);
  expect((await engine.docker(['cp', '-L', 'liar:/link', `${engine.root}/stolen`])).code).not.toBe(0);
  expect((await engine.docker(['cp', 'liar:/dirlink/secret', `${engine.root}/stolen`])).code).not.toBe(0);
  expect((await engine.docker(['cp', `liar:/../../../../..${secret}`, `${engine.root}/stolen`])).code).not.toBe(0);
  writeFileSync(`${engine.root}/planted`, 'planted');
  await engine.docker(['cp', `${engine.root}/planted`, 'liar:/dirlink/planted-outside']);
  await engine.docker(['cp', `${engine.root}/planted`, 'liar:/link']);
  expect(readFileSync(secret, 'utf8')).toBe('of the host');
  expect(await Bun.file(`${engine.root}/planted-outside`).exists()).toBe(false);
  expect(await Bun.file(`${engine.root}/stolen`).exists()).toBe(false);
  await engine.dockerOk(['rm', '-f', 'liar']);
});
