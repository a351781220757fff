import { expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectUnix, Libc, makePipe, readSome, receiveWithDescriptors, sendWithDescriptors, writeSome } from './index.ts';

const libc = new Libc();
const hello = new TextEncoder().encode('hello');

test('descriptors go over a socket, with their message', () => {
  const [one, other] = libc.socketPair('packets');
  const file = libc.memoryFile('hello', hello);
  expect(receiveWithDescriptors(libc, other, 16, 4)).toBe(-11);
  expect(sendWithDescriptors(libc, one, new Uint8Array([1, 2]), [file, file, file])).toBe(2);
  libc.close(file);
  const got = receiveWithDescriptors(libc, other, 16, 4);
  if (typeof got === 'number') throw new Error(`errno ${-got}`);
  expect([...got.bytes]).toEqual([1, 2]);
  expect(got.descriptors.length).toBe(3);
  for (const descriptor of got.descriptors) expect(readFileSync(`/proc/self/fd/${descriptor}`, 'utf8')).toBe('hello');
  expect(sendWithDescriptors(libc, one, hello, [])).toBe(5);
  expect(receiveWithDescriptors(libc, other, 16, 4)).toEqual({ bytes: hello, descriptors: [] });
  libc.close(one, other, ...got.descriptors);
  expect(sendWithDescriptors(libc, one, hello, [])).toBe(-9);
});

test('a pipe tells later, how much, gone and end', () => {
  const { read, write } = makePipe(libc, { ours: 'read', bytes: 1 << 20 });
  const buffer = new Uint8Array(16);
  expect(readSome(libc, read, buffer)).toBe('later');
  expect(writeSome(libc, write, hello)).toBe(5);
  expect(readSome(libc, read, buffer)).toBe(5);
  expect(buffer.subarray(0, 5)).toEqual(hello);
  libc.close(write);
  expect(readSome(libc, read, buffer)).toBe('end');
  libc.close(read);
  const input = makePipe(libc, { ours: 'write', bytes: 4096 });
  let room = 0;
  for (
    let wrote = writeSome(libc, input.write, new Uint8Array(1024));
    typeof wrote === 'number';
    wrote = writeSome(libc, input.write, new Uint8Array(1024))
  )
    room += wrote;
  expect(room).toBe(4096);
  expect(writeSome(libc, input.write, hello)).toBe('later');
  libc.close(input.read);
  expect(writeSome(libc, input.write, hello)).toBe('gone');
  libc.close(input.write);
});

test('a unix socket is connected to, or not', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'berth-kernel-'));
  const path = join(directory, 'socket');
  expect(connectUnix(libc, path)).toBe(-2);
  expect(connectUnix(libc, `/${'x'.repeat(120)}`)).toBe(-36);
  const server = createServer();
  await new Promise<void>((ready) => server.listen(path, ready));
  const socket = connectUnix(libc, path);
  expect(socket).toBeGreaterThan(2);
  libc.close(socket);
  await new Promise((done) => server.close(done));
  rmSync(directory, { recursive: true });
});

test('a pidfd signals its process, and no other after it', async () => {
  const child = Bun.spawn(['sleep', '1000'], { stdio: ['ignore', 'ignore', 'ignore'] });
  const pidfd = libc.openProcess(child.pid);
  expect(libc.signalProcess(pidfd, 0)).toBe(0);
  expect(libc.signalProcess(pidfd, 9)).toBe(0);
  await child.exited;
  expect(libc.signalProcess(pidfd, 9)).toBe(-3);
  libc.close(pidfd);
  expect(libc.describe(2)).toBe('no such file or directory');
});
