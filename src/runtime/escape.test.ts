import { expect, test } from 'bun:test';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  openSync,
  closeSync,
} from 'node:fs';
import { join } from 'node:path';
import { launcherPath, never, outputOf, pipes, TestBed } from './runtime.test-helper.ts';

test('the launcher runs from sealed memory: no container can overwrite it (CVE-2019-5736)', async () => {
  await using bed = new TestBed();
  const before = Bun.hash(readFileSync(launcherPath));
  const script =
    'cat /proc/1/exe > /tmp/copy 2>/dev/null && echo read; echo x > /proc/1/exe && echo written; echo x > /proc/self/exe; readlink /proc/1/exe; echo done';
  const { process } = await bed.start(['sh', '-c', script], { process: { init: true } });
  const { stdout } = await outputOf(process);
  expect(stdout).toContain('done');
  expect(stdout).not.toContain('written');
  expect(Bun.hash(readFileSync(launcherPath))).toBe(before);
  const { process: sleeper } = await bed.start(['sleep', '1000']);
  const monitor = /^PPid:\t(\d+)/m.exec(readFileSync(`/proc/${sleeper.pid}/status`, 'utf8'))?.[1];
  expect(readlinkSync(`/proc/${monitor}/exe`)).toStartWith('/memfd:launcher');
  sleeper.signal(9);
  await sleeper.exited;
});

test('mount targets, nodes and directories behind symlinks and .. stay inside the root', async () => {
  await using bed = new TestBed();
  const outside = join(bed.directory, 'outside');
  const inside = join(bed.root, bed.directory, 'outside');
  mkdirSync(outside);
  mkdirSync(inside, { recursive: true });
  symlinkSync(outside, join(bed.root, 'absolute'));
  symlinkSync(`${'../'.repeat(20)}${outside}`, join(bed.root, 'upward'));
  symlinkSync('/proc/1/root', join(bed.root, 'magic'));
  const spec = bed.spec({});
  const bind = (destination: string) => ({ destination, type: 'bind', source: bed.directory, options: ['rbind', 'ro'] });
  const { process } = await bed.start(['sh', '-c', 'ls /absolute /upward'], {
    process: { cwd: '/upward/cwd' },
    spec: {
      mounts: [...spec.mounts, bind('/absolute/a'), bind('/upward/../upward/b'), bind('/upward/c')],
      linux: {
        ...spec.linux,
        maskedPaths: ['/upward/b', '/absolute/a'],
        devices: [{ type: 'c', path: '/upward/null', major: 1, minor: 3, fileMode: 0o666 }],
      },
    },
  });
  expect((await outputOf(process)).exitCode).toBe(0);
  expect(Array.from(new Bun.Glob('**').scanSync({ cwd: outside, onlyFiles: false }))).toEqual([]);
  expect(existsSync(join(inside, 'c'))).toBe(true);
  const magic = bed.start(['true'], { spec: { mounts: [...spec.mounts, bind('/magic/tmp/x')] } });
  expect(magic).rejects.toThrow();
  await magic.catch(() => undefined);
  rmSync(inside, { recursive: true });
});

test('an image whose /proc is a symlink is refused', async () => {
  await using bed = new TestBed();
  rmSync(join(bed.root, 'proc'), { recursive: true });
  symlinkSync('/tmp', join(bed.root, 'proc'));
  expect(bed.start(['true'])).rejects.toThrow();
  await bed.start(['true']).catch(() => undefined);
});

test('no descriptor of the engine gets in, not even one without close-on-exec', async () => {
  await using bed = new TestBed();
  const leaked = openSync(bed.directory, 'r');
  try {
    const { process } = await bed.start(['sh', '-c', 'ls -l /proc/self/fd /proc/1/fd | grep -c -e berth -e socket -e memfd; true'], {
      process: { init: true },
    });
    symlinkSync('busybox', join(bed.root, 'bin/grep'));
    await outputOf(process);
    const { process: again } = await bed.start(['sh', '-c', 'ls -l /proc/self/fd /proc/1/fd | grep -c -e berth -e socket -e memfd; true'], {
      process: { init: true },
    });
    expect((await outputOf(again)).stdout).toBe('0\n');
  } finally {
    closeSync(leaked);
  }
});

test('a working directory outside the root is refused (CVE-2024-21626)', async () => {
  await using bed = new TestBed();
  for (let descriptor = 3; descriptor < 12; descriptor++) {
    const failure = await bed.start(['true'], { process: { cwd: `/proc/self/fd/${descriptor}` } }).then(
      async ({ process }) => (await process.exited).exitCode,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(Error);
  }
});

test('a container sees no process, mount, host name, IPC object or network of the host', async () => {
  await using bed = new TestBed();
  const script =
    'ls /proc | while read n; do case $n in [0-9]*) echo pid $n;; esac; done; cat /proc/net/dev /proc/self/mountinfo; hostname';
  const { process } = await bed.start(['sh', '-c', script]);
  const { stdout } = await outputOf(process);
  expect([...stdout.matchAll(/^pid (\d+)$/gm)].map(([, pid]) => Number(pid)).every((pid) => pid < 10)).toBe(true);
  expect(stdout).toContain('lo:');
  expect(stdout).not.toContain('eth');
  // The root's own line names its source on the host's file system; beside it only what was asked for.
  expect(stdout.split('\n').filter((line) => / - \w+ /.test(line)).length).toBeLessThan(10);
  expect(stdout).toEndWith('berth-test\n');
});

test('root of a user namespace is nobody outside, and its files are its own', async () => {
  await using bed = new TestBed();
  const spec = bed.spec({});
  // As for Docker's: the way to the root must be open to the container's users.
  chmodSync(bed.directory, 0o711);
  const map = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
  writeFileSync(join(bed.root, 'tmp/secret'), 'x', { mode: 0o600 });
  const { process, runDirectory } = await bed.start(
    [
      'sh',
      '-c',
      'id -u; cat /proc/self/uid_map; cat /tmp/secret || echo refused; echo hi > /dev/null; mount -t tmpfs tmpfs /tmp && echo mounted; read line',
    ],
    {
      stdio: { kind: 'pipes', stdin: true },
      process: { capabilities: { bounding: ['CAP_SYS_ADMIN'], effective: ['CAP_SYS_ADMIN'], permitted: ['CAP_SYS_ADMIN'] } },
      spec: {
        linux: {
          ...spec.linux,
          namespaces: [...spec.linux.namespaces, { type: 'user' }],
          uidMappings: map,
          gidMappings: map,
          devices: [{ type: 'c', path: '/dev/null', major: 1, minor: 3, fileMode: 0o666 }],
        },
      },
    },
  );
  expect(/^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${process.pid}/status`, 'utf8'))?.[1]).toBe('100000');
  const id = 'e'.repeat(64);
  mkdirSync(join(runDirectory, id));
  const exec = await bed.runtime.exec(
    process,
    {
      id,
      process: bed.spec({ args: ['sh', '-c', 'id -u; readlink /proc/self/ns/user'] }).process,
      privileged: false,
      runDirectory: join(runDirectory, id),
      stdio: pipes,
    },
    { signal: never },
  );
  const ran = await outputOf(exec);
  expect(ran).toMatchObject({ exitCode: 0 });
  expect(ran.stdout).toStartWith('0\n');
  await process.write(new TextEncoder().encode('\n'));
  const { stdout } = await outputOf(process);
  expect(stdout.replaceAll(/ +/g, ' ')).toBe('0\n 0 100000 65536\nrefused\nmounted\n');
});
