import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../base/index.ts';
import type { ContainerProcess, ExitRecord, OutputChunk } from '../../runtime/index.ts';
import type { AttachRequest, AttachSession, ContainerRecord } from '../contract.ts';
import { createStreams, DetachKeys, parseDetachKeys } from './index.ts';

let directory = '';
let closing = new AbortController();
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'berth-streams-'));
  closing = new AbortController();
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const { signal } = new AbortController();
const encoder = new TextEncoder();

/** A real process on real pipes, without a container around it. */
function spawned(command: readonly string[]): ContainerProcess {
  const child = Bun.spawn({ cmd: [...command], stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' });
  return {
    id: 'c0ffee',
    pid: child.pid,
    startedAt: new Date(),
    terminal: false,
    exited: child.exited.then((exitCode): ExitRecord => ({ exitCode, signal: null, finishedAt: new Date(), oomKilled: false })),
    async *output(): AsyncGenerator<OutputChunk> {
      for await (const bytes of child.stdout) yield { stream: 'stdout', bytes };
      for await (const bytes of child.stderr) yield { stream: 'stderr', bytes };
    },
    async write(bytes) {
      child.stdin.write(bytes);
      await child.stdin.flush();
    },
    async closeStdin() {
      await child.stdin.end();
    },
    signal: () => true,
    resize: async () => {},
    release() {},
    cgroup: undefined as unknown as ContainerProcess['cgroup'],
  };
}

function recordOf(config: Partial<ContainerRecord['config']> = {}): ContainerRecord {
  return {
    id: 'c0ffee',
    name: 'web',
    config: { Tty: false, OpenStdin: true, StdinOnce: true, Labels: {}, Env: [], Image: 'x', ...config },
    hostConfig: { LogConfig: { Type: 'json-file', Config: {} } },
    paths: { log: join(directory, 'c0ffee-json.log') },
    image: { id: 'sha256:00', reference: 'x' },
  } as unknown as ContainerRecord;
}

const all: AttachRequest = { logs: false, stream: true, stdin: true, stdout: true, stderr: true, detachKeys: '' };
const detached: string[] = [];
const streamsOf = () => createStreams({ log: silentLog, closing: closing.signal, onDetach: (id) => detached.push(id) });

async function textOf(session: AttachSession): Promise<string> {
  let text = '';
  for await (const { bytes } of session.output) text += new TextDecoder().decode(bytes);
  return text;
}

const logText = () =>
  readFileSync(join(directory, 'c0ffee-json.log'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).log as string)
    .join('');

test('a session that is there before the start sees all output and feeds stdin', async () => {
  const streams = streamsOf();
  const session = await streams.attach(recordOf(), all, { signal });
  const typed = session.write(encoder.encode('hello\n'));
  const { drained } = streams.connect(recordOf(), spawned(['cat']));
  await typed;
  await session.closeStdin();
  expect(await textOf(session)).toBe('hello\n');
  await drained;
  expect(logText()).toBe('hello\n');
});

test('what a session sees is in the log file', async () => {
  const streams = streamsOf();
  const session = await streams.attach(recordOf(), all, { signal });
  const { drained } = streams.connect(recordOf(), spawned(['sh', '-c', 'while read x; do echo "$x"; done']));
  const output = session.output[Symbol.asyncIterator]();
  for (let line = 0; line < 100; line++) {
    await session.write(encoder.encode(`line ${line}\n`));
    await output.next();
    expect(logText()).toEndWith(`line ${line}\n`);
  }
  await session.closeStdin();
  expect((await output.next()).done).toBe(true);
  await drained;
});

test('a late session gets the log first, an unfinished line too, then goes on without a gap', async () => {
  const streams = streamsOf();
  const record = recordOf();
  const first = await streams.attach(record, all, { signal });
  const { drained } = streams.connect(record, spawned(['sh', '-c', 'echo one; printf "pro"; read x; echo "mpt"']));
  const seen = first.output[Symbol.asyncIterator]();
  let text = '';
  while (text !== 'one\npro') text += new TextDecoder().decode(((await seen.next()).value as OutputChunk).bytes);
  const late = await streams.attach(record, { ...all, logs: true }, { signal });
  const only = await streams.attach(record, { ...all, logs: true, stream: false }, { signal });
  await late.write(encoder.encode('\n'));
  await late.closeStdin();
  expect(await textOf(late)).toBe('one\nprompt\n');
  expect(await textOf(only)).toBe('one\npro');
  await drained;
});

test('a session that does not read makes the process wait, and one that goes lets it run', async () => {
  const streams = streamsOf();
  const record = recordOf();
  const stuck = await streams.attach(record, all, { signal });
  const reader = await streams.attach(record, { ...all, stdin: false }, { signal });
  const { drained } = streams.connect(record, spawned(['sh', '-c', 'head -c 8000000 /dev/zero | tr "\\0" "x"']));
  const count = { bytes: 0 };
  const reading = (async () => {
    for await (const chunk of reader.output) count.bytes += chunk.bytes.length;
  })();
  while (count.bytes < 1_000_000) await new Promise((resolve) => setImmediate(resolve));
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(count.bytes).toBeLessThan(3_000_000);
  await stuck[Symbol.asyncDispose]();
  await reading;
  expect(count.bytes).toBe(8_000_000);
  await drained;
});

test('output that somebody outside holds open does not keep the end back for ever', async () => {
  const streams = streamsOf();
  const holder = spawned(['sh', '-c', 'echo x; sleep 30 & echo $!']);
  const session = await streams.attach(recordOf(), all, { signal });
  const { drained } = streams.connect(recordOf(), holder);
  const text = await textOf(session);
  await drained;
  expect(text).toStartWith('x\n');
  process.kill(Number(text.split('\n')[1]), 'SIGKILL');
});

test('detach keys end the session of a terminal, and the process goes on', async () => {
  const streams = streamsOf();
  const record = recordOf({ Tty: true });
  const session = await streams.attach(record, all, { signal });
  const process = spawned(['cat']);
  const { drained } = streams.connect(record, process);
  await session.write(encoder.encode('a\x10b\x10'));
  await session.write(encoder.encode('\x11'));
  await textOf(session);
  expect(detached).toContain('c0ffee');
  await process.closeStdin();
  await drained;
  expect(logText()).toBe('a\x10b');
});

test('an engine that closes leaves the unfinished line to the next one', async () => {
  const streams = streamsOf();
  const process = spawned(['printf', 'begin']);
  const { drained } = streams.connect(recordOf(), process);
  closing.abort();
  await drained;
  const { drained: again } = streamsOf().connect(recordOf(), spawned(['echo', 'ning']));
  await again;
  expect(logText()).toBe('beginning\n');
});

test('sessions of a start that fails end', async () => {
  const streams = streamsOf();
  const session = await streams.attach(recordOf(), all, { signal });
  streams.end('c0ffee');
  expect(await textOf(session)).toBe('');
});

test.each([
  ['', [16, 17]],
  ['ctrl-a,x', [1, 120]],
  ['ctrl-@,DEL', [0, 127]],
  ['ctrl-\\', [28]],
])('the detach keys %p are the bytes %p', (text, bytes) => {
  expect([...parseDetachKeys(text)]).toEqual(bytes);
});

test('bad detach keys are refused', () => {
  expect(() => parseDetachKeys('ctrl-10')).toThrow('Invalid detach keys (ctrl-10) provided');
});

test('keys that begin a sequence and do not end it go through', () => {
  const keys = new DetachKeys(Uint8Array.of(1, 1, 2));
  expect([...keys.feed(Uint8Array.of(1, 3, 1)).bytes]).toEqual([1, 3]);
  expect([...keys.feed(Uint8Array.of(4)).bytes]).toEqual([1, 4]);
  expect(keys.feed(Uint8Array.of(1, 1, 2)).detached).toBe(true);
});
