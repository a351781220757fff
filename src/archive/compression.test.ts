import { expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { compress, decompress, detectCompression } from './compression.ts';

const { signal } = new AbortController();
const text = Buffer.from('some text that repeats, some text that repeats. '.repeat(20_000));

function streamOf(...chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

async function unpack(packed: Uint8Array, step = 1 << 20, limitBytes?: number): Promise<Buffer> {
  const chunks = Array.from({ length: Math.ceil(packed.length / step) }, (_, at) => packed.subarray(at * step, (at + 1) * step));
  const options = limitBytes === undefined ? { signal } : { signal, limitBytes };
  return Buffer.from(await new Response(decompress(streamOf(...chunks), options)).arrayBuffer());
}

const noise = crypto.getRandomValues(new Uint8Array(60_000));

async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => null,
    (error: unknown) => error,
  );
}

test('unpacks gzip (one member or more), zstd and nothing, in chunks of any size', async () => {
  const two = Buffer.concat([gzipSync(text.subarray(0, 1000)), gzipSync(text.subarray(1000))]);
  const skippable = Buffer.from([0x52, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
  const zstdFrames = Buffer.concat([zstdCompressSync(text.subarray(0, 1000)), skippable, zstdCompressSync(text.subarray(1000))]);
  for (const packed of [gzipSync(text), two, zstdCompressSync(text), zstdFrames, text]) {
    for (const step of [1000, 1 << 20]) expect((await unpack(packed, step)).equals(text)).toBe(true);
  }
  expect((await unpack(gzipSync('small'), 1)).toString()).toBe('small');
  expect((await unpack(Buffer.concat([gzipSync('padded'), Buffer.alloc(512)]))).toString()).toBe('padded');
  expect((await unpack(Buffer.alloc(0))).length).toBe(0);
  expect((await unpack(Buffer.from('ab'))).toString()).toBe('ab');
});

test('tells what it is packed with', () => {
  expect(detectCompression(gzipSync('x'))).toBe('gzip');
  expect(detectCompression(zstdCompressSync('x'))).toBe('zstd');
  expect(detectCompression(Buffer.from('BZh91AY'))).toBe('bzip2');
  expect(detectCompression(Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]))).toBe('xz');
  expect(detectCompression(Buffer.from('x'))).toBe('none');
});

test('what is broken is refused in words, whatever is broken', async () => {
  const whole = gzipSync(text);
  const flipped = Buffer.from(whole);
  flipped.writeUInt8(flipped.readUInt8(whole.length - 6) ^ 1, whole.length - 6);
  const refused: ReadonlyArray<readonly [Uint8Array, string]> = [
    [whole.subarray(0, whole.length - 20), 'unexpected EOF'],
    [whole.subarray(0, 8), 'unexpected EOF'],
    [flipped, 'gzip: invalid checksum'],
    [Buffer.concat([whole, Buffer.from('garbage after it')]), 'gzip: invalid header'],
    [zstdCompressSync(text).subarray(0, 50), 'unexpected EOF'],
    [zstdCompressSync(noise).subarray(0, 50_000), 'unexpected EOF'],
    [zstdCompressSync('abc').subarray(0, 8), 'unexpected EOF'],
    [Buffer.concat([zstdCompressSync('abc'), Buffer.from('garbage!')]), 'zstd: '],
    [Buffer.from('BZh91AY&SY'), 'bzip2 compression is not supported'],
    [Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 1]), 'xz compression is not supported'],
  ];
  for (const [packed, message] of refused) {
    const error = await failure(unpack(packed));
    expect(error).toMatchObject({ code: 'InvalidArgument', message: expect.stringContaining(message) });
  }
});

test('a bomb stops at the limit', async () => {
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
  expect(bomb.length).toBeLessThan(100_000);
  expect(await failure(unpack(bomb, 1 << 20, 1_000_000))).toMatchObject({
    code: 'InvalidArgument',
    message: expect.stringContaining('more than the limit'),
  });
  expect(await failure(unpack(text, 1 << 20, 1000))).toMatchObject({ code: 'InvalidArgument' });
});

test('an abort and a cancel end a source that says nothing', async () => {
  for (const first of [gzipSync(text), text]) {
    let cancelled = 0;
    const silent = (): ReadableStream<Uint8Array> =>
      new ReadableStream({
        start: (controller) => controller.enqueue(first),
        pull: () => new Promise(() => undefined),
        cancel: () => void cancelled++,
      });
    const abort = new AbortController();
    const reading = failure(new Response(decompress(silent(), { signal: abort.signal })).arrayBuffer());
    abort.abort(new Error('stop'));
    expect(await reading).toMatchObject({ message: 'stop' });
    await decompress(silent(), { signal }).cancel();
    expect(cancelled).toBe(2);
  }
});

test('a failing source fails the result', async () => {
  let sent = false;
  const failing = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (sent) controller.error(new Error('source broke'));
      else controller.enqueue(gzipSync(text).subarray(0, 500));
      sent = true;
    },
  });
  expect(await failure(new Response(decompress(failing, { signal })).arrayBuffer())).toMatchObject({ message: 'source broke' });
});

test('packs what the usual tools unpack, the same every time', async () => {
  for (const [compression, command] of [
    ['gzip', 'gzip'],
    ['zstd', 'zstd'],
  ] as const) {
    const packed = Buffer.from(await new Response(compress(streamOf(text), compression, { signal })).arrayBuffer());
    expect(detectCompression(packed)).toBe(compression);
    expect(execFileSync(command, ['-dc'], { input: packed }).equals(text)).toBe(true);
    const again = Buffer.from(
      await new Response(compress(streamOf(text.subarray(0, 100), text.subarray(100)), compression, { signal })).arrayBuffer(),
    );
    expect(again.equals(packed)).toBe(true);
  }
});
