import { afterAll, expect, test } from 'bun:test';
import * as fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HttpAnswer, HttpRequest } from './contract.ts';
import { HttpServer } from './server.ts';

const directory = mkdtempSync(join(tmpdir(), 'http-'));
const path = join(directory, 'socket');
const faults: unknown[] = [];
const aborted: string[] = [];
let wakeAborted = () => {};
const server = new HttpServer({ handler, onFault: (error) => faults.push(error) });
server.listen({ kind: 'unix', path });
afterAll(() => {
  server.close();
  rmSync(directory, { recursive: true });
});

async function handler(request: HttpRequest): Promise<HttpAnswer> {
  const { target, method, upgrade } = request.head;
  if (target === '/echo') return { kind: 'whole', status: 200, body: `${method}:${await request.text(8 << 20)}` };
  if (target === '/ignore') return { kind: 'whole', status: 409, body: 'no' };
  if (target === '/empty') return { kind: 'whole', status: 204, body: '' };
  if (target === '/cancel') {
    const reader = request.stream().getReader();
    await reader.read();
    await reader.cancel();
    // The client goes on sending while another is served.
    for (let count = 0; count < 20; count++) await talk([get('/empty')]);
    return { kind: 'whole', status: 409, body: 'enough' };
  }
  if (target === '/throw') throw new Error('thrown');
  if (target === '/drip') return { kind: 'stream', status: 200, body: drip(request) };
  if (target === '/flood') return { kind: 'stream', status: 200, body: flood() };
  if (target === '/wait') {
    await new Promise<void>((resolve) => request.signal.addEventListener('abort', () => resolve()));
    aborted.push(target);
    wakeAborted();
    return { kind: 'whole', status: 200, body: '' };
  }
  if (target === '/late') {
    await new Promise<void>((resolve) => request.signal.addEventListener('abort', () => resolve()));
    return {
      kind: 'takeover',
      status: 101,
      async run({ signal }) {
        aborted.push(`${target} ${signal.aborted}`);
        wakeAborted();
      },
    };
  }
  if (target === '/duplex') {
    return {
      kind: 'takeover',
      status: upgrade === undefined ? 200 : 101,
      async run(duplex) {
        for await (const part of duplex.input) await duplex.write(part);
        await duplex.write(new TextEncoder().encode('bye'));
      },
    };
  }
  return { kind: 'whole', status: 404, body: '' };
}

async function* drip(request: HttpRequest): AsyncGenerator<Uint8Array> {
  for await (const part of request.stream()) yield part;
}

let flooded = 0;
async function* flood(): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < 4000; index++) {
    flooded += 1;
    yield new Uint8Array(65536);
  }
}

/** Sends `parts` one after another, half-closes when told, and returns all that comes until the server closes. */
async function talk(parts: ReadonlyArray<string | Uint8Array>, options: { readonly end?: boolean } = {}): Promise<string> {
  const socket = connect({ path, allowHalfOpen: true });
  const received: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => received.push(bytes));
  const closed = new Promise<void>((resolve) => {
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve());
  });
  for (const part of parts) await new Promise<void>((resolve) => socket.write(part, () => resolve()));
  if (options.end !== false) socket.end();
  await closed;
  return Buffer.concat(received).toString();
}

async function until(socket: Socket, wanted: string): Promise<string> {
  let text = '';
  for await (const bytes of socket) {
    text += (bytes as Buffer).toString();
    if (text.includes(wanted)) return text;
  }
  return text;
}

const get = (target: string, more = '') => `GET ${target} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
const post = (target: string, body: string, more = '') =>
  `POST ${target} HTTP/1.1\r\nHost: x\r\n${more}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

test('answers, keeps the connection, takes pipelined requests in order', async () => {
  const answer = await talk([post('/echo', 'one') + post('/echo', 'two') + get('/empty') + get('/echo')]);
  expect(answer.match(/POST:one|POST:two|204 No Content|GET:/g)).toEqual(['POST:one', 'POST:two', '204 No Content', 'GET:']);
});

test('ten thousand pipelined requests', async () => {
  const answer = await talk([get('/echo').repeat(10_000)]);
  expect(answer.match(/GET:/g)?.length).toBe(10_000);
});

test('HEAD has a length and no body; HTTP/1.0 is closed after the answer', async () => {
  expect(await talk(['HEAD /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'], { end: false })).toMatch(/Content-Length: 5\r\n\r\n$/);
  expect(await talk(['GET /echo HTTP/1.0\r\n\r\n'], { end: false })).toEndWith('\r\n\r\nGET:');
  const streamed = await talk(['POST /drip HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc'], { end: false });
  expect(streamed).toEndWith('\r\n\r\nabc');
});

test('chunked both ways, with extensions and trailers', async () => {
  const body = '4;x=y\r\nwiki\r\n1\r\n!\r\n0\r\nTrailer: z\r\n\r\n';
  const answer = await talk([`POST /drip HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${body}${get('/echo')}`]);
  expect(answer).toContain('4\r\nwiki\r\n1\r\n!\r\n0\r\n\r\n');
  expect(answer).toEndWith('GET:');
});

test('100-continue is said when the body is asked for, and only then', async () => {
  const head = 'Host: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n';
  const socket = connect({ path });
  socket.write(`POST /echo HTTP/1.1\r\n${head}`);
  const early = await until(socket, '100 Continue');
  expect(early).toStartWith('HTTP/1.1 100 Continue\r\n\r\n');
  socket.destroy();
  const refused = await talk([`POST /ignore HTTP/1.1\r\n${head}`], { end: false });
  expect(refused).toStartWith('HTTP/1.1 409');
  expect(refused).toContain('Connection: close');
});

test('a body nobody reads is skipped when small and ends the connection when large', async () => {
  expect(await talk([post('/ignore', 'x'.repeat(1000)) + get('/echo')])).toEndWith('GET:');
  const answer = await talk([post('/ignore', 'x'.repeat(3_000_000))], { end: false });
  expect(answer).toStartWith('HTTP/1.1 409');
});

test('a body that is given up in the middle still gets its answer', async () => {
  expect(await talk([post('/cancel', 'x'.repeat(5_000_000))])).toEndWith('enough');
});

test('an exception of a handler is a 500', async () => {
  expect(await talk([get('/throw')])).toStartWith('HTTP/1.1 500');
  expect(faults.splice(0).map(String)).toEqual(['Error: thrown']);
});

test.each([
  ['both lengths', 'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
  ['unequal lengths', 'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello', 400],
  ['a signed length', 'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello', 400],
  ['a space before the colon', 'GET /echo HTTP/1.1\r\nHost : x\r\n\r\n', 400],
  ['a folded line', 'GET /echo HTTP/1.1\r\nHost: x\r\n y\r\n\r\n', 400],
  ['a bare line feed', 'GET /echo HTTP/1.1\r\nHost: x\nX: y\r\n\r\n', 400],
  ['no host', 'GET /echo HTTP/1.1\r\n\r\n', 400],
  ['two hosts', 'GET /echo HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n', 400],
  ['gzip, chunked', 'POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n', 501],
  ['chunked in 1.0', 'POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
  ['a bad chunk size', 'POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 400],
  ['a chunk size with a sign', 'POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n', 400],
  ['a chunk without its end', 'POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n', 400],
  ['nonsense', 'NONSENSE\r\n\r\n', 400],
  ['another protocol', 'GET / HTTP/2.0\r\nHost: x\r\n\r\n', 400],
  ['many headers', `GET /echo HTTP/1.1\r\nHost: x\r\n${'X: y\r\n'.repeat(300)}\r\n`, 431],
  ['a long head', `GET /${'a'.repeat(300_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
  ['a NUL in a value', 'GET /echo HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n', 400],
])('refuses %s', async (_name, bytes, status) => {
  expect(await talk([bytes], { end: false })).toStartWith(`HTTP/1.1 ${status} `);
});

test('taken over: both directions, half-close, data sent along with the request', async () => {
  const upgraded = await talk([post('/duplex', '', 'Connection: Upgrade\r\nUpgrade: tcp\r\n') + 'early ', 'late ']);
  expect(upgraded).toMatch(/^HTTP\/1\.1 101 UPGRADED\r\n[^]*\r\n\r\nearly late bye$/);
  expect(await talk([post('/duplex', ''), 'raw '])).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nraw bye$/);
});

test('megabytes through a taken-over connection', async () => {
  const bytes = Buffer.alloc(20 << 20, 'abcdefgh');
  const answer = await talk([post('/duplex', '', 'Connection: Upgrade\r\nUpgrade: tcp\r\n'), bytes]);
  expect(answer.slice(answer.indexOf('\r\n\r\n') + 4) === `${bytes.toString()}bye`).toBe(true);
});

test('a client that vanishes aborts its request', async () => {
  const seen = new Promise<void>((resolve) => {
    wakeAborted = resolve;
  });
  const socket = connect(path, () => socket.write(get('/wait'), () => socket.destroy()));
  await seen;
  expect(aborted).toEqual(['/wait']);
});

test('a connection that is taken over too late is let go of', async () => {
  aborted.length = 0;
  const seen = new Promise<void>((resolve) => {
    wakeAborted = resolve;
  });
  const socket = connect(path, () => socket.write(get('/late'), () => socket.destroy()));
  await seen;
  expect(aborted).toEqual(['/late true']);
});

test('a client that does not read holds the stream back, and its end is noticed', async () => {
  flooded = 0;
  const socket = connect(path);
  socket.pause();
  await new Promise<void>((resolve) => socket.write(get('/flood'), () => resolve()));
  await talk([get('/echo')]);
  await talk([get('/echo')]);
  expect(flooded).toBeLessThan(200);
  socket.destroy();
  await talk([get('/echo')]);
  expect(faults).toEqual([]);
});

test('however a valid stream of requests is cut, the answers are the same', async () => {
  const bytes = Buffer.from(
    `${post('/echo', 'body')}\r\n${get('/empty')}POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n${get('/echo')}`,
  );
  const marks = (answer: string) => answer.match(/POST:\w*|GET:|HTTP\/1\.1 \d+/g);
  const whole = marks(await talk([bytes]));
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 12 }), async (cuts) => {
      const points = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const parts = points.slice(1).map((point, index) => bytes.subarray(points[index], point));
      expect(marks(await talk(parts))).toEqual(whole);
    }),
    { numRuns: 60 },
  );
});

test('bytes of any kind never crash it or leave it without an answer to others', async () => {
  const pieces = fc.constantFrom(
    'GET ',
    'POST ',
    '/echo',
    ' HTTP/1.1',
    '\r\n',
    'Host: x',
    'Content-Length: 3',
    'Transfer-Encoding: chunked',
    '0',
    ':',
  );
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 400 }),
    fc.array(pieces, { maxLength: 20 }).map((all) => Buffer.from(all.join(''))),
  );
  await fc.assert(
    fc.asyncProperty(noise, async (bytes) => {
      await talk([bytes]);
    }),
    { numRuns: 300 },
  );
  expect(await talk([get('/echo')])).toEndWith('GET:');
  expect(faults).toEqual([]);
});
