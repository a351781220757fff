import { afterEach, beforeEach, expect, test } from 'bun:test';
import * as fc from 'fast-check';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../base/index.ts';
import type { OutputChunk } from '../../runtime/index.ts';
import { JsonLineEncoder } from './json-encode.ts';
import { readJsonFile, type ReadRequest } from './json-file-reader.ts';
import { JsonFileWriter } from './json-file-writer.ts';
import { policyOf, validateLogConfig } from './log-options.ts';
import { parseStamp, WallClock } from './stamps.ts';

let directory = '';
let path = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'berth-log-'));
  path = join(directory, 'x-json.log');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function writer(options: Record<string, string> = {}, attributes = ''): JsonFileWriter {
  return new JsonFileWriter({
    path,
    pendingPath: join(directory, 'pending'),
    policy: policyOf({ Type: 'json-file', Config: options }, attributes),
    clock: new WallClock(),
    log: silentLog,
  });
}

const everything: ReadRequest = { stdout: true, stderr: true, timestamps: false, details: false, follow: false };

async function read(request: Partial<ReadRequest> = {}, live?: JsonFileWriter): Promise<string> {
  const parts: OutputChunk[] = [];
  for await (const chunk of readJsonFile(path, live?.live, { ...everything, ...request }, { signal: new AbortController().signal })) {
    parts.push({ stream: chunk.stream, bytes: chunk.bytes.slice() });
  }
  return parts.map((part) => decoder.decode(part.bytes)).join('');
}

function encode(chunks: readonly Uint8Array[], attributes = ''): string {
  const parts: Uint8Array[] = [];
  const encoderUnderTest = new JsonLineEncoder((bytes) => parts.push(bytes.slice()), attributes, new WallClock());
  for (const chunk of chunks) encoderUnderTest.append('stdout', chunk);
  encoderUnderTest.finish();
  return Buffer.concat(parts).toString('latin1');
}

test('a line is what Docker writes', () => {
  const text = encode([encoder.encode('a "b" \\ <c>&\t\r\u0001\u2028é\n')]);
  const utf8 = Buffer.from(text, 'latin1').toString('utf8');
  expect(utf8).toMatch(
    /^\{"log":"a \\"b\\" \\\\ \\u003cc\\u003e\\u0026\\u0009\\r\\u0001\\u2028é\\n","stream":"stdout","time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{8}[1-9]Z"\}\n$/,
  );
});

test('bytes that are no UTF-8 become U+FFFD, one each', () => {
  expect(encode([Uint8Array.of(0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80, 10)])).toStartWith(`{"log":"${'\\ufffd'.repeat(6)}\\n"`);
});

test('attributes stand before the time', () => {
  expect(encode([encoder.encode('x\n')], '{"a":"1"}')).toStartWith('{"log":"x\\n","stream":"stdout","attrs":{"a":"1"},"time":"');
});

test('a long line is cut in pieces of 16 KiB, and only the last ends it', () => {
  const entries = encode([encoder.encode(`${'x'.repeat(40_000)}\n`)])
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).log as string);
  expect(entries.map((entry) => entry.length)).toEqual([16384, 16384, 40_000 - 2 * 16384 + 1]);
  expect(encode([encoder.encode('no end')])).toStartWith('{"log":"no end","stream"');
});

test('any bytes in any chunks come back as JSON.parse reads them, in the order of their times', () => {
  const chunk = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.string({ unit: 'binary', maxLength: 30 }).map((text) => encoder.encode(`${text}\n`)),
    fc.integer({ min: 16_380, max: 33_000 }).map((length) => new Uint8Array(length).fill(120)),
  );
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 12 }), (chunks) => {
      const lines = Buffer.from(encode(chunks), 'latin1').toString('utf8').split('\n').slice(0, -1);
      const entries = lines.map((line) => JSON.parse(line) as { log: string; time: string });
      const whole = Buffer.concat(chunks);
      // A character cut by an invalid byte is replaced byte by byte, by TextDecoder in one go: compare what is left without them.
      const strip = (text: string) => text.replaceAll('\ufffd', '');
      expect(strip(entries.map((entry) => entry.log).join(''))).toBe(strip(new TextDecoder('utf-8', { ignoreBOM: true }).decode(whole)));
      for (const entry of entries) {
        expect(entry.log.indexOf('\n') === -1 || entry.log.indexOf('\n') === entry.log.length - 1).toBe(true);
        expect(Buffer.byteLength(entry.log.replaceAll('\ufffd', '?'))).toBeLessThanOrEqual(16 * 1024 + 1);
      }
      const times = entries.map((entry) => entry.time);
      expect(times).toEqual([...times].sort());
    }),
    { numRuns: 150 },
  );
});

test('what was written is read back whole, whatever the chunks', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.boolean(), fc.string({ unit: 'grapheme', maxLength: 60 })), { maxLength: 30 }), async (lines) => {
      rmSync(path, { force: true });
      const log = writer();
      for (const [isError, text] of lines) log.write(isError ? 'stderr' : 'stdout', encoder.encode(`${text}\n`));
      log.finish();
      expect(await read()).toBe(lines.map(([, text]) => `${text}\n`).join(''));
      expect(await read({ stdout: false })).toBe(lines.map(([isError, text]) => (isError ? `${text}\n` : '')).join(''));
    }),
    { numRuns: 60 },
  );
});

test('the file is rotated, the oldest goes, and readers see the rest in order', async () => {
  const log = writer({ 'max-size': '1k', 'max-file': '3' });
  for (let line = 0; line < 100; line++) log.write('stdout', encoder.encode(`line ${line}\n`));
  log.finish();
  expect(readdirSync(directory).sort()).toEqual(['x-json.log', 'x-json.log.1', 'x-json.log.2']);
  const text = await read();
  expect(text).toEndWith('line 98\nline 99\n');
  const count = text.trimEnd().split('\n').length;
  expect(count).toBeGreaterThan(20);
  expect(statSync(`${path}.1`).size).toBeLessThan(1024 + 100);
  expect(await read({ tail: 15 })).toBe(Array.from({ length: 15 }, (_, index) => `line ${85 + index}\n`).join(''));
  expect(await read({ tail: 1000 })).toBe(text);
  expect(await read({ tail: 0 })).toBe('');
});

test('one big write is cut into files too', async () => {
  const log = writer({ 'max-size': '10k', 'max-file': '50' });
  const text = Array.from({ length: 2000 }, (_, index) => `number ${index}\n`).join('');
  log.write('stdout', encoder.encode(text));
  log.finish();
  for (const name of readdirSync(directory)) expect(statSync(join(directory, name)).size).toBeLessThan(10_400);
  expect(await read()).toBe(text);
});

test('a rotation that fails is tried again, and no line is lost', async () => {
  const log = writer({ 'max-size': '1k', 'max-file': '9' });
  // A directory where the oldest file should be cannot be removed as a file.
  mkdirSync(`${path}.8`);
  for (let line = 0; line < 30; line++) log.write('stdout', encoder.encode(`line ${line}\n`));
  expect(statSync(path).size).toBeGreaterThan(2048);
  rmdirSync(`${path}.8`);
  for (let line = 30; line < 60; line++) log.write('stdout', encoder.encode(`line ${line}\n`));
  log.finish();
  expect(await read()).toBe(Array.from({ length: 60 }, (_, line) => `line ${line}\n`).join(''));
  expect(statSync(path).size).toBeLessThan(1200);
});

test('rotated files are compressed and still read', async () => {
  const log = writer({ 'max-size': '20k', 'max-file': '4', compress: 'true' });
  const line = (index: number) => `a line of text, number ${index}\n`;
  let written = 0;
  const seen = () => readdirSync(directory).filter((name) => name.endsWith('.gz')).length;
  while (seen() < 2) {
    log.write('stdout', encoder.encode(line(written++)));
    if (written % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  log.finish();
  const text = await read();
  const lines = text.trimEnd().split('\n').length;
  expect(text).toBe(Array.from({ length: lines }, (_, index) => line(written - lines + index)).join(''));
  expect(await read({ tail: lines - 3 })).toBe(text.split('\n').slice(3).join('\n'));
  expect(statSync(path).size).toBeLessThan(21_000);
});

test('a follower sees each line as soon as it is written, over rotations, and ends with the log', async () => {
  const log = writer({ 'max-size': '2k', 'max-file': '3' });
  log.write('stdout', encoder.encode('before\n'));
  const source = readJsonFile(path, log.live, { ...everything, follow: true }, { signal: new AbortController().signal });
  const next = async () => decoder.decode(((await source.next()).value as OutputChunk).bytes);
  expect(await next()).toBe('before\n');
  for (let line = 0; line < 200; line++) {
    const waiting = next();
    await Promise.resolve();
    log.write('stderr', encoder.encode(`after ${line}\n`));
    expect(await waiting).toBe(`after ${line}\n`);
  }
  const last = source.next();
  log.finish();
  expect((await last).done).toBe(true);
});

test('a follower that rests holds nobody up, and loses only what was rotated away', async () => {
  const log = writer({ 'max-size': '2k', 'max-file': '3' });
  const source = readJsonFile(path, log.live, { ...everything, follow: true }, { signal: new AbortController().signal });
  const first = source.next();
  await Promise.resolve();
  log.write('stdout', encoder.encode('start\n'));
  await first;
  for (let line = 0; line < 1000; line++) log.write('stdout', encoder.encode(`late ${line}\n`));
  log.finish();
  let text = '';
  for await (const chunk of source) text += decoder.decode(chunk.bytes);
  expect(text).toStartWith('late 0\n');
  expect(text).toEndWith('late 999\n');
});

test('a follower ends when it is told to', async () => {
  const log = writer();
  const abort = new AbortController();
  const source = readJsonFile(path, log.live, { ...everything, follow: true }, { signal: abort.signal });
  const waiting = source.next();
  abort.abort();
  expect((await waiting).done).toBe(true);
  log.finish();
});

test('since and until choose by time, timestamps have nine digits', async () => {
  const at = (time: string, text: string) => `${JSON.stringify({ log: `${text}\n`, stream: 'stdout', time })}\n`;
  writeFileSync(path, at('2026-01-01T00:00:00Z', 'a') + at('2026-01-01T00:00:01.5Z', 'b') + at('2026-01-01T00:00:02.000000001Z', 'c'));
  expect(await read({ since: parseStamp('2026-01-01T00:00:01.5Z')! })).toBe('b\nc\n');
  expect(await read({ until: parseStamp('2026-01-01T00:00:02Z')! })).toBe('a\nb\n');
  expect(await read({ timestamps: true, tail: 2 })).toBe('2026-01-01T00:00:01.500000000Z b\n2026-01-01T00:00:02.000000001Z c\n');
});

test('details are shown before the text', async () => {
  const log = writer({}, '{"b":"x y","a":"1"}');
  log.write('stdout', encoder.encode('text\n'));
  log.finish();
  expect(await read({ details: true })).toBe('a=1,b=x+y text\n');
});

test('lines that are no entries are skipped', async () => {
  const log = writer();
  log.write('stdout', encoder.encode('one\n'));
  log.finish();
  const hostile = [
    'garbage',
    '{"log":"',
    '{"log":3}',
    '{"log":"x","stream":"std',
    '[]',
    'null',
    '{"log":"\\ud800\\n","stream":"stdout","time":"no"}',
  ];
  appendFileSync(path, `${hostile.join('\n')}\n${'y'.repeat(3_000_000)}\n`);
  const again = writer();
  again.write('stderr', encoder.encode('two\n'));
  again.finish();
  expect(await read()).toBe('one\ntwo\n');
  expect(await read({ tail: 1 })).toBe('two\n');
});

test('a torn last line is cut off, and an unfinished line goes on after the engine was killed', async () => {
  const killed = writer();
  killed.write('stdout', encoder.encode('whole\nbegin'));
  killed.write('stderr', encoder.encode('err'));
  const next = writer();
  next.write('stdout', encoder.encode('ning\n'));
  next.finish();
  killed.close();
  expect(await read()).toBe('whole\nbeginning\nerr');
  truncateSync(path, statSync(path).size - 5);
  const last = writer();
  last.write('stdout', encoder.encode('more\n'));
  last.finish();
  expect(await read()).toBe('whole\nbeginning\nmore\n');
  for (const line of readFileSync(path, 'utf8').trimEnd().split('\n')) JSON.parse(line);
});

test.each([
  [{ Type: 'nope', Config: {} }, "logger: no log driver named 'nope' is registered"],
  [{ Type: 'json-file', Config: { x: '1' } }, "unknown log opt 'x' for json-file log driver"],
  [{ Type: 'json-file', Config: { 'max-size': 'big' } }, 'max-size'],
  [{ Type: 'json-file', Config: { 'max-file': '0' } }, 'max-file cannot be less than 1'],
  [{ Type: 'json-file', Config: { mode: 'odd' } }, 'logger: logging mode not supported: odd'],
])('%p is refused', (config, message) => {
  expect(() => validateLogConfig(config)).toThrow(message);
});
