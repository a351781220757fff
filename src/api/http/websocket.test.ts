import { afterAll, expect, test } from 'bun:test';
import * as fc from 'fast-check';
import { messageOf } from '../../base/index.ts';
import { HttpServer } from './server.ts';
import { acceptWebSocket, encodeFrame, FrameDecoder } from './websocket.ts';

const server = new HttpServer({
  async handler(request) {
    try {
      return acceptWebSocket(request, {}, async (duplex) => {
        for await (const bytes of duplex.input) {
          await duplex.write(bytes);
          if (Buffer.from(bytes).toString() === 'end') return;
        }
      });
    } catch (error) {
      return { kind: 'whole', status: 400, body: messageOf(error) };
    }
  },
  onFault: (error) => {
    throw error;
  },
});
const port = server.listen({ kind: 'tcp', hostname: '127.0.0.1', port: 0 });
afterAll(() => server.close());

test('a real WebSocket client talks through it', async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/any`);
  socket.binaryType = 'arraybuffer';
  const received: number[] = [];
  const closed = new Promise<number>((resolve) => socket.addEventListener('close', ({ code }) => resolve(code)));
  socket.addEventListener('message', ({ data }) => received.push((data as ArrayBuffer).byteLength));
  await new Promise((resolve) => socket.addEventListener('open', resolve));
  socket.send('text');
  socket.send(new Uint8Array(70_000));
  socket.send('end');
  expect(await closed).toBe(1000);
  expect(received.reduce((sum, each) => sum + each, 0)).toBe(70_007);
});

test('anything else is refused', async () => {
  const answer = await fetch(`http://127.0.0.1:${port}/any`);
  expect([answer.status, await answer.text()]).toEqual([400, 'not a WebSocket handshake (version 13)']);
});

test('a page of another server is refused', async () => {
  const headers = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Key': 'x',
    'Sec-WebSocket-Version': '13',
    Origin: 'http://evil',
  };
  const answer = await fetch(`http://127.0.0.1:${port}/any`, { headers });
  expect(await answer.text()).toBe('WebSocket from another origin: http://evil');
});

test('however frames are cut, the bytes are the same', () => {
  const masked = (payload: Uint8Array, mask: Uint8Array) => {
    const plain = encodeFrame(2, payload);
    const headBytes = plain.length - payload.length;
    const head = plain.slice(0, headBytes);
    head[1]! |= 0x80;
    return Buffer.concat([head, mask, payload.map((byte, index) => byte ^ mask[index % 4]!)]);
  };
  const payloads = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 });
  fc.assert(
    fc.property(payloads, fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.integer({ min: 1, max: 50 }), (all, mask, step) => {
      const bytes = Buffer.concat(all.map((payload) => masked(payload, mask)));
      const decoder = new FrameDecoder();
      const parts: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += step)
        parts.push(...decoder.feed(bytes.subarray(at, at + step)).map(({ payload }) => payload));
      expect(Buffer.concat(parts).equals(Buffer.concat(all))).toBe(true);
    }),
  );
});
