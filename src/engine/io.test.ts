import { afterAll, beforeAll, expect, test } from 'bun:test';
import { writeTar } from '../archive/index.ts';
import type { AttachSession, ContainerRecord, CreateExecRequest, LogsRequest } from './contract.ts';
import * as engine from './index.ts';
import { openTestHouse, type TestHouse } from './test-house.test-helper.ts';

let bed: TestHouse;
beforeAll(async () => {
  bed = await openTestHouse();
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
}, 60_000);

const options = { signal: new AbortController().signal };
const encoder = new TextEncoder();

async function textOf(chunks: AsyncIterable<{ readonly bytes: Uint8Array }>): Promise<string> {
  let text = '';
  for await (const { bytes } of chunks) text += new TextDecoder().decode(bytes);
  return text;
}

async function started(command: readonly string[], own: Parameters<TestHouse['container']>[1] = {}): Promise<ContainerRecord> {
  const record = await bed.container(command, own);
  await engine.startContainer(bed.house, record.id, options);
  return record;
}

const attachAll = { logs: false, stream: true, stdin: true, stdout: true, stderr: true, detachKeys: '' };
const wholeLog: LogsRequest = { follow: false, stdout: true, stderr: true, timestamps: false, details: false };
const execOf = (command: readonly string[], own: Partial<CreateExecRequest> = {}): CreateExecRequest => ({
  user: '',
  privileged: false,
  terminal: false,
  attachStdin: false,
  attachStdout: true,
  attachStderr: true,
  detachKeys: '',
  env: [],
  command,
  workingDir: '',
  ...own,
});

async function exec(
  record: ContainerRecord,
  request: CreateExecRequest,
  input?: string,
): Promise<{ text: string; exitCode: number | null }> {
  const id = await engine.createExec(bed.house, record.id, request, options);
  const session = (await engine.startExec(bed.house, id, { detach: false, terminal: request.terminal }, options)) as AttachSession;
  if (input !== undefined) {
    await session.write(encoder.encode(input));
    await session.closeStdin();
  }
  const text = await textOf(session.output);
  return { text, exitCode: engine.inspectExec(bed.house, id).exitCode };
}

test('a container is attached to, answers, and leaves a log', async () => {
  const record = await bed.container(['cat'], { config: { OpenStdin: true, StdinOnce: true } });
  const session = await engine.attachContainer(bed.house, record.id, attachAll, options);
  const ended = engine.waitContainer(bed.house, record.id, 'next-exit', options);
  await engine.startContainer(bed.house, record.id, options);
  const { output: followed } = await engine.containerLogs(bed.house, record.id, { ...wholeLog, follow: true }, options);
  await session.write(encoder.encode('hello\n'));
  await session.closeStdin();
  expect(await textOf(session.output)).toBe('hello\n');
  expect((await ended).exitCode).toBe(0);
  expect(await textOf(followed)).toBe('hello\n');
  const { output, terminal } = await engine.containerLogs(bed.house, record.id, { ...wholeLog, timestamps: true }, options);
  expect(terminal).toBe(false);
  expect(await textOf(output)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z hello\n$/);
});

test('much output is kept whole', async () => {
  const record = await bed.container(['sh', '-c', 'seq 1 200000; seq 1 1000 >&2']);
  const ended = engine.waitContainer(bed.house, record.id, 'next-exit', options);
  await engine.startContainer(bed.house, record.id, options);
  await ended;
  const { output } = await engine.containerLogs(bed.house, record.id, { ...wholeLog, stderr: false }, options);
  const lines = (await textOf(output)).trimEnd().split('\n');
  expect(lines.length).toBe(200_000);
  expect(lines.every((line, index) => line === String(index + 1))).toBe(true);
}, 30_000);

test('execs run with the container’s settings and their own over them', async () => {
  const record = await started(['sleep', '1000'], { config: { Env: ['A=1', 'B=2'], WorkingDir: '/tmp' } });
  const { text } = await exec(record, execOf(['sh', '-c', 'pwd; echo $A$B$C; id -u; id -g']));
  expect(text).toBe('/tmp\n12\n0\n0\n');
  const own = execOf(['sh', '-c', 'pwd; echo $A$B$C; id -u'], { env: ['B=x', 'C=3'], workingDir: '/data', user: 'app' });
  expect((await exec(record, own)).text).toBe('/data\n1x3\n1000\n');
  expect((await exec(record, execOf(['sh', '-c', 'exit 42']))).exitCode).toBe(42);
  expect(await exec(record, execOf(['cat'], { attachStdin: true }), 'typed')).toEqual({ text: 'typed', exitCode: 0 });
  const terminal = await exec(record, execOf(['sh', '-c', 'test -t 1 && echo tty $TERM'], { terminal: true }));
  expect(terminal.text).toBe('tty xterm\r\n');
});

test('what an exec refuses, in Docker’s words', async () => {
  const record = await started(['sleep', '1000']);
  const { house } = bed;
  const missing = await engine.createExec(house, record.id, execOf(['nope']), options);
  const start = (id: string) => engine.startExec(house, id, { detach: false, terminal: false }, options);
  await expect(start(missing)).rejects.toThrow(
    'OCI runtime exec failed: exec failed: unable to start container process: exec: "nope": executable file not found in $PATH: unknown',
  );
  expect(engine.inspectExec(house, missing)).toMatchObject({ running: false, exitCode: 127 });
  await expect(start(missing)).rejects.toThrow('has already run');
  await expect(engine.createExec(house, record.id, execOf([]), options)).rejects.toThrow('No exec command specified');
  await expect(engine.createExec(house, record.id, execOf(['x'], { detachKeys: 'q,nope' }), options)).rejects.toThrow('detach keys');
  await expect(start('0123')).rejects.toThrow('No such exec instance: 0123');
  const directory = await engine.createExec(house, record.id, execOf(['/tmp']), options);
  await expect(start(directory)).rejects.toThrow('exec: "/tmp": is a directory');
  expect(engine.inspectExec(house, directory).exitCode).toBe(126);
  await engine.pauseContainer(house, record.id, options);
  await expect(engine.createExec(house, record.id, execOf(['true']), options)).rejects.toThrow(
    `container ${record.id} is paused, unpause the container before exec`,
  );
  await engine.unpauseContainer(house, record.id, options);
  await engine.killContainer(house, record.id, '', options);
  await engine.waitContainer(house, record.id, 'not-running', options);
  await expect(engine.createExec(house, record.id, execOf(['true']), options)).rejects.toThrow(`Container ${record.id} is not running`);
});

test('events tell of an exec from its creation to its end', async () => {
  const record = await started(['sleep', '1000']);
  const abort = new AbortController();
  const events = engine.subscribeEvents(bed.house, { filters: { container: [record.id] } }, { signal: abort.signal });
  await exec(record, execOf(['sh', '-c', 'exit 3']));
  const seen: string[] = [];
  for await (const { action, actor } of events) {
    seen.push(`${action} ${actor.attributes['exitCode'] ?? ''}`.trim());
    if (action === 'exec_die') break;
  }
  abort.abort();
  expect(seen).toEqual(['exec_create: sh -c exit 3', 'exec_start: sh -c exit 3', 'exec_die 3']);
});

test('health goes from starting to healthy to unhealthy', async () => {
  const check = { Test: ['CMD-SHELL', 'cat /tmp/ok'], Interval: 50e6, Retries: 2 };
  const abort = new AbortController();
  const record = await bed.container(['sh', '-c', 'echo fine > /tmp/ok; exec sleep 1000'], { config: { Healthcheck: check } });
  const events = engine.subscribeEvents(
    bed.house,
    { filters: { container: [record.id], event: ['health_status'] } },
    { signal: abort.signal },
  );
  await engine.startContainer(bed.house, record.id, options);
  const next = events[Symbol.asyncIterator]();
  expect((await next.next()).value.action).toBe('health_status: healthy');
  expect(bed.house.records.find(record.id)?.health?.log.at(-1)).toMatchObject({ exitCode: 0, output: 'fine\n' });
  await exec(record, execOf(['rm', '/tmp/ok']));
  expect((await next.next()).value.action).toBe('health_status: unhealthy');
  expect(bed.house.records.find(record.id)?.health?.failingStreak).toBe(2);
  abort.abort();
}, 20_000);

test('top, stats and info tell of a running container', async () => {
  const record = await started(['sleep', '1000']);
  const table = await engine.containerTop(bed.house, record.id, '', options);
  expect(table.processes.map((row) => row.at(-1))).toEqual(['sleep 1000']);
  const own = await engine.containerTop(bed.house, record.id, '-o pid,comm', options);
  expect(own.processes.length).toBeLessThanOrEqual(1);
  const samples = [];
  for await (const sample of await engine.containerStats(bed.house, record.id, { stream: false, oneShot: true }, options))
    samples.push(sample);
  expect(samples.length).toBe(1);
  expect(samples[0]?.current?.pids.current).toBe(1);
  expect(samples[0]?.systemCpuNanos).toBeGreaterThan(0);
  expect(engine.engineInfo(bed.house).running).toBeGreaterThan(0);
});

test('files go in and out of a container, whether it runs or not, and nothing outside is reached', async () => {
  const record = await bed.container(['sleep', '1000']);
  const tarOf = (name: string, text: string) =>
    writeTar([{ header: { name, type: 'file', mode: 0o640, uid: 5, gid: 6 }, body: encoder.encode(text) }], options);
  for (const running of [false, true]) {
    if (running) await engine.startContainer(bed.house, record.id, options);
    const request = { path: '/data', noOverwriteDirNonDir: false, copyUidGid: false };
    await engine.writeArchive(bed.house, record.id, request, tarOf(`file-${running}`, 'inside'), options);
    const stat = await engine.statArchive(bed.house, record.id, `/data/file-${running}`, options);
    expect(stat).toMatchObject({ name: `file-${running}`, size: 6, mode: 0o640 });
    const { tar } = await engine.readArchive(bed.house, record.id, `/data/file-${running}`, options);
    const bytes = Buffer.from(await new Response(tar).arrayBuffer());
    expect(bytes.toString('latin1')).toStartWith(`file-${running}\0`);
    expect(bytes.subarray(512, 518).toString()).toBe('inside');
    // Not `rejects`: Bun waits for it in a way that holds the workers up.
    const refused: unknown = await engine.statArchive(bed.house, record.id, '/../../nowhere', options).catch((error: unknown) => error);
    expect(String(refused)).toContain(`Could not find the file /../../nowhere in container ${record.id}`);
  }
  const changes = await engine.containerChanges(bed.house, record.id, options);
  expect(changes.some(({ path }) => path === '/data/file-true')).toBe(true);
  const whole = Buffer.from(await new Response(await engine.exportContainer(bed.house, record.id, options)).arrayBuffer());
  expect(whole.includes('data/file-false')).toBe(true);
});

test('prune removes what does not run, and disk usage counts the rest', async () => {
  const idle = await bed.container(['true'], { config: { Labels: { idle: 'yes' } } });
  const { deleted } = await engine.pruneContainers(bed.house, { label: ['idle=yes'] }, options);
  expect(deleted).toEqual([idle.id]);
  await expect(engine.pruneContainers(bed.house, { nope: ['x'] }, options)).rejects.toThrow("invalid filter 'nope'");
  const usage = await engine.diskUsage(bed.house, options);
  expect(usage.containers.every(({ size }) => (size?.rw ?? 0) > 0)).toBe(true);
});
