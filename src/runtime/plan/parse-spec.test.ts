import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'bun:test';
import * as fc from 'fast-check';
import { isEngineError } from '../../base/index.ts';
import { dockerSpec } from '../spec.test-helper.ts';
import { parseRuntimeSpec } from './parse-spec.ts';

const valid = dockerSpec('rootfs', ['sh']);

test('a spec comes back as it was, without what nobody knows', () => {
  expect(parseRuntimeSpec(JSON.stringify({ ...valid, windows: {}, linux: { ...valid.linux, intelRdt: null } }))).toEqual(
    JSON.parse(JSON.stringify(valid)),
  );
});

const runc = spawnSync('runc', ['--version']);
test.skipIf(runc.status !== 0)("runc's own example", () => {
  const directory = mkdtempSync(join(tmpdir(), 'berth-spec-'));
  try {
    spawnSync('runc', ['spec'], { cwd: directory });
    const spec = parseRuntimeSpec(readFileSync(join(directory, 'config.json'), 'utf8'));
    expect(spec.process.args).toEqual(['sh']);
    expect(spec.linux.namespaces.length).toBeGreaterThan(3);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test.each<[unknown, string]>([
  [[], 'config.json: it has to be an object'],
  [{}, 'ociVersion: it is missing'],
  [{ ...valid, root: {} }, 'root.path: it is missing'],
  [{ ...valid, process: { ...valid.process, args: 'sh' } }, 'process.args: it has to be a list'],
  [{ ...valid, process: { ...valid.process, user: { uid: -1, gid: 0 } } }, 'process.user.uid: it has to be between 0 and 4294967295'],
  [{ ...valid, process: { ...valid.process, cwd: 'a\0' } }, 'process.cwd: a NUL byte inside'],
  [{ ...valid, mounts: [{ destination: 7 }] }, 'mounts[0].destination: it has to be a string'],
  [{ ...valid, mounts: Array.from({ length: 1025 }, () => ({ destination: '/x' })) }, 'mounts: more than 1024'],
  [{ ...valid, hostname: 'x'.repeat(65) }, 'hostname: it is longer than 64 characters'],
  [{ ...valid, linux: { resources: { pids: { limit: 1.5 } } } }, 'linux.resources.pids.limit: it has to be a whole number'],
])('refuses %#', (value, message) => {
  expect(() => parseRuntimeSpec(JSON.stringify(value))).toThrow(message);
});

test('any JSON gives a spec or a clear error', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc.jsonValue().map((process) => JSON.stringify({ ...valid, process, linux: process })),
      ),
      (json) => {
        try {
          parseRuntimeSpec(json);
        } catch (error) {
          expect(isEngineError(error, 'InvalidArgument')).toBe(true);
        }
      },
    ),
    { numRuns: 300 },
  );
});
