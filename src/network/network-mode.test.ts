import { expect, test } from 'bun:test';
import { networkNamespace } from './index.ts';

test.each([
  ['', { kind: 'network', name: 'bridge' }],
  ['default', { kind: 'network', name: 'bridge' }],
  ['mine', { kind: 'network', name: 'mine' }],
  ['none', { kind: 'private' }],
  ['host', { kind: 'host' }],
  ['container:web', { kind: 'container', words: 'web' }],
] as const)('network mode %p', (mode, namespace) => {
  expect(networkNamespace(mode)).toEqual(namespace);
});
