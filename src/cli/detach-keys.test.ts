import { expect, test } from 'bun:test';
import { watchDetachKeys } from './detach-keys.ts';

test.each([
  ['', '\x10\x11', true],
  ['', 'text\x10\x10\x11', true],
  ['', '\x10x\x11', false],
  ['ctrl-a,b', '\x01b', true],
  ['ctrl-@', '\0', true],
  ['nonsense', 'nonsense', false],
])('keys %p, typed %j: %p', (keys, typed, detached) => {
  const watch = watchDetachKeys(keys);
  let seen = false;
  for (const byte of Buffer.from(typed)) seen = watch(Uint8Array.of(byte));
  expect(seen).toBe(detached);
});
