import { expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createLog,
  EngineError,
  formatBinarySize,
  formatDuration,
  formatSize,
  KeyedLock,
  parseDuration,
  parseSize,
  Scope,
  shortId,
  writeFileAtomic,
} from './index.ts';

test.each([
  ['0', 0],
  ['6m', 6 * 2 ** 20],
  ['1.5g', 1.5 * 2 ** 30],
  ['64KiB', 65536],
  ['512MB', 512 * 2 ** 20],
  ['10b', 10],
])('a size %p is %p bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each(['', 'x', '-1m', '1q', '1 2m', 'm'])('%p is no size', (text) => {
  expect(() => parseSize(text)).toThrow(EngineError);
});

test.each([
  [0, '0B'],
  [999, '999B'],
  [1000, '1kB'],
  [4_321_000, '4.321MB'],
  [117_000_000, '117MB'],
])('%p bytes are shown as %p', (bytes, text) => {
  expect(formatSize(bytes)).toBe(text);
});

test('statistics use powers of 1024', () => {
  expect(formatBinarySize(1.5 * 2 ** 20)).toBe('1.5MiB');
});

test.each([
  ['1m30s', 90e9],
  ['250ms', 250e6],
  ['1.5h', 5400e9],
  ['-2s', -2e9],
  ['0', 0],
])('the duration %p is %p ns', (text, nanos) => {
  expect(parseDuration(text)).toBe(nanos);
});

test.each(['', '5', '1x', '1m 2s', 's'])('%p is no duration', (text) => {
  expect(() => parseDuration(text)).toThrow('invalid duration');
});

test.each([
  [500, 'Less than a second'],
  [1000, '1 second'],
  [59_000, '59 seconds'],
  [61_000, 'About a minute'],
  [3_600_000, 'About an hour'],
  [5 * 3_600_000, '5 hours'],
  [72 * 3_600_000, '3 days'],
  [21 * 86_400_000, '3 weeks'],
  [90 * 86_400_000, '3 months'],
  [800 * 86_400_000, '2 years'],
])('%p ms is %p', (ms, words) => {
  expect(formatDuration(ms)).toBe(words);
});

test('a scope undoes in reverse, reports a failing undo and goes on', async () => {
  const done: string[] = [];
  const reported: unknown[] = [];
  await expect(
    (async () => {
      await using scope = new Scope((error) => reported.push(error));
      scope.defer(() => void done.push('first'));
      scope.defer(() => {
        throw new Error('undo failed');
      });
      scope.defer(() => void done.push('last'));
      throw new Error('work failed');
    })(),
  ).rejects.toThrow('work failed');
  expect(done).toEqual(['last', 'first']);
  expect(reported).toHaveLength(1);
});

test('a kept scope undoes nothing', async () => {
  const done: string[] = [];
  {
    await using scope = new Scope(() => {});
    scope.defer(() => void done.push('undone'));
    scope.keep();
  }
  expect(done).toEqual([]);
});

test('a keyed lock serialises one key in order, lets others through, and forgets', async () => {
  const lock = new KeyedLock();
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = lock.run('a', async () => {
    await gate.promise;
    order.push('a1');
  });
  const failing = lock.run('a', () => {
    order.push('a2 failed');
    throw new Error('no');
  });
  const third = lock.run('a', () => void order.push('a3'));
  await lock.run('b', () => void order.push('b'));
  gate.resolve();
  await first;
  await expect(failing).rejects.toThrow('no');
  await third;
  expect(order).toEqual(['b', 'a1', 'a2 failed', 'a3']);
  expect(lock.busy('a')).toBe(false);
});

test('an atomic write replaces a file and leaves nothing else', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-base-'));
  try {
    writeFileAtomic(join(folder, 'f'), 'one');
    writeFileAtomic(join(folder, 'f'), 'two', { durable: true, mode: 0o600 });
    expect(readFileSync(join(folder, 'f'), 'utf8')).toBe('two');
    expect(() => writeFileAtomic(join(folder, 'none', 'f'), 'x')).toThrow('ENOENT');
    expect(readdirSync(folder)).toEqual(['f']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a log line is one line, whatever the message holds, and low ranks are dropped', () => {
  const lines: string[] = [];
  const log = createLog('info', (line) => lines.push(line));
  log.debug('no');
  log.warn('two\nlines', { id: 'a b', none: undefined });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^time="[^"]+" level=warn msg="two\\nlines" id="a b"\n$/);
});

test('short ids', () => {
  expect(shortId('sha256:0123456789abcdef')).toBe('0123456789ab');
  expect(shortId('0123456789abcdef')).toBe('0123456789ab');
});
