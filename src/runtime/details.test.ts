import { expect, test } from 'bun:test';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newId } from '../base/index.ts';
import { never, outputOf, pipes, TestBed } from './runtime.test-helper.ts';

const tmpfs = (destination: string, ...options: readonly string[]) => ({ destination, type: 'tmpfs', source: 'tmpfs', options });

test('a tmpfs looks like the directory it covers, unless it is told a mode', async () => {
  await using bed = new TestBed();
  mkdirSync(join(bed.root, 'private'), { mode: 0o700 });
  mkdirSync(join(bed.root, 'open'), { mode: 0o711 });
  const base = bed.spec({});
  const mounts = [...base.mounts, tmpfs('/private'), tmpfs('/open', 'mode=750'), tmpfs('/new')];
  const script = 'cd /; ls -ld new open private | cut -d" " -f1';
  writeFileSync(join(bed.root, 'bin/cut'), '#!/bin/sh\nexec busybox cut "$@"\n', { mode: 0o755 });
  const { process } = await bed.start(['sh', '-c', script], { spec: { mounts } });
  expect(await outputOf(process)).toMatchObject({ stdout: 'drwxrwxrwt\ndrwxr-x---\ndrwx------\n' });
});

test('a tmpfs begins with what it covers when it is told to', async () => {
  await using bed = new TestBed();
  const source = join(bed.root, 'full');
  mkdirSync(join(source, 'sub'), { recursive: true });
  writeFileSync(join(source, 'sub/file'), 'content'.repeat(1000), { mode: 0o640 });
  chownSync(join(source, 'sub/file'), 5, 6);
  symlinkSync('/etc/passwd', join(source, 'link'));
  const base = bed.spec({});
  const script = 'ls -ln /full/sub; readlink /full/link; echo changed > /full/sub/file; mount';
  const { process } = await bed.start(['sh', '-c', script], { spec: { mounts: [...base.mounts, tmpfs('/full', 'tmpcopyup', 'size=1m')] } });
  const { stdout, exitCode } = await outputOf(process);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^(total .*\n)?-rw-r-----\s+1\s+5\s+6\s+7000 .* file\n\/etc\/passwd\n/);
  expect(stdout).toContain(' on /full type tmpfs');
  expect(readFileSync(join(source, 'sub/file'), 'utf8')).toStartWith('contentcontent');
  const small = [...base.mounts, tmpfs('/full', 'tmpcopyup', 'size=4k')];
  await expect(bed.start(['true'], { spec: { mounts: small } })).rejects.toThrow('no space left on device');
});

test('a mount on a link to what is not there makes it, inside the root', async () => {
  await using bed = new TestBed();
  const source = join(bed.directory, 'resolv');
  writeFileSync(source, 'nameserver 192.0.2.1\n');
  symlinkSync('../run/stub/resolv.conf', join(bed.root, 'etc/resolv.conf'));
  symlinkSync('../../../../../../outside', join(bed.root, 'up'));
  symlinkSync('loop', join(bed.root, 'loop'));
  const bind = (destination: string) => ({ destination, type: 'bind', source, options: ['bind'] });
  const base = bed.spec({});
  const { process } = await bed.start(['cat', '/etc/resolv.conf', '/run/stub/resolv.conf', '/outside/x'], {
    spec: { mounts: [...base.mounts, bind('/etc/resolv.conf'), bind('/up/x')] },
  });
  expect((await outputOf(process)).stdout).toBe('nameserver 192.0.2.1\n'.repeat(3));
  expect(existsSync('/outside')).toBe(false);
  await expect(bed.start(['true'], { spec: { mounts: [...base.mounts, bind('/loop')] } })).rejects.toMatchObject({
    code: 'InvalidArgument',
  });
});

test('the launcher, monitors and init say what they are, and hold no output of the engine', async () => {
  await using bed = new TestBed();
  const { process: child, id } = await bed.start(['sh', '-c', 'cat /proc/1/comm; cat /proc/1/cmdline; read x'], {
    process: { init: true },
    stdio: { kind: 'pipes', stdin: true },
  });
  const status = (pid: number | string) => readFileSync(`/proc/${pid}/status`, 'utf8');
  const monitor = /^PPid:\t(\d+)/m.exec(status(child.pid))?.[1] ?? '';
  expect(readFileSync(`/proc/${monitor}/cmdline`, 'utf8')).toBe(`berth-monitor ${id.slice(0, 32)}\0`);
  expect([0, 1, 2].map((fd) => readlinkSync(`/proc/${monitor}/fd/${fd}`))).toEqual(['/dev/null', '/dev/null', '/dev/null']);
  const ours = new Set(readdirSync('/proc/self/fd').flatMap((fd) => targetOf(`/proc/self/fd/${fd}`)));
  const kept = readdirSync(`/proc/${monitor}/fd`).flatMap((fd) => targetOf(`/proc/${monitor}/fd/${fd}`));
  // But for the ends of its own stdio, which both keep.
  expect(kept.filter((target) => ours.has(target) && target.startsWith('pipe:'))).toHaveLength(3);
  await child.closeStdin();
  expect((await outputOf(child)).stdout.replaceAll('\0', '')).toBe(
    'docker-init\n/sbin/docker-init -- sh -c cat /proc/1/comm; cat /proc/1/cmdline; read x',
  );
});

test('an exec in a directory that is not there fails in the words docker knows', async () => {
  await using bed = new TestBed();
  const { process: container, runDirectory, spec } = await bed.start(['sleep', '1000']);
  const nested = join(runDirectory, 'exec');
  mkdirSync(nested);
  const request = { id: newId(), process: { ...spec.process, cwd: '/nope' }, privileged: false, runDirectory: nested, stdio: pipes };
  await expect(bed.runtime.exec(container, request, { signal: never })).rejects.toMatchObject({
    message:
      'OCI runtime exec failed: exec failed: unable to start container process: chdir to cwd ("/nope") set in config.json failed: no such file or directory: unknown',
    detail: { exitCode: 127 },
  });
});

function targetOf(path: string): readonly string[] {
  try {
    return [readlinkSync(path)];
  } catch {
    return []; // The descriptor of the listing itself.
  }
}
