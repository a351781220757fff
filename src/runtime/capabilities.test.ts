import { readFileSync } from 'node:fs';
import { expect, test } from 'bun:test';
import {
  allCapabilities,
  capabilityMask,
  containerCapabilities,
  defaultCapabilities,
  hostCapabilities,
  normalizeCapabilities,
} from './capabilities.ts';

const everything = (1n << 41n) - 1n;
const nothing = { add: [], drop: [], privileged: false };

test("Docker's default set", () => {
  expect(capabilityMask(containerCapabilities(nothing, everything)).toString(16)).toBe('a80425fb');
});

test.each([
  [{ add: ['net_admin'] }, [...defaultCapabilities, 'CAP_NET_ADMIN']],
  [{ drop: ['CAP_CHOWN', 'kill'] }, defaultCapabilities.filter((name) => name !== 'CAP_CHOWN' && name !== 'CAP_KILL')],
  [{ drop: ['ALL'] }, []],
  [{ add: ['SYS_TIME'], drop: ['all'] }, ['CAP_SYS_TIME']],
  [{ add: ['ALL'], drop: ['SYS_ADMIN'] }, allCapabilities.filter((name) => name !== 'CAP_SYS_ADMIN')],
  [{ privileged: true, drop: ['ALL'] }, allCapabilities],
])('%p', (request, expected) => {
  expect(containerCapabilities({ ...nothing, ...request }, everything)).toEqual(expected);
});

test('a name that nobody knows is refused as Docker does', () => {
  expect(() => normalizeCapabilities(['foo'], 'CapAdd')).toThrow('invalid CapAdd: unknown capability: "CAP_FOO"');
  expect(() => containerCapabilities({ ...nothing, drop: ['CAP_X'] }, everything)).toThrow('invalid CapDrop: unknown capability: "CAP_X"');
});

test('what the host lacks is left out silently, but not when asked for by name', () => {
  const host = everything & ~capabilityMask(['CAP_SYS_RESOURCE']);
  expect(containerCapabilities({ ...nothing, privileged: true }, host)).not.toContain('CAP_SYS_RESOURCE');
  expect(containerCapabilities({ ...nothing, add: ['ALL'] }, host)).toHaveLength(40);
  expect(() => containerCapabilities({ ...nothing, add: ['sys_resource'] }, host)).toThrow('this host cannot give CAP_SYS_RESOURCE');
});

test("the engine's own capabilities", () => {
  expect(hostCapabilities('CapPrm:\t000001fffeffffff\nCapEff:\t0\nCapBnd:\t00000000a80425fb\n').toString(16)).toBe('a80425fb');
  expect(typeof hostCapabilities(readFileSync('/proc/self/status', 'utf8'))).toBe('bigint');
});
