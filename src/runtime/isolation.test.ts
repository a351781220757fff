import { mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'bun:test';
import { newId } from '../base/index.ts';
import type { RuntimeLinux, RuntimeMount, RuntimeProcess, RuntimeSpec } from '../spec/index.ts';
import { Box } from './box.test-helper.ts';
import { capabilityNames, hostCapabilities } from './capabilities.ts';

const box = new Box();
afterAll(() => box[Symbol.asyncDispose]());

const withProcess = (process: Partial<RuntimeProcess>) => (spec: RuntimeSpec) => ({ ...spec, process: { ...spec.process, ...process } });
const withLinux = (linux: Partial<RuntimeLinux>) => (spec: RuntimeSpec) => ({ ...spec, linux: { ...spec.linux, ...linux } });
const withMounts =
  (...mounts: readonly RuntimeMount[]) =>
  (spec: RuntimeSpec) => ({ ...spec, mounts: [...spec.mounts, ...mounts] });

test('namespaces are its own', async () => {
  const names = ['mnt', 'pid', 'ipc', 'uts', 'net', 'cgroup'];
  const inside = (await box.sh(`for n in ${names.join(' ')}; do readlink /proc/self/ns/$n; done`)).split('\n');
  const outside = names.map((name) => readlinkSync(`/proc/self/ns/${name}`));
  for (const [index, link] of inside.entries()) expect(link).not.toBe(outside[index]!);
  expect(await box.sh('readlink /proc/self/ns/user')).toBe(readlinkSync('/proc/self/ns/user'));
  expect(await box.sh('echo $$; hostname; ls /proc | grep -c "^[0-9]"')).toMatch(/^1\nbox\n[1-5]$/);
  expect(await box.sh('ip link | grep -c mtu')).toBe('1');
});

test("capabilities and filter are Docker's", async () => {
  const status = await box.sh('cat /proc/self/status');
  for (const set of ['Prm', 'Eff', 'Bnd']) expect(status).toMatch(new RegExp(`^Cap${set}:\t00000000a80425fb$`, 'm'));
  expect(status).toMatch(/^Seccomp:\t2$/m);
  expect(status).toMatch(/^NoNewPrivs:\t0$/m);
  expect((await box.run(box.spec('mount -t tmpfs x /tmp'))).exitCode).not.toBe(0);
  expect(await box.sh('grep NoNewPrivs /proc/self/status; id -u', withProcess({ noNewPrivileges: true }))).toBe('NoNewPrivs:\t1\n0');
});

test('what is masked is empty and what is read-only stays so', async () => {
  expect(await box.sh('cat /proc/keys /proc/timer_list | wc -c; ls /sys/firmware /proc/acpi | grep -vc :')).toMatch(/^0\n/);
  for (const path of ['/proc/sys/kernel/hostname', '/proc/irq/default_smp_affinity', '/sys/kernel/x', '/proc/sysrq-trigger']) {
    const { exitCode, stderr } = await box.run(box.spec(`echo x > ${path}`));
    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(/Read-only file system|Permission denied|nonexistent/);
  }
});

test('the cgroup path holds the id and the limits can be read', async () => {
  const id = newId();
  const spec = box.spec(
    'cat /proc/self/cgroup; cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; grep Cpus_allowed_list /proc/self/status',
    (made) => withLinux({ namespaces: made.linux.namespaces.filter(({ type }) => type !== 'cgroup') })(made),
  );
  const { stdout } = await box.run(spec, { id, resources: { memory: { limit: 32 << 20 }, cpu: { cpus: '0' }, pids: { limit: 50 } } });
  const lines = stdout.split('\n').filter((line) => /^\d+:/.test(line));
  for (const line of lines) expect(line).toEndWith(`/${id}`);
  expect(stdout).toContain(String(32 << 20));
  expect(stdout).toMatch(/Cpus_allowed_list:\s+0$/m);
  expect(await box.sh('cat /proc/self/cgroup | grep -v ":/$" | wc -l')).toBe('0');
});

test('a fork bomb stops at the pids limit', async () => {
  const { stdout, exitCode } = await box.run(
    box.spec('(for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do sleep 100 & done) 2>&1; echo end; kill -9 -1'),
    {
      resources: { pids: { limit: 8 } },
    },
  );
  expect(stdout).toMatch(/Resource temporarily unavailable|can't fork/);
  expect(exitCode).toBeNumber();
});

test('a memory hog is killed', async () => {
  const script = 'x=$(head -c 100000000 /dev/zero | tail -c 100000000 | wc -c); dd if=/dev/zero of=/dev/null bs=64M count=1';
  const { exitCode, oomKills } = await box.run(box.spec(script), { resources: { memory: { limit: 16 << 20, swap: 16 << 20 } } });
  expect(oomKills).toBeGreaterThan(0);
  expect(exitCode).not.toBe(0);
});

test('devices: any node may be made, few be used', async () => {
  expect(await box.sh('head -c 3 /dev/zero | wc -c; echo x > /dev/null; stat -c %a /dev/null; readlink /dev/ptmx; ls /dev/pts/ptmx')).toBe(
    '3\n666\npts/ptmx\n/dev/pts/ptmx',
  );
  const { stderr, exitCode } = await box.run(box.spec('mknod /tmp/disk b 8 0 && mknod /tmp/mem c 1 1 && head -c 1 /tmp/mem'));
  expect(stderr).toContain('Operation not permitted');
  expect(exitCode).not.toBe(0);
  expect(
    await box.sh(
      'stat -c %t:%T:%a:%u /dev/thing',
      withLinux({ devices: [{ type: 'c', path: '/dev/thing', major: 1, minor: 3, fileMode: 0o640, uid: 5 }] }),
    ),
  ).toBe('1:3:640:5');
});

test('users and groups are those of the image', async () => {
  const user = (words: string) => withProcess({ user: { uid: 0, gid: 0, username: words } });
  expect(await box.sh('id; echo $HOME', user('app'))).toBe('uid=1000(app) gid=1000(app) groups=2000(extra)\n/home/app');
  expect(await box.sh('id', user('1000:audio'))).toBe('uid=1000(app) gid=29(audio)');
  expect(await box.sh('id -G', withProcess({ user: { uid: 7, gid: 8, additionalGids: [9], additionalGroups: ['audio'] } }))).toBe('8 9 29');
  expect(await box.sh('grep CapEff /proc/self/status', user('app'))).toBe('CapEff:\t0000000000000000');
  expect((await box.run(box.spec('true', user('nobody')))).exitCode).not.toBe(0);
});

test('mounts: tmpfs, bind, read-only, nested', async () => {
  const host = join(box.directory, 'shared');
  mkdirSync(join(host, 'sub'), { recursive: true });
  writeFileSync(join(host, 'file'), 'from the host\n');
  const mounts = withMounts(
    { destination: '/data/ro', type: 'bind', source: host, options: ['rbind', 'ro', 'rprivate'] },
    { destination: '/data/rw', type: 'bind', source: host, options: ['rbind', 'rprivate'] },
    { destination: '/etc/one', type: 'bind', source: join(host, 'file'), options: ['bind', 'rro'] },
    { destination: '/scratch', type: 'tmpfs', source: 'tmpfs', options: ['size=1m', 'mode=700', 'noexec', 'ro'] },
  );
  expect(
    await box.sh('cat /data/ro/file /etc/one; echo x > /data/rw/new; stat -c %a /scratch; df -k /scratch | tail -1 | grep -c 1024', mounts),
  ).toBe('from the host\nfrom the host\n700\n1');
  expect(readFileSync(join(host, 'new'), 'utf8')).toBe('x\n');
  for (const path of ['/data/ro/x', '/etc/one', '/scratch/x'])
    expect((await box.run(box.spec(`echo x > ${path}`, mounts))).stderr).toContain('Read-only file system');
  expect(await box.sh('df -k /dev/shm | tail -1; echo x > /dev/shm/a')).toMatch(/65536/);
});

test('a mount target that is a link cannot lead out of the root', async () => {
  const target = join(box.directory, 'outside');
  mkdirSync(target);
  symlinkSync(target, join(box.root, 'data/link'));
  await box.run(box.spec('echo caught > /data/link/x', withMounts({ destination: '/data/link', type: 'tmpfs', source: 'tmpfs' })));
  expect(() => readFileSync(join(target, 'x'))).toThrow();
});

test('a read-only root', async () => {
  const { stderr } = await box.run(
    box.spec('echo ok > /dev/shm/x; echo x > /tmp/x', (spec) => ({ ...spec, root: { ...spec.root, readonly: true } })),
  );
  expect(stderr).toContain('/tmp/x: Read-only file system');
});

test('an overlay root leaves nothing on the host', async () => {
  const layer = (name: string): string => {
    mkdirSync(join(box.directory, name), { recursive: true });
    return join(box.directory, name);
  };
  const options = [`lowerdir=${layer('top')}:${box.root}`, `upperdir=${layer('upper')}`, `workdir=${layer('work')}`];
  const before = readFileSync('/proc/self/mountinfo', 'utf8');
  const change = (spec: RuntimeSpec): RuntimeSpec => ({
    ...spec,
    root: { path: 'rootfs' },
    rootMounts: [{ type: 'overlay', source: 'overlay', options }],
  });
  expect(await box.sh('echo new > /file; grep -c "^overlay / " /proc/mounts', change)).toBe('1');
  expect(readFileSync(join(box.directory, 'upper/file'), 'utf8')).toBe('new\n');
  expect(readFileSync('/proc/self/mountinfo', 'utf8').split('\n').length).toBe(before.split('\n').length);
});

test('sysctls, hostname, working directory, limits, umask, score', async () => {
  const change = (spec: RuntimeSpec): RuntimeSpec =>
    withProcess({
      cwd: '/srv/app',
      oomScoreAdj: 500,
      rlimits: [{ type: 'RLIMIT_NOFILE', soft: 100, hard: 200 }],
      user: { uid: 0, gid: 0, umask: 0o77 },
    })(
      withLinux({ sysctl: { 'net.ipv4.ip_unprivileged_port_start': '99', 'kernel.shmmax': '12345' } })({
        ...spec,
        hostname: 'other',
        domainname: 'example',
      }),
    );
  const script =
    'pwd; umask; ulimit -n; ulimit -Hn; cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shmmax /proc/sys/kernel/domainname; hostname; cat /proc/self/oom_score_adj';
  expect((await box.sh(script, change)).split('\n')).toEqual(['/srv/app', '0077', '100', '200', '99', '12345', 'example', 'other', '500']);
});

test('with an init a process is not pid 1 and its exit code is kept', async () => {
  const { stdout, exitCode } = await box.run(box.spec('echo $$; ps | head -2 | tail -1; exit 7', withProcess({ init: true })));
  expect(exitCode).toBe(7);
  expect(stdout.split('\n')[0]).not.toBe('1');
});

test('a user namespace', async () => {
  const map = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
  const change = (spec: RuntimeSpec): RuntimeSpec =>
    withLinux({ namespaces: [...spec.linux.namespaces, { type: 'user' }], uidMappings: map, gidMappings: map })(spec);
  const out = await box.sh('id -u; cat /proc/self/uid_map; echo x > /dev/null && head -c 1 /dev/zero | wc -c; stat -c %u /bin', change);
  expect(out).toMatch(/^0\n\s+0\s+100000\s+65536\n1\n65534$/);
});

test('a time namespace', async () => {
  const change = (spec: RuntimeSpec): RuntimeSpec =>
    withLinux({ namespaces: [...spec.linux.namespaces, { type: 'time' }], timeOffsets: { boottime: { secs: 10_000_000 } } })(spec);
  expect(Number((await box.sh('cat /proc/uptime', change)).split(' ')[0])).toBeGreaterThan(10_000_000);
});

test('privileged: everything the host has', async () => {
  const names = capabilityNames(hostCapabilities(readFileSync('/proc/self/status', 'utf8')));
  const change = (spec: RuntimeSpec): RuntimeSpec => {
    const { seccomp: _, maskedPaths: _masked, readonlyPaths: _readonly, ...linux } = spec.linux;
    const made = withProcess({ capabilities: { bounding: names, effective: names, permitted: names } })({
      ...spec,
      linux: { ...linux, resources: { devices: [{ allow: true }] } },
    });
    return { ...made, mounts: made.mounts.map((mount) => ({ ...mount, options: (mount.options ?? []).filter((word) => word !== 'ro') })) };
  };
  expect(
    await box.sh(
      'mkdir /tmp/m && mount -t tmpfs x /tmp/m && grep -c "^x /tmp/m" /proc/mounts && umount /tmp/m; grep Seccomp: /proc/self/status',
      change,
    ),
  ).toBe('1\nSeccomp:\t0');
});
