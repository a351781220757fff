import { expect, test } from 'bun:test';
import { goFileMode } from './go-file-mode.ts';
import { fullFormatTable } from './process-table.ts';
import { hasLabel, parseTime } from './prune-filters.ts';
import { parsePs } from './top.ts';

test('ps output is cut down to the pids asked for', () => {
  const text =
    '  PID USER     COMMAND\n    1 root     init\n   22 nobody   sleep 10 20\n    - -        thread\n    3 root     x\n    - -        other\n';
  expect(parsePs(text, new Set([22]))).toEqual({
    titles: ['PID', 'USER', 'COMMAND'],
    processes: [
      ['22', 'nobody', 'sleep 10 20'],
      ['-', '-', 'thread'],
    ],
  });
  expect(() => parsePs('USER\nroot\n', new Set())).toThrow("Couldn't find PID field in ps output");
});

test('the default table is what ps -ef prints', () => {
  const child = Bun.spawn(['sleep', '30']);
  try {
    const { titles, processes } = fullFormatTable([child.pid, 2 ** 30]);
    expect(titles).toEqual(['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD']);
    expect(processes.length).toBe(1);
    const [, pid, parent, , startedAt, , time, command] = processes[0]!;
    expect([pid, parent, time, command]).toEqual([String(child.pid), String(process.pid), '00:00:00', 'sleep 30']);
    expect(startedAt).toMatch(/^\d\d:\d\d$/);
  } finally {
    child.kill('SIGKILL');
  }
});

test.each([
  [0o100644, 0o644],
  [0o040755, 2 ** 31 + 0o755],
  [0o120777, 2 ** 27 + 0o777],
  [0o104755, 2 ** 23 + 0o755],
  [0o041777, 2 ** 31 + 2 ** 20 + 0o777],
  [0o020666, 2 ** 26 + 2 ** 21 + 0o666],
])('the mode %p is %p in Go', (mode, expected) => {
  expect(goFileMode(mode)).toBe(expected);
});

test('times of filters', () => {
  const now = new Date('2026-06-01T12:00:00Z');
  expect(parseTime('10m', now)).toEqual(new Date('2026-06-01T11:50:00Z'));
  expect(parseTime('1780000000', now)).toEqual(new Date(1780000000_000));
  expect(parseTime('2026-01-02T03:04:05Z', now)).toEqual(new Date('2026-01-02T03:04:05Z'));
  expect(() => parseTime('soon', now)).toThrow('invalid filter');
});

test('labels by key, and by key and value', () => {
  expect(hasLabel({ a: 'b' }, 'a')).toBe(true);
  expect(hasLabel({ a: 'b' }, 'a=b')).toBe(true);
  expect(hasLabel({ a: 'b' }, 'a=c')).toBe(false);
  expect(hasLabel({}, 'constructor')).toBe(false);
});
