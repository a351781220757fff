import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readdirSync, readlinkSync } from 'node:fs';
import { writeTar } from '../archive/index.ts';
import type { AttachSession, CreateExecRequest, LogsRequest } from './contract.ts';
import * as engine from './index.ts';
import { TestHouse, type RunRequest } from './engine.test-helper.ts';

let bed: TestHouse;
beforeAll(async () => {
  bed = await TestHouse.open();
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

const created = (command: readonly string[], own: RunRequest = {}) => bed.create({ ...own, config: { Cmd: command, ...own.config } });
const started = (command: readonly string[], own: RunRequest = {}) => bed.start({ ...own, config: { Cmd: command, ...own.config } });

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // Closed meanwhile.
  }
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

async function exec(id: string, request: CreateExecRequest, input?: string): Promise<{ text: string; exitCode: number | null }> {
  const execId = await engine.createExec(bed.house, id, request, options);
  const session = (await engine.startExec(bed.house, execId, { detach: false, terminal: request.terminal }, options)) as AttachSession;
  if (input !== undefined) {
    await session.write(encoder.encode(input));
    await session.closeStdin();
  }
  const text = await textOf(session.output);
  return { text, exitCode: engine.inspectExec(bed.house, execId).exitCode };
}

test('a container is attached to, answers, and leaves a log', async () => {
  const id = await created(['cat'], { config: { OpenStdin: true, StdinOnce: true } });
  const session = await engine.attachContainer(bed.house, id, attachAll, options);
  const ended = engine.waitContainer(bed.house, id, 'next-exit', options);
  await engine.startContainer(bed.house, id, options);
  const { output: followed } = await engine.containerLogs(bed.house, id, { ...wholeLog, follow: true }, options);
  await session.write(encoder.encode('hello\n'));
  await session.closeStdin();
  expect(await textOf(session.output)).toBe('hello\n');
  expect((await ended).exitCode).toBe(0);
  expect(await textOf(followed)).toBe('hello\n');
  const { output, terminal } = await engine.containerLogs(bed.house, id, { ...wholeLog, timestamps: true }, options);
  expect(terminal).toBe(false);
  expect(await textOf(output)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z hello\n$/);
});

test('a client that vanishes before it reads leaves no file open', async () => {
  const { id } = await bed.run({ config: { Cmd: ['echo', 'x'] } });
  const { log } = bed.house.records.find(id)!.paths;
  const open = () => readdirSync('/proc/self/fd').filter((fd) => linkOf(`/proc/self/fd/${fd}`) === log).length;
  const abort = new AbortController();
  await engine.containerLogs(bed.house, id, wholeLog, { signal: abort.signal });
  await new Promise((resolve) => setImmediate(resolve));
  expect(open()).toBe(1);
  abort.abort();
  await new Promise((resolve) => setImmediate(resolve));
  expect(open()).toBe(0);
});

test('much output is kept whole', async () => {
  const id = await created(['sh', '-c', 'busybox seq 1 200000; busybox seq 1 1000 >&2']);
  const ended = engine.waitContainer(bed.house, id, 'next-exit', options);
  await engine.startContainer(bed.house, id, options);
  await ended;
  const { output } = await engine.containerLogs(bed.house, id, { ...wholeLog, stderr: false }, options);
  const lines = (await textOf(output)).trimEnd().split('\n');
  expect(lines.length).toBe(200_000);
  expect(lines.every((line, index) => line === String(index + 1))).toBe(true);
}, 30_000);

test('execs run with the container’s settings and their own over them', async () => {
  const id = await started(['sleep', '1000'], { config: { Env: ['A=1', 'B=2'], WorkingDir: '/tmp' } });
  const { text } = await exec(id, execOf(['sh', '-c', 'pwd; echo $A$B$C; id -u; id -g']));
  expect(text).toBe('/tmp\n12\n0\n0\n');
  const own = execOf(['sh', '-c', 'pwd; echo $A$B$C; id -u'], { env: ['B=x', 'C=3'], workingDir: '/data', user: 'ann' });
  expect((await exec(id, own)).text).toBe('/data\n1x3\n1000\n');
  expect((await exec(id, execOf(['sh', '-c', 'exit 42']))).exitCode).toBe(42);
  expect(await exec(id, execOf(['cat'], { attachStdin: true }), 'typed')).toEqual({ text: 'typed', exitCode: 0 });
  const terminal = await exec(id, execOf(['sh', '-c', 'test -t 1 && echo tty $TERM'], { terminal: true }));
  expect(terminal.text).toBe('tty xterm\r\n');
});

test('what an exec refuses, in Docker’s words', async () => {
  const id = await started(['sleep', '1000']);
  const { house } = bed;
  const missing = await engine.createExec(house, id, execOf(['nope']), options);
  const start = (execId: string) => engine.startExec(house, execId, { detach: false, terminal: false }, options);
  await expect(start(missing)).rejects.toThrow(
    'OCI runtime exec failed: exec failed: unable to start container process: exec: "nope": executable file not found in $PATH: unknown',
  );
  expect(engine.inspectExec(house, missing)).toMatchObject({ running: false, exitCode: 127 });
  await expect(start(missing)).rejects.toThrow('has already run');
  await expect(engine.createExec(house, id, execOf([]), options)).rejects.toThrow('No exec command specified');
  await expect(engine.createExec(house, id, execOf(['x'], { detachKeys: 'q,nope' }), options)).rejects.toThrow('detach keys');
  await expect(start('0123')).rejects.toThrow('No such exec instance: 0123');
  const directory = await engine.createExec(house, id, execOf(['/tmp']), options);
  await expect(start(directory)).rejects.toThrow('exec: "/tmp": is a directory');
  expect(engine.inspectExec(house, directory).exitCode).toBe(126);
  await engine.pauseContainer(house, id, options);
  await expect(engine.createExec(house, id, execOf(['true']), options)).rejects.toThrow(
    `container ${id} is paused, unpause the container before exec`,
  );
  await engine.unpauseContainer(house, id, options);
  await engine.killContainer(house, id, '', options);
  await engine.waitContainer(house, id, 'not-running', options);
  await expect(engine.createExec(house, id, execOf(['true']), options)).rejects.toThrow(`Container ${id} is not running`);
});

test('events tell of an exec from its creation to its end', async () => {
  const id = await started(['sleep', '1000']);
  const abort = new AbortController();
  const events = engine.subscribeEvents(bed.house, { filters: { container: [id] } }, { signal: abort.signal });
  await exec(id, execOf(['sh', '-c', 'exit 3']));
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
  const id = await created(['sh', '-c', 'echo fine > /tmp/ok; exec sleep 1000'], { config: { Healthcheck: check } });
  const events = engine.subscribeEvents(bed.house, { filters: { container: [id], event: ['health_status'] } }, { signal: abort.signal });
  await engine.startContainer(bed.house, id, options);
  const next = events[Symbol.asyncIterator]();
  expect((await next.next()).value.action).toBe('health_status: healthy');
  expect(bed.house.records.find(id)?.health?.log.at(-1)).toMatchObject({ exitCode: 0, output: 'fine\n' });
  await exec(id, execOf(['busybox', 'rm', '/tmp/ok']));
  expect((await next.next()).value.action).toBe('health_status: unhealthy');
  expect(bed.house.records.find(id)?.health?.failingStreak).toBe(2);
  abort.abort();
}, 20_000);

test('top, stats and info tell of a running container', async () => {
  const id = await started(['sleep', '1000']);
  const table = await engine.containerTop(bed.house, id, '', options);
  expect(table.processes.map((row) => row.at(-1))).toEqual(['sleep 1000']);
  const own = await engine.containerTop(bed.house, id, '-o pid,comm', options);
  expect(own.processes.length).toBeLessThanOrEqual(1);
  const samples = [];
  for await (const sample of await engine.containerStats(bed.house, id, { stream: false, oneShot: true }, options)) samples.push(sample);
  expect(samples.length).toBe(1);
  expect(samples[0]?.current?.pids.current).toBe(1);
  expect(samples[0]?.systemCpuNanos).toBeGreaterThan(0);
  expect(engine.engineInfo(bed.house).running).toBeGreaterThan(0);
});

test('files go in and out of a container, whether it runs or not, and nothing outside is reached', async () => {
  const id = await created(['sleep', '1000']);
  const tarOf = (name: string, text: string) =>
    writeTar([{ header: { name, type: 'file', mode: 0o640, uid: 5, gid: 6 }, body: encoder.encode(text) }], options);
  for (const running of [false, true]) {
    if (running) await engine.startContainer(bed.house, id, options);
    const request = { path: '/data', noOverwriteDirNonDir: false, copyUidGid: false };
    await engine.writeArchive(bed.house, id, request, tarOf(`file-${running}`, 'inside'), options);
    const stat = await engine.statArchive(bed.house, id, `/data/file-${running}`, options);
    expect(stat).toMatchObject({ name: `file-${running}`, size: 6, mode: 0o640 });
    const { tar } = await engine.readArchive(bed.house, id, `/data/file-${running}`, options);
    const bytes = Buffer.from(await new Response(tar).arrayBuffer());
    expect(bytes.toString('latin1')).toStartWith(`file-${running}\0`);
    expect(bytes.subarray(512, 518).toString()).toBe('inside');
    const refused: unknown = await engine.statArchive(bed.house, id, '/../../nowhere', options).catch(String);
    expect(refused).toContain(`Could not find the file /../../nowhere in container ${id}`);
  }
  const changes = await engine.containerChanges(bed.house, id, options);
  expect(changes.some(({ path }) => path === '/data/file-true')).toBe(true);
  const whole = Buffer.from(await new Response(await engine.exportContainer(bed.house, id, options)).arrayBuffer());
  expect(whole.includes('data/file-false')).toBe(true);
});

test('what is copied in belongs to whom the tar says, or to the container’s user', async () => {
  const id = await started(['sleep', '1000'], { config: { User: 'ann' } });
  for (const copyUidGid of [false, true]) {
    const tar = writeTar([{ header: { name: `own-${copyUidGid}`, type: 'file', uid: 5, gid: 6 }, body: encoder.encode('x') }], options);
    await engine.writeArchive(bed.house, id, { path: '/tmp', noOverwriteDirNonDir: false, copyUidGid }, tar, options);
  }
  const { text } = await exec(id, execOf(['stat', '-c', '%u:%g', '/tmp/own-false', '/tmp/own-true']));
  expect(text).toBe('5:6\n1000:1001\n');
});

test('prune removes what does not run, and disk usage counts the rest', async () => {
  const idle = await created(['true'], { config: { Labels: { idle: 'yes' } } });
  const { deleted } = await engine.pruneContainers(bed.house, { label: ['idle=yes'] }, options);
  expect(deleted).toEqual([idle]);
  await expect(engine.pruneContainers(bed.house, { nope: ['x'] }, options)).rejects.toThrow("invalid filter 'nope'");
  const usage = await engine.diskUsage(bed.house, options);
  expect(usage.containers.every(({ size }) => (size?.rootFs ?? 0) > 0)).toBe(true);
  expect(usage.layersSize).toBeGreaterThan(0);
});

test('a commit makes an image that shows the changes, and its containers run', async () => {
  const { id } = await bed.run({ config: { Cmd: ['sh', '-c', 'echo kept > /data/new; busybox rm /data/file'], Env: ['A=1'] } });
  const changes = (await engine.containerChanges(bed.house, id, options)).filter(({ path }) => path.startsWith('/data'));
  expect(changes).toEqual([
    { kind: 'modified', path: '/data' },
    { kind: 'deleted', path: '/data/file' },
    { kind: 'added', path: '/data/new' },
  ]);
  const request = { reference: 'mine:1', author: 'me', comment: 'why', pause: true, changes: ['CMD ["cat","/data/new"]', 'LABEL a=b'] };
  const image = await engine.commitContainer(bed.house, id, request, options);
  const found = engine.inspectImage(bed.house, 'mine:1');
  expect(found.id).toBe(image);
  expect(found.config).toMatchObject({
    author: 'me',
    comment: 'why',
    config: { Cmd: ['cat', '/data/new'], Env: ['A=1'], Labels: { a: 'b' } },
  });
  expect(engine.imageHistory(bed.house, 'mine:1').length).toBe(2);
  const { output } = await bed.run({ config: { Image: 'mine:1', Cmd: null } });
  expect(output).toBe('kept\n');
});

test('images are listed by what filters say', async () => {
  engine.tagImage(bed.house, 'busybox', 'example.org/other/name:v1');
  const names = async (filters: Record<string, string[]>) => {
    const found = await engine.listImages(bed.house, { all: false, sharedSize: true, filters }, options);
    return found.flatMap(({ image }) => image.repoTags).sort();
  };
  expect(await names({ reference: ['busybox'] })).toEqual(['busybox:latest']);
  expect(await names({ reference: ['example.org/*/name:v*'] })).toEqual(['example.org/other/name:v1']);
  expect(await names({ reference: ['nothing'] })).toEqual([]);
  expect(await names({ label: ['a=b'] })).toEqual(['mine:1']);
  expect(await names({ since: ['busybox'] })).toEqual(['mine:1']);
  expect(await names({ before: ['mine:1'] })).toEqual(['busybox:latest', 'example.org/other/name:v1']);
  expect(await names({ dangling: ['true'] })).toEqual([]);
  const refused: unknown = await engine
    .listImages(bed.house, { all: false, sharedSize: false, filters: { x: ['y'] } }, options)
    .catch(String);
  expect(refused).toContain("invalid filter 'x'");
  const shared = await engine.listImages(bed.house, { all: false, sharedSize: true, filters: { reference: ['busybox'] } }, options);
  expect(shared[0]?.sharedSize).toBeGreaterThan(0);
});

test('an image is saved, removed and loaded again, with events', async () => {
  const abort = new AbortController();
  const events = engine.subscribeEvents(bed.house, { filters: { type: ['image'] } }, { signal: abort.signal });
  const archive = await new Response(engine.saveImages(bed.house, ['example.org/other/name:v1'], {}, options)).arrayBuffer();
  const removed = await engine.removeImage(bed.house, 'example.org/other/name:v1', { force: false, prune: true }, options);
  expect(removed).toEqual([{ kind: 'untagged', name: 'example.org/other/name:v1' }]);
  const loaded = await engine.loadImages(bed.house, new Blob([archive]).stream(), {}, options);
  expect(loaded[0]?.names).toEqual(['example.org/other/name:v1']);
  abort.abort();
  const actions = [];
  for await (const { action } of events) actions.push(action);
  expect(actions).toEqual(['save', 'untag', 'load']);
});
