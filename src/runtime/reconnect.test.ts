import { expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { launcherPath, outputOf, TestBed, until } from './runtime.test-helper.ts';
import type { ContainerProcess, ExitRecord } from './index.ts';

interface Started {
  readonly id: string;
  readonly runDirectory: string;
  readonly pid: number;
}

/** Starts containers from another process and kills that with SIGKILL, and with it its launcher's socket. */
async function crashedEngine(
  bed: TestBed,
  commands: ReadonlyArray<readonly [command: string, terminal: boolean]>,
): Promise<readonly Started[]> {
  const containers = commands.map(([command, terminal]) => ({ spec: bed.spec({ args: ['sh', '-c', command], terminal }), terminal }));
  const request = { launcher: launcherPath, directory: bed.directory, cgroupParent: bed.cgroupParent, containers };
  const engine = Bun.spawn([process.execPath, join(import.meta.dir, 'crash.test-helper.ts'), JSON.stringify(request)], {
    stderr: 'inherit',
  });
  const reader = engine.stdout.getReader();
  let text = '';
  while (!text.includes('\n')) text += new TextDecoder().decode((await reader.read()).value);
  engine.kill(9);
  await engine.exited;
  const started = JSON.parse(text) as readonly Started[];
  for (const one of started) bed.adopt(one);
  return started;
}

/** Whether a process is there and no zombie. */
function lives(pid: number): boolean {
  return /^State:\t[^ZX]/m.test(readOf(String(pid), 'status'));
}

async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await Bun.sleep(2);
}

test('a container outlives its engine, and the next one finds pid, output, stdin and exit', async () => {
  await using bed = new TestBed();
  const [one] = await crashedEngine(bed, [['echo before; read line; echo got $line; exit 5', false]]);
  expect(lives(one!.pid)).toBe(true);
  const found = (await bed.runtime.reconnect(one!.id, one!.runDirectory)) as ContainerProcess;
  expect([found.pid, found.terminal]).toEqual([one!.pid, false]);
  const output = found.output()[Symbol.asyncIterator]();
  expect(await until(output, 'before\n')).toBe('before\n');
  await found.write(new TextEncoder().encode('hello\n'));
  expect(await until(output, 'hello\n')).toBe('got hello\n');
  expect((await found.exited).exitCode).toBe(5);
  expect((await output.next()).done).toBe(true);
});

test('what ended without an engine is known, with the output nobody read', async () => {
  await using bed = new TestBed();
  const [one, two] = await crashedEngine(bed, [
    ['read line; echo last words; echo errors >&2; exit 42', false],
    ['read line; exit 3', false],
  ]);
  process.kill(one!.pid, 'SIGCONT');
  // With the engine gone the monitor still holds the write end of stdin, so `read` has to be ended from outside.
  const feed = await bed.runtime.reconnect(one!.id, one!.runDirectory);
  await (feed as ContainerProcess).write(new TextEncoder().encode('x\n'));
  (feed as ContainerProcess).release();
  await eventually(() => existsSync(join(one!.runDirectory, 'exit')));
  const again = (await bed.runtime.reconnect(one!.id, one!.runDirectory)) as ContainerProcess;
  expect(await outputOf(again)).toEqual({ stdout: 'last words\n', stderr: 'errors\n', exitCode: 42 });
  // All is read: now only the record is left.
  const record = await retry(
    () => bed.runtime.reconnect(one!.id, one!.runDirectory),
    (value) => value !== undefined && !('pid' in value),
  );
  expect(record as ExitRecord).toMatchObject({ exitCode: 42, signal: null, oomKilled: false });
  process.kill(two!.pid, 'SIGKILL');
  const killed = (await bed.runtime.reconnect(two!.id, two!.runDirectory)) as ContainerProcess;
  expect(await killed.exited).toMatchObject({ exitCode: 137, signal: 9 });
  expect(killed.signal(9)).toBe(false);
});

async function retry<Value>(get: () => Promise<Value>, good: (value: Value) => boolean): Promise<Value> {
  for (;;) {
    const value = await get();
    if (good(value)) return value;
    if (value instanceof Object && 'release' in value) (value as unknown as ContainerProcess).release();
    await Bun.sleep(2);
  }
}

test('a terminal is found again', async () => {
  await using bed = new TestBed();
  const [one] = await crashedEngine(bed, [['stty -echo; echo ready; read line; stty size; exit 0', true]]);
  const found = (await bed.runtime.reconnect(one!.id, one!.runDirectory)) as ContainerProcess;
  expect(found.terminal).toBe(true);
  const output = found.output()[Symbol.asyncIterator]();
  await until(output, 'ready\r\n');
  await found.resize({ rows: 7, columns: 9 });
  await found.write(new TextEncoder().encode('go\n'));
  expect(await until(output, '9\r\n')).toBe('7 9\r\n');
  expect((await found.exited).exitCode).toBe(0);
  while ((await output.next()).done !== true);
});

test('nothing was ever started: undefined', async () => {
  await using bed = new TestBed();
  expect(await bed.runtime.reconnect('x', join(bed.directory, 'nowhere'))).toBeUndefined();
});

test('the zygote may be killed at any time', async () => {
  await using bed = new TestBed();
  const { process: first } = await bed.start(['sh', '-c', 'read line; echo alive'], { stdio: { kind: 'pipes', stdin: true } });
  const zygotes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => commandOf(pid).includes('zygote') && parentOf(pid) === process.pid);
  expect(zygotes.length).toBeGreaterThan(0);
  for (const pid of zygotes) process.kill(Number(pid), 'SIGKILL');
  await eventually(() => zygotes.every((pid) => !lives(Number(pid))));
  await first.write(new TextEncoder().encode('x\n'));
  expect((await outputOf(first)).stdout).toBe('alive\n');
  const { process: second } = await bed.start(['echo', 'again']);
  expect((await outputOf(second)).stdout).toBe('again\n');
});

test('a monitor that is killed ends its container', async () => {
  await using bed = new TestBed();
  const { process: container } = await bed.start(['sleep', '1000']);
  process.kill(parentOf(String(container.pid)), 'SIGKILL');
  expect(await container.exited).toMatchObject({ exitCode: 255 });
  await eventually(() => !lives(container.pid));
});

test('directories with names longer than a socket address work', async () => {
  await using bed = new TestBed();
  const deep = join(bed.directory, 'd'.repeat(150));
  mkdirSync(deep);
  const { process: container } = await bed.startIn(deep, ['stty', 'size'], {
    kind: 'terminal',
    stdin: false,
    size: { rows: 3, columns: 4 },
  });
  expect((await outputOf(container)).stdout).toBe('3 4\r\n');
});

function commandOf(pid: string): string {
  return readOf(pid, 'cmdline');
}

/** NaN when the process is gone. */
function parentOf(pid: string): number {
  return Number(/^PPid:\t(\d+)/m.exec(readOf(pid, 'status'))?.[1]);
}

function readOf(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    // Processes of others come and go.
    return '';
  }
}
