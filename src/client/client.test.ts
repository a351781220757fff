import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClientError, ConnectError, demultiplex, EngineClient, parseHost } from './index.ts';

/** A server of raw bytes: `onRequest` gets each request's head, whole, and the socket to answer on. */
async function rawServer(
  onRequest: (head: string, socket: Socket) => void,
): Promise<AsyncDisposable & { path: string; connections: () => number }> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-client-'));
  const path = join(folder, 's.sock');
  let connections = 0;
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    connections++;
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
        const head = text.slice(0, end);
        const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
        text = text.slice(end + 4 + length);
        onRequest(head, socket);
      }
    });
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    path,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const clientOf = (path: string) => new EngineClient({ host: parseHost(`unix://${path}`) });
const answer = (body: string, head = '200 OK') => `HTTP/1.1 ${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

async function* chunks(...texts: Array<string | number[]>): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield typeof text === 'string' ? Buffer.from(text) : new Uint8Array(text);
}

test('requests share a connection and speak the newest version at once', async () => {
  const targets: string[] = [];
  await using server = await rawServer((head, socket) => {
    targets.push(head.split('\r\n')[0]!);
    socket.write(answer('{"a":1}'));
  });
  const client = clientOf(server.path);
  expect(await client.json<{ a: number }>('GET', '/info', { query: { names: ['x y', 'z'], skipped: undefined, yes: true } })).toEqual({
    a: 1,
  });
  expect(await client.json<{ a: number }>('POST', '/x')).toEqual({ a: 1 });
  expect(targets).toEqual(['GET /v1.51/info?names=x%20y&names=z&yes=1 HTTP/1.1', 'POST /v1.51/x HTTP/1.1']);
  expect(server.connections()).toBe(1);
  client.close();
});

test('an older engine is asked again with its own version, requests at the same time too', async () => {
  const targets: string[] = [];
  await using server = await rawServer((head, socket) => {
    const target = head.split(' ')[1]!;
    targets.push(target);
    const message = '{"message":"client version 1.51 is too new. Maximum supported API version is 1.41"}';
    socket.write(target.startsWith('/v1.51') ? answer(message, '400 Bad Request') : answer('"ok"'));
  });
  const client = clientOf(server.path);
  expect(await Promise.all([client.json<string>('GET', '/a'), client.json<string>('GET', '/b')])).toEqual(['ok', 'ok']);
  expect(await client.json<string>('GET', '/c')).toBe('ok');
  expect(targets.sort()).toEqual(['/v1.41/a', '/v1.41/b', '/v1.41/c', '/v1.51/a', '/v1.51/b']);
  client.close();
});

test('an upload asks for the version first and is sent in chunks', async () => {
  let received = '';
  const targets: string[] = [];
  await using server = await rawServer((head, socket) => {
    targets.push(head.split(' ')[1]!);
    if (head.startsWith('HEAD /_ping')) {
      socket.write('HTTP/1.1 200 OK\r\nApi-Version: 1.44\r\nContent-Length: 0\r\n\r\n');
      // The next head ends where the first chunk starts, so what follows is the body alone or head and body.
      socket.on('data', (bytes) => {
        received += bytes.toString();
        if (received.endsWith('\r\n0\r\n\r\n')) socket.write(answer('"done"'));
      });
    }
  });
  const client = clientOf(server.path);
  expect(await client.json<string>('POST', '/images/load', { upload: chunks('hello', '', 'you') })).toBe('done');
  expect(targets[1]).toBe('/v1.44/images/load');
  expect(received.slice(received.indexOf('\r\n\r\n') + 4)).toBe('5\r\nhello\r\n3\r\nyou\r\n0\r\n\r\n');
  client.close();
});

test('errors carry the status and the engine’s message', async () => {
  await using server = await rawServer((_, socket) => void socket.write(answer('{"message":"No such container: x"}', '404 Not Found')));
  const client = clientOf(server.path);
  const error = await client.json('GET', '/containers/x/json').catch((each: unknown) => each);
  expect(error).toBeInstanceOf(ClientError);
  expect([(error as ClientError).status, (error as ClientError).message]).toEqual([404, 'No such container: x']);
  client.close();
});

test('nobody there is a ConnectError, and so is an engine that hangs up', async () => {
  expect(
    await clientOf('/nowhere/x.sock')
      .json('GET', '/x')
      .catch((error: unknown) => error),
  ).toBeInstanceOf(ConnectError);
  await using server = await rawServer((_, socket) => void socket.end());
  expect(
    await clientOf(server.path)
      .json('GET', '/x')
      .catch((error: unknown) => error),
  ).toBeInstanceOf(ConnectError);
});

test('a kept connection that the engine has closed is opened anew', async () => {
  await using server = await rawServer((_, socket) => void socket.end(answer('1')));
  const client = clientOf(server.path);
  expect([await client.json<number>('GET', '/a'), await client.json<number>('GET', '/b')]).toEqual([1, 1]);
  expect(server.connections()).toBe(2);
});

test('a chunked body comes as it arrives, cut anywhere', async () => {
  await using server = await rawServer((_, socket) => {
    const text =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{"a":1}\r\n1;x=y\r\n\n\r\n9\r\n{"a":22}\n\r\n0\r\nTrailer: x\r\n\r\n';
    const sendByte = (index: number): void => {
      if (index < text.length) socket.write(text[index]!, () => sendByte(index + 1));
    };
    sendByte(0);
  });
  const client = clientOf(server.path);
  const lines: unknown[] = [];
  for await (const line of (await client.request('GET', '/events')).lines()) lines.push(line);
  expect(lines).toEqual([{ a: 1 }, { a: 22 }]);
  expect(await (await client.request('GET', '/again')).text()).toBe('{"a":1}\n{"a":22}\n');
  expect(server.connections()).toBe(1);
  client.close();
});

test('a body cut short is an error, not an end', async () => {
  await using server = await rawServer((_, socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'));
  await expect((async () => await (await clientOf(server.path).request('GET', '/x')).text())()).rejects.toThrow('unexpected EOF');
});

test('an abort ends a body that is waited for', async () => {
  await using server = await rawServer(
    (_, socket) => void socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n'),
  );
  const abort = new AbortController();
  const response = await clientOf(server.path).request('GET', '/x', { signal: abort.signal });
  const read = async () => {
    for await (const bytes of response.body) if (Buffer.from(bytes).toString() === 'hi') abort.abort();
  };
  await expect(read()).rejects.toThrow('abort');
});

test('a hijacked connection closes its halves one by one', async () => {
  await using server = await rawServer((head, socket) => {
    expect(head).toMatch(/upgrade: tcp/i);
    socket.write(
      'HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nearly',
    );
    let input = '';
    socket.on('data', (bytes) => {
      input += bytes.toString();
    });
    socket.on('end', () => socket.end(`got ${input}`));
  });
  const { connection, multiplexed } = await clientOf(server.path).hijack('POST', '/containers/x/attach');
  await connection.write('one ');
  await connection.write('two');
  connection.closeWrite();
  let output = '';
  for (let bytes = await connection.read(); bytes !== undefined; bytes = await connection.read()) output += Buffer.from(bytes).toString();
  expect([multiplexed, output]).toEqual([true, 'earlygot one two']);
});

test('a reader that waits lets the engine wait too, and loses nothing', async () => {
  const total = 32 << 20;
  await using server = await rawServer((_, socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
    socket.write(Buffer.alloc(total, 'x'));
  });
  const response = await clientOf(server.path).request('GET', '/x');
  let length = 0;
  for await (const bytes of response.body) {
    length += bytes.length;
    if (length % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(length).toBe(total);
});

test('frames are split wherever the stream is cut', async () => {
  const frame = (type: number, text: string) => [type, 0, 0, 0, 0, 0, 0, text.length, ...Buffer.from(text)];
  const stream = new Uint8Array([...frame(1, 'out'), ...frame(2, 'err'), ...frame(1, ''), ...frame(1, 'more')]);
  for (let size = 1; size <= stream.length; size++) {
    const pieces = Array.from({ length: Math.ceil(stream.length / size) }, (_, index) => [
      ...stream.subarray(index * size, (index + 1) * size),
    ]);
    const output = { stdin: '', stdout: '', stderr: '', system: '' };
    for await (const { stream: name, bytes } of demultiplex(chunks(...pieces))) output[name] += Buffer.from(bytes).toString();
    expect(output).toEqual({ stdin: '', stdout: 'outmore', stderr: 'err', system: '' });
  }
});

test('a stream that is not framed, or ends inside a frame, is refused', async () => {
  const drain = async (...pieces: Array<string | number[]>) => {
    for await (const frame of demultiplex(chunks(...pieces))) void frame;
  };
  await expect(drain('plain text output')).rejects.toThrow('Unrecognized input header: 112');
  await expect(drain([1, 0, 0, 0, 0, 0, 0, 9, 65])).rejects.toThrow('unexpected EOF');
  await expect(drain([1, 0, 0])).rejects.toThrow('unexpected EOF');
});

test('hosts', () => {
  expect(parseHost('unix:///run/x.sock')).toEqual({ kind: 'unix', url: 'unix:///run/x.sock', path: '/run/x.sock' });
  expect(parseHost('tcp://h:99')).toEqual({ kind: 'tcp', url: 'tcp://h:99', hostname: 'h', port: 99 });
  expect(parseHost('tcp://[::1]:99')).toEqual({ kind: 'tcp', url: 'tcp://[::1]:99', hostname: '::1', port: 99 });
  for (const bad of ['', 'x', 'unix://', 'ftp://x', 'tcp://a:b']) expect(() => parseHost(bad)).toThrow('unable to parse docker host');
});
