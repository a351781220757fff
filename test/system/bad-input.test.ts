import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { eventually, importBusybox, ok, run, startEngine, type TestEngine } from '../harness/index.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
  await importBusybox(engine);
}, 120_000);
afterAll(async () => await engine[Symbol.asyncDispose](), 120_000);

const create = async (body: unknown, name = '') => {
  const answer = await engine.api('POST', `/v1.51/containers/create${name === '' ? '' : `?name=${encodeURIComponent(name)}`}`, body);
  const { message, Id } = (await answer.json()) as { readonly message?: string; readonly Id?: string };
  return { status: answer.status, message: message ?? '', id: Id };
};

describe('create', () => {
  test.each([
    [{}, 400, /no command specified|image|config cannot be empty/i],
    [{ Image: 'nonesuch' }, 404, /No such image: nonesuch:latest/],
    [{ Image: 'UPPER' }, 400, /invalid reference format: repository name .* must be lowercase/],
    [{ Image: 'busybox', Tty: 'yes' }, 400, /cannot unmarshal string/],
    [{ Image: 'busybox', HostConfig: { Memory: 1 } }, 400, /Minimum memory limit allowed is 6MB/],
    [{ Image: 'busybox', HostConfig: { Memory: 'a lot' } }, 400, /cannot unmarshal string/],
    [{ Image: 'busybox', HostConfig: { NanoCpus: 9e18 } }, 400, /range of CPUs is from 0.01 to/],
    [{ Image: 'busybox', HostConfig: { RestartPolicy: { Name: 'sometimes' } } }, 400, /invalid restart policy/],
    [{ Image: 'busybox', HostConfig: { Binds: ['nocolon'] } }, 400, /invalid (volume|mount)/],
    [{ Image: 'busybox', HostConfig: { Binds: ['/a:/b:nonsense'] } }, 400, /invalid mode: nonsense/],
    [{ Image: 'busybox', WorkingDir: 'relative' }, 400, /needs to be an absolute path/],
    [{ Image: 'busybox', HostConfig: { CapAdd: ['NOPE'] } }, 400, /CAP_NOPE/],
    [{ Image: 'busybox', HostConfig: { LogConfig: { Type: 'nonesuch' } } }, 400, /nonesuch/],
    [{ Image: 'busybox', StopSignal: 'SIGNOPE' }, 400, /signal/i],
  ])('%j is %p', async (body, status, message) => {
    const answer = await create(body);
    expect(answer.message).toMatch(message);
    expect(answer.status).toBe(status);
  });

  test('unknown fields are ignored, names are matched without case, as Go does', async () => {
    const { status, id } = await create({ image: 'busybox', CMD: ['true'], Nonesuch: { deep: [1] } });
    expect(status).toBe(201);
    await engine.api('DELETE', `/containers/${id}`);
  });

  test('a name in use and invalid names', async () => {
    const { id } = await create({ Image: 'busybox', Cmd: ['true'] }, 'taken');
    expect(await create({ Image: 'busybox', Cmd: ['true'] }, 'taken')).toMatchObject({
      status: 409,
      message: expect.stringContaining(`The container name "/taken" is already in use by container "${id}"`),
    });
    for (const name of ['a b', '../x', '-x', 'ü']) expect((await create({ Image: 'busybox' }, name)).status).toBe(400);
    await engine.api('DELETE', `/containers/${id}`);
  });

  test.each(['{', '[]', '"x"', 'null', '', '{"Image":"busybox"} trailing', '{"a":'.repeat(50_000)])(
    'the body %.20p is refused',
    async (text) => {
      const answer = await fetch('http://engine/containers/create', {
        method: 'POST',
        unix: engine.socket,
        body: text,
        headers: { 'content-type': 'application/json' },
      });
      expect(answer.status).toBe(400);
      expect(((await answer.json()) as { message: string }).message).not.toBe('');
    },
  );
});

test.each([
  ['GET', '/containers/nonesuch/json', 404, /No such container: nonesuch/],
  ['POST', '/containers/nonesuch/start', 404, /No such container: nonesuch/],
  ['GET', '/images/nonesuch/json', 404, /No such image: nonesuch/],
  ['GET', '/nonesuch', 404, /page not found/],
  ['GET', '/v1.99/containers/json', 400, /client version 1.99 is too new. Maximum supported API version is 1.51/],
  ['GET', '/v1.10/containers/json', 400, /client version 1.10 is too old/],
  ['GET', '/containers/json?filters=nonsense', 400, /./],
  ['GET', '/containers/json?filters=%7B%22nope%22%3A%5B%22x%22%5D%7D', 400, /invalid filter 'nope'/],
  ['POST', '/exec/nonesuch/start', 404, /No such exec instance/],
  ['GET', '/containers/..%2f..%2fetc/json', 404, /./],
])('%s %s is %p', async (method, path, status, message) => {
  const answer = await engine.api(method, path, method === 'POST' ? {} : undefined);
  const text = await answer.text();
  expect(text).toMatch(message);
  expect(answer.status).toBe(status);
});

test.each([
  'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  `GET /_ping HTTP/1.1\r\n${'X-Long: y\r\n'.repeat(20_000)}\r\n`,
  'NONSENSE\r\n\r\n',
  'POST /containers/create HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
  '\0\0\0\0\r\n\r\n',
])('a broken request gets an error or a closed connection, and the engine goes on', async (bytes) => {
  await new Promise<void>((resolve) => {
    const socket = connect(engine.socket);
    socket.on('error', () => {});
    socket.on('data', () => socket.end());
    socket.on('close', () => resolve());
    socket.write(bytes);
    socket.setTimeout(15_000, () => socket.destroy());
  });
  expect((await engine.api('GET', '/_ping')).status).toBe(200);
});

test('clients that vanish during create, attach, logs and wait leave nothing', async () => {
  const { id } = await create({ Image: 'busybox', Cmd: ['sleep', '1000'] });
  await engine.api('POST', `/containers/${id}/start`);
  for (const path of [`/containers/${id}/attach?stream=1&stdout=1&stdin=1`, `/containers/${id}/wait`, `/containers/${id}/resize?h=1&w=1`]) {
    await new Promise<void>((resolve) => {
      const socket = connect(engine.socket, () => {
        socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n`);
      });
      socket.once('data', () => socket.destroy());
      socket.on('close', () => resolve());
      socket.on('error', () => resolve());
    });
  }
  const aborted = new AbortController();
  const following = engine.api('GET', `/containers/${id}/logs?follow=1&stdout=1`, undefined, aborted.signal).catch(() => undefined);
  await engine.api('GET', '/_ping');
  aborted.abort();
  await following;
  expect((await engine.api('DELETE', `/containers/${id}?force=1`)).status).toBe(204);
});

test('a full disk is an error in words, and nothing is half there', async () => {
  const disk = `${engine.root}/small`;
  mkdirSync(disk);
  await ok(['mount', '-t', 'tmpfs', '-o', 'size=24m', 'none', disk]);
  try {
    await using small = await startEngineOn(disk);
    await Bun.write(
      `${engine.root}/big/blob`,
      new Uint8Array(40 << 20).map((_, index) => index * 2654435761),
    );
    await ok(['tar', '-C', `${engine.root}/big`, '-cf', `${engine.root}/big.tar`, '.']);
    const refused = await small.docker(['import', `${engine.root}/big.tar`, 'big']);
    expect(refused.code).not.toBe(0);
    expect(refused.both).toMatch(/no space left on device/i);
    expect(await small.dockerOk(['images', '-q', 'big'])).toBe('');
    await importBusybox(small);
    expect(await small.dockerOk(['run', '--rm', 'busybox', 'echo', 'goes on'])).toBe('goes on');
  } finally {
    await ok(['umount', disk]);
  }
});

async function startEngineOn(disk: string): Promise<TestEngine> {
  return await startEngine({ flags: ['--data-root', `${disk}/data`] });
}

test('quick starts leave nothing behind', async () => {
  const total = Number(process.env['BERTH_TEST_STARTS'] ?? 300);
  const descriptors = async () => (await run(['ls', `/proc/${engine.pid}/fd`])).stdout.split('\n').length;
  await engine.dockerOk(['run', '--rm', 'busybox', 'true']);
  const before = await descriptors();
  let left = total;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      const { id } = await create({ Image: 'busybox', Cmd: ['true'], HostConfig: { NetworkMode: 'none' } });
      expect((await engine.api('POST', `/containers/${id}/start`)).status).toBe(204);
      expect(await (await engine.api('POST', `/containers/${id}/wait`)).json()).toMatchObject({ StatusCode: 0 });
      expect((await engine.api('DELETE', `/containers/${id}`)).status).toBe(204);
    }
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
  expect((await descriptors()) - before).toBeLessThan(20);
  await eventually('the directories are gone', async () => (await run(['ls', `${engine.root}/data/containers`])).stdout === '');
}, 600_000);
