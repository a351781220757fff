import { afterAll, beforeAll, expect, test } from 'bun:test';
import * as fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog, type Log } from '../base/index.ts';
import { startDaemon } from './daemon.ts';
import { readDaemonOptions } from './options/daemon-options.ts';

// Hostile requests against a real engine: whatever comes, the answer is the client's fault or a clear refusal, and the engine goes on.
const root = mkdtempSync(join(tmpdir(), 'bf-'));
const socket = join(root, 'berth.sock');
const logged: string[] = [];
const log: Log = createLog('error', (line) => logged.push(line));
let daemon: AsyncDisposable;

beforeAll(async () => {
  writeFileSync(join(root, 'daemon.json'), '');
  const roots = ['--data-root', join(root, 'data'), '--exec-root', join(root, 'run'), '--pidfile', join(root, 'pid')];
  daemon = await startDaemon(readDaemonOptions([...roots, '-H', `unix://${socket}`, '--config-file', join(root, 'daemon.json')]), log);
  const created = await send('POST', '/containers/create?name=one', '{"Image":"hello-world","HostConfig":{"NetworkMode":"none"}}');
  expect(created?.status).toBe(201);
});

afterAll(async () => {
  const answer = await send('GET', '/containers/json?all=1');
  for (const { Id } of JSON.parse(answer?.text ?? '[]') as ReadonlyArray<{ readonly Id: string }>)
    await send('DELETE', `/containers/${Id}?force=1`);
  await daemon[Symbol.asyncDispose]();
  rmSync(root, { recursive: true, force: true });
});

/** Undefined, when the answer goes on for ever: following logs, events and waits are cut off. */
async function send(method: string, path: string, body?: string, type = 'application/json') {
  const abort = AbortSignal.timeout(5000);
  const forever = /\/(events|wait|stats|logs|attach)/.test(path);
  try {
    const answer = await fetch(`http://engine${path}`, {
      method,
      unix: socket,
      signal: forever ? AbortSignal.timeout(100) : abort,
      ...(body === undefined ? {} : { body, headers: { 'content-type': type } }),
    });
    return { status: answer.status, text: await answer.text() };
  } catch (error) {
    if (forever) return undefined;
    throw error;
  }
}

const name = fc.oneof(
  fc.constantFrom('one', 'nope', 'hello-world', 'bridge', '', '..', '%2e%2e%2f', '%00', '%ff', 'a'.repeat(300), '*', '-', 'sha256:ab'),
  fc.string({ maxLength: 20 }).map(encodeURIComponent),
);
const places = [
  ...['json', 'top', 'changes', 'export', 'resize', 'stop', 'restart', 'kill', 'pause', 'unpause', 'rename', 'update', 'archive', 'exec'],
  ...['wait', 'logs', 'stats', 'attach', 'attach/ws', 'start', ''],
].map((verb) => ['containers', verb] as const);
const path = fc.oneof(
  fc.tuple(fc.constantFrom(...places), name).map(([[kind, verb], id]) => `/${kind}/${id}/${verb}`.replace(/\/$/, '')),
  fc
    .tuple(fc.constantFrom('json', 'history', 'tag', 'get', 'push', ''), name)
    .map(([verb, id]) => `/images/${id}/${verb}`.replace(/\/$/, '')),
  fc.tuple(fc.constantFrom('start', 'resize', 'json'), name).map(([verb, id]) => `/exec/${id}/${verb}`),
  fc.tuple(fc.constantFrom('volumes', 'networks', 'swarm', 'nodes', 'plugins'), name).map(([kind, id]) => `/${kind}/${id}`),
  fc.constantFrom(
    ...[
      '/containers/json',
      '/containers/create',
      '/containers/prune',
      '/images/json',
      '/images/create',
      '/images/load',
      '/images/get',
      '/commit',
    ],
    ...[
      '/events',
      '/info',
      '/version',
      '/auth',
      '/system/df',
      '/volumes',
      '/volumes/create',
      '/networks',
      '/networks/create',
      '/build',
      '/session',
    ],
  ),
);
const value = fc.oneof(
  fc.constantFrom(
    '1',
    '0',
    'true',
    '',
    '-1',
    '99999999999999999999',
    'one',
    'hello-world',
    '../..',
    '/',
    '/etc/passwd',
    '{"a":["b"]}',
    '{"label":{"x":true}}',
    '{"until":["x"]}',
    '[',
    'null',
  ),
  fc.string({ maxLength: 30 }),
);
const key = fc.constantFrom(
  ...[
    'all',
    'limit',
    'size',
    'filters',
    'name',
    'platform',
    'signal',
    't',
    'h',
    'w',
    'path',
    'since',
    'until',
    'tail',
    'stdout',
    'stderr',
    'stdin',
  ],
  ...[
    'stream',
    'follow',
    'condition',
    'force',
    'v',
    'link',
    'fromImage',
    'fromSrc',
    'repo',
    'tag',
    'changes',
    'names',
    'container',
    'detachKeys',
    'type',
  ],
);
const query = fc.dictionary(key, value, { maxKeys: 4 }).map((entries) => new URLSearchParams(entries).toString());
const field = fc.constantFrom(
  ...[
    'Image',
    'Cmd',
    'Env',
    'HostConfig',
    'Memory',
    'Binds',
    'Mounts',
    'Labels',
    'Tty',
    'User',
    'WorkingDir',
    'NetworkMode',
    'Devices',
    'Ulimits',
  ],
  ...[
    'SecurityOpt',
    'CapAdd',
    'Healthcheck',
    'Test',
    'Type',
    'Source',
    'Target',
    'Name',
    'Driver',
    'Detach',
    'RestartPolicy',
    'LogConfig',
    'Config',
  ],
  ...[
    'NetworkingConfig',
    'EndpointsConfig',
    'Sysctls',
    'Tmpfs',
    'PortBindings',
    'ExposedPorts',
    'Volumes',
    'CpusetCpus',
    'StopSignal',
    'VolumesFrom',
  ],
);
const json = fc.letrec((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, 0, -1, 1.5, 2 ** 60, 1e300, '', 'one', 'hello-world', '/', `${root}/made:/b`, 'x=y', '\0', '../..'),
    fc.array(tie('node'), { maxLength: 3 }),
    fc.dictionary(field, tie('node'), { maxKeys: 5 }),
  ),
})).node;
const body = fc.oneof(
  fc.constant(undefined),
  json.map((each) => JSON.stringify(each)),
  fc.dictionary(field, json, { maxKeys: 4 }).map((each) => JSON.stringify({ Image: 'hello-world', ...each })),
  fc.string({ maxLength: 50 }),
);
const type = fc.constantFrom('application/json', 'application/json', 'application/json', 'text/plain', 'application/x-tar', 'nonsense');

test('whatever is asked, nothing breaks', async () => {
  const seconds = Number(process.env['BERTH_FUZZ_SECONDS'] ?? 4);
  const method = fc.constantFrom('GET', 'POST', 'POST', 'DELETE', 'PUT', 'HEAD');
  await fc.assert(
    fc.asyncProperty(method, path, query, body, type, async (verb, where, words, text, kind) => {
      const sent = verb === 'GET' || verb === 'HEAD' ? undefined : text;
      const answer = await send(verb, `${where}?${words}`, sent, kind);
      const broken = answer !== undefined && answer.status >= 500 && ![501, 503].includes(answer.status);
      if (broken) throw new Error(`${verb} ${where}?${words} ${sent}: ${answer.status} ${answer.text}\n${logged.join('')}`);
      if (answer !== undefined && answer.status >= 400 && verb !== 'HEAD') {
        expect((JSON.parse(answer.text) as { readonly message: string }).message).not.toBe('');
      }
    }),
    { numRuns: 100_000, interruptAfterTimeLimit: seconds * 1000, markInterruptAsFailure: false },
  );
  expect((await send('GET', '/_ping'))?.text).toBe('OK');
  expect(logged).toEqual([]);
}, 120_000);
