import { expect, test } from 'bun:test';
import { timestampQuery } from './timestamp.ts';

test('durations count back from now, seconds and dates are instants', () => {
  const now = Date.UTC(2026, 0, 1);
  expect(timestampQuery('')).toBeUndefined();
  expect(timestampQuery('1700000000.5')).toBe('1700000000.5');
  expect(timestampQuery('1m', now)).toBe(`${now / 1000 - 60}.000000000`);
  expect(timestampQuery('2026-01-01T00:00:00.25Z')).toBe(`${now / 1000}.250000000`);
  expect(timestampQuery('2026-01-01T01:00:00+01:00')).toBe(`${now / 1000}.000000000`);
  expect(() => timestampQuery('foo')).toThrow('failed to parse value as time or duration: "foo"');
});
