import { expect, test } from 'bun:test';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newId } from '../base/index.ts';
import { never, outputOf, pipes, TestBed, until } from './runtime.test-helper.ts';
import type { ContainerProcess } from './index.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const withInput = { kind: 'pipes', stdin: true } as const;

test('true, false, an exit code and a signal come back', async () => {
  await using bed = new TestBed();
  for (const [command, code] of [
    ['true', 0],
    ['false', 1],
    ['exit 7', 7],
  ] as const) {
    const { process, runDirectory } = await bed.start(['sh', '-c', command]);
    const record = await process.exited;
    expect([record.exitCode, record.signal, record.oomKilled]).toEqual([code, null, false]);
    expect(readFileSync(join(runDirectory, 'exit'), 'utf8')).toStartWith(`exit ${code} 0 `);
    expect(process.signal(9)).toBe(false);
  }
  const { process } = await bed.start(['sleep', '1000']);
  expect(process.signal(0)).toBe(true);
  expect(process.signal(9)).toBe(true);
  expect(await process.exited).toMatchObject({ exitCode: 137, signal: 9 });
});

test('stdout and stderr come apart, and no descriptor but stdio is there', async () => {
  await using bed = new TestBed();
  const { process } = await bed.start(['sh', '-c', 'echo out; echo err >&2; hostname; ls /proc/self/fd; echo $HOME']);
  expect(await outputOf(process)).toEqual({ stdout: 'out\nberth-test\n0\n1\n2\n3\n/root\n', stderr: 'err\n', exitCode: 0 });
});

test('stdin is passed on, and half closed', async () => {
  await using bed = new TestBed();
  const { process } = await bed.start(['sh', '-c', 'cat; echo end'], { stdio: withInput });
  await process.write(text('one\n'));
  const output = process.output()[Symbol.asyncIterator]();
  expect(await until(output, 'one\n')).toBe('one\n');
  await process.closeStdin();
  expect(await until(output, 'end\n')).toBe('end\n');
  expect((await output.next()).done).toBe(true);
  expect(process.write(text('x'))).rejects.toMatchObject({ code: 'Conflict' });
});

test('a megabyte goes in and out with back-pressure', async () => {
  await using bed = new TestBed();
  const { process } = await bed.start(['cat'], { stdio: withInput });
  const sent = new Uint8Array(5 << 20).map((_, index) => index % 251);
  const writing = process.write(sent).then(() => process.closeStdin());
  const hash = new Bun.CryptoHasher('sha256');
  for await (const { bytes } of process.output()) hash.update(bytes);
  await writing;
  expect(hash.digest('hex')).toBe(new Bun.CryptoHasher('sha256').update(sent).digest('hex'));
});

test('a terminal echoes, knows its size and can be resized', async () => {
  await using bed = new TestBed();
  const { process } = await bed.start(
    ['sh', '-c', 'stty size; test -t 0 && test -t 2 && echo yes; read line; stty size; cat /dev/console'],
    {
      stdio: { kind: 'terminal', stdin: true, size: { rows: 24, columns: 81 } },
      // Without it the kernel would keep ^C from a pid 1.
      process: { init: true },
    },
  );
  const output = process.output()[Symbol.asyncIterator]();
  expect(await until(output, 'yes\r\n')).toBe('24 81\r\nyes\r\n');
  await process.resize({ rows: 50, columns: 132 });
  await process.write(text('go\n'));
  expect(await until(output, '132\r\n')).toContain('50 132\r\n');
  await process.write(text('\u0003'));
  expect((await process.exited).exitCode).toBe(130);
  for (let next = await output.next(); next.done !== true; next = await output.next());
});

test('what cannot be executed is told in the words docker knows', async () => {
  await using bed = new TestBed();
  writeFileSync(join(bed.root, 'tmp/plain'), 'x', { mode: 0o644 });
  writeFileSync(join(bed.root, 'tmp/junk'), '\u0001\u0002', { mode: 0o755 });
  const cases = [
    ['nosuch', 127, 'exec: "nosuch": executable file not found in $PATH'],
    ['/bin/nosuch', 127, 'exec: "/bin/nosuch": stat /bin/nosuch: no such file or directory'],
    ['/tmp', 126, 'exec: "/tmp": is a directory'],
    ['/tmp/plain', 126, 'exec: "/tmp/plain": permission denied'],
    ['/tmp/junk', 126, 'exec /tmp/junk: exec format error'],
  ] as const;
  for (const [program, exitCode, message] of cases) {
    const failure = await bed.start([program]).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'InvalidArgument', detail: { step: 'exec', exitCode } });
    expect((failure as Error).message).toContain(message);
  }
});

test('users and groups are looked up inside the root', async () => {
  await using bed = new TestBed();
  const ids = async (username: string, more: readonly string[] = []): Promise<string> => {
    const { process } = await bed.start(['sh', '-c', 'echo $(id -u) $(id -G) $HOME'], {
      process: { user: { uid: 0, gid: 0, username, additionalGroups: more } },
    });
    return (await outputOf(process)).stdout.trim();
  };
  expect(await ids('ann')).toBe('1000 1001 77 /home/ann');
  expect(await ids('1000')).toBe('1000 1001 77 /home/ann');
  expect(await ids('ann:disk')).toBe('1000 77 /home/ann');
  expect(await ids('4242')).toBe('4242 0 /');
  expect(await ids('4242:4343', ['disk'])).toBe('4242 4343 77 /');
  expect(ids('bob')).rejects.toThrow('unable to find user bob: no matching entries in passwd file');
  expect(ids('ann:nosuch')).rejects.toThrow('unable to find group nosuch: no matching entries in group file');
});

test('a start that fails or is given up leaves nothing behind', async () => {
  await using bed = new TestBed();
  const abort = new AbortController();
  const given = bed.start(['sleep', '1000'], {
    signal: abort.signal,
    prepare: () => new Promise(() => abort.abort(new Error('given up'))),
  });
  // prepare never ends: the kill makes the start fail.
  expect(await given.catch((error: unknown) => String(error))).toBe('Error: given up');
  expect(bed.start(['true'], { prepare: () => Promise.reject(new Error('no network')) })).rejects.toThrow('no network');
  expect(bed.start(['true'], { process: { cwd: '/etc/passwd/x' } })).rejects.toThrow('not a directory');
  await bed.start(['nosuch']).catch(() => undefined);
  expect(bed.cgroups()).toEqual([]);
});

test('prepare sees the namespaces before anything runs', async () => {
  await using bed = new TestBed();
  let seen = '';
  const { process } = await bed.start(['true'], {
    prepare: async (pid) => {
      seen = readlinkSync(`/proc/${pid}/ns/net`);
    },
  });
  expect(seen).toMatch(/^net:\[\d+\]$/);
  expect(seen).not.toBe(readlinkSync('/proc/self/ns/net'));
  expect((await process.exited).exitCode).toBe(0);
});

test('exec joins every namespace and the cgroup', async () => {
  await using bed = new TestBed();
  const { process, runDirectory } = await bed.start(['sleep', '1000']);
  const exec = async (args: readonly string[], stdio: Parameters<TestBed['start']>[1] = {}): Promise<ContainerProcess> => {
    const id = newId();
    mkdirSync(join(runDirectory, 'exec', id), { recursive: true });
    const request = {
      id,
      process: bed.spec({ args }).process,
      privileged: false,
      runDirectory: join(runDirectory, 'exec', id),
      stdio: stdio.stdio ?? pipes,
    };
    return bed.runtime.exec(process, request, { signal: never });
  };
  const listing = await outputOf(
    await exec([
      'sh',
      '-c',
      'for n in ipc mnt net pid uts cgroup; do ls -l /proc/self/ns/$n /proc/1/ns/$n; done; hostname; cat /proc/self/cgroup; ps',
    ]),
  );
  const links = [...listing.stdout.matchAll(/-> (\S+)/g)].map(([, link]) => link);
  expect(links.length).toBe(12);
  for (let at = 0; at < links.length; at += 2) expect(links[at]).toBe(links[at + 1]);
  expect(listing.stdout).toContain('berth-test');
  expect(listing.stdout).toContain('sleep 1000');
  expect(listing.stdout).not.toContain('/..');
  expect((await (await exec(['sh', '-c', 'exit 3'])).exited).exitCode).toBe(3);
  expect(exec(['nosuch'])).rejects.toThrow(
    'OCI runtime exec failed: exec failed: unable to start container process: exec: "nosuch": executable file not found in $PATH',
  );
  const tty = await exec(['stty', 'size'], { stdio: { kind: 'terminal', stdin: false, size: { rows: 10, columns: 20 } } });
  expect((await outputOf(tty)).stdout).toBe('10 20\r\n');
  process.signal(9);
  await process.exited;
  expect(exec(['true'])).rejects.toMatchObject({ code: 'Conflict' });
});

test('an init reaps and passes signals on', async () => {
  await using bed = new TestBed();
  const { process } = await bed.start(['sh', '-c', 'trap "exit 9" TERM; (sleep 0 &) ; echo ready; while :; do sleep 0.01; done'], {
    process: { init: true },
  });
  const output = process.output()[Symbol.asyncIterator]();
  await until(output, 'ready\n');
  process.signal(15);
  expect((await process.exited).exitCode).toBe(9);
  for (let next = await output.next(); next.done !== true; next = await output.next());
  const direct = await bed.start(['sh', '-c', 'echo $$; cat /proc/1/comm'], { process: { init: true } });
  expect((await outputOf(direct.process)).stdout).toBe('2\ndocker-init\n');
});

test('memory over the limit is reported as such, and only that', async () => {
  await using bed = new TestBed();
  const spec = bed.spec({});
  const run = (bytes: string) =>
    bed.start(['dd', 'if=/dev/zero', 'of=/dev/null', `bs=${bytes}`, 'count=1'], {
      spec: { linux: { ...spec.linux, devices: devices(), resources: { memory: { limit: 16 << 20, swap: 16 << 20 } } } },
    });
  const { process: hog } = await run('100M');
  expect(await hog.exited).toMatchObject({ exitCode: 137, signal: 9, oomKilled: true });
  const { process: modest } = await run('1M');
  expect(await modest.exited).toMatchObject({ exitCode: 0, oomKilled: false });
});

function devices() {
  return [
    ['null', 3],
    ['zero', 5],
  ].map(([name, minor]) => ({ type: 'c', path: `/dev/${name}`, major: 1, minor: Number(minor), fileMode: 0o666 }));
}

test('an overlay of many layers with long names is the root, and nothing is mounted on the host', async () => {
  await using bed = new TestBed();
  const layers = Array.from({ length: 60 }, (_, index) => join(bed.directory, `layer-${'x'.repeat(80)}-${index}`));
  layers.forEach((layer, index) => {
    mkdirSync(layer);
    writeFileSync(join(layer, `file-${index}`), String(index));
  });
  for (const name of ['upper', 'work', 'merged']) mkdirSync(join(bed.directory, name));
  const lowerdir = [...layers, bed.root].join(':');
  const options = [`lowerdir=${lowerdir}`, `upperdir=${join(bed.directory, 'upper')}`, `workdir=${join(bed.directory, 'work')}`];
  const { process } = await bed.start(['sh', '-c', 'ls / | wc -l; cat /file-0 /file-59; echo new > /made; cat /proc/self/mountinfo'], {
    spec: { root: { path: join(bed.directory, 'merged') }, rootMounts: [{ type: 'overlay', source: 'overlay', options }] },
  });
  const { stdout, exitCode } = await outputOf(process);
  expect([stdout.slice(0, 6), exitCode]).toEqual(['66\n059', 0]);
  expect(readFileSync(join(bed.directory, 'upper/made'), 'utf8')).toBe('new\n');
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(bed.directory);
});

test.each([false, true])('an overlay with an option of over 255 bytes goes the old way (user namespace: %p)', async (user) => {
  await using bed = new TestBed();
  chmodSync(bed.directory, 0o711);
  const long = join(bed.directory, 'a'.repeat(200), 'b'.repeat(60));
  for (const name of ['upper', 'work']) mkdirSync(join(long, name), { recursive: true });
  chmodSync(join(long, 'upper'), 0o777);
  const merged = join(bed.directory, 'merged');
  mkdirSync(merged);
  const options = [`lowerdir=${bed.root}`, `upperdir=${join(long, 'upper')}`, `workdir=${join(long, 'work')}`];
  const spec = bed.spec({});
  const map = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
  const owned = { namespaces: [...spec.linux.namespaces, { type: 'user' } as const], uidMappings: map, gidMappings: map };
  const { process } = await bed.start(['sh', '-c', 'echo new > /made'], {
    spec: {
      root: { path: merged },
      rootMounts: [{ type: 'overlay', source: 'overlay', options }],
      ...(user ? { linux: { ...spec.linux, ...owned } } : {}),
    },
  });
  expect((await outputOf(process)).exitCode).toBe(0);
  expect(readFileSync(join(long, 'upper/made'), 'utf8')).toBe('new\n');
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(bed.directory);
});

test('a time namespace has its offsets, and namespaces of another container are joined', async () => {
  await using bed = new TestBed();
  const spec = bed.spec({});
  const { process: first } = await bed.start(['sh', '-c', 'cat /proc/self/timens_offsets; read line'], {
    stdio: withInput,
    spec: { linux: { ...spec.linux, namespaces: [...spec.linux.namespaces, { type: 'time' }], timeOffsets: { boottime: { secs: 1000 } } } },
  });
  const output = first.output()[Symbol.asyncIterator]();
  expect(await until(output, 'boottime')).toMatch(/boottime +1000/);
  const shared = (['network', 'ipc', 'uts', 'pid'] as const).map((type) => ({
    type,
    path: `/proc/${first.pid}/ns/${type === 'network' ? 'net' : type}`,
  }));
  const { hostname: _, ...nameless } = bed.spec({
    args: ['sh', '-c', 'readlink /proc/self/ns/net; readlink /proc/1/ns/net; hostname; cat /proc/1/comm'],
  });
  const { process: second } = await bed.start([], {
    spec: { ...nameless, hostname: '', linux: { namespaces: [...shared, { type: 'mount' }] } },
  });
  const lines = (await outputOf(second)).stdout.split('\n');
  expect(lines[0]).toBe(lines[1]!);
  expect(lines.slice(2)).toEqual(['berth-test', 'sh', '']);
  first.signal(9);
  while ((await output.next()).done !== true);
});

test('200 lives leave no descriptor, process or cgroup', async () => {
  await using bed = new TestBed();
  const once = async (): Promise<void> => {
    const { id, process, runDirectory } = await bed.start(['true'], { stdio: withInput });
    expect((await outputOf(process)).exitCode).toBe(0);
    await bed.runtime.delete(id, runDirectory);
    expect(existsSync(runDirectory)).toBe(false);
  };
  const descriptors = (): number => readdirSync('/proc/self/fd').length;
  for (let warm = 0; warm < 3; warm++) await once();
  const before = descriptors();
  for (let round = 0; round < 50; round++) await Promise.all([once(), once(), once(), once()]);
  expect(descriptors()).toBe(before);
  expect(bed.cgroups()).toEqual([]);
}, 60_000);

test('a program that ends at once ends its init, every time', async () => {
  await using bed = new TestBed();
  for (let round = 0; round < 150; round += 1) {
    const { process } = await bed.start(['true'], { process: { init: true } });
    expect((await outputOf(process)).exitCode).toBe(0);
  }
});
