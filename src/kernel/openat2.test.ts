import { afterAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errno, FileCalls, fileTypes, openFlags } from './file-calls.ts';
import { openInRoot } from './openat2.ts';
import { getXattr, listXattrs, setXattr } from './xattr.ts';

const calls = new FileCalls();
const top = mkdtempSync(join(tmpdir(), 'berth-openat2-'));
afterAll(() => rmSync(top, { recursive: true, force: true }));

const bytes = (text: string): Uint8Array => Buffer.from(text);

test('openInRoot stays in the root', () => {
  const root = join(top, 'root');
  mkdirSync(join(root, 'inside'), { recursive: true });
  mkdirSync(join(top, 'outside'));
  writeFileSync(join(root, 'inside/file'), 'x');
  symlinkSync('/inside', join(root, 'absolute'));
  symlinkSync('../../../../inside', join(root, 'up'));
  symlinkSync(join(top, 'outside'), join(root, 'out'));
  const fd = calls.open(bytes(root), openFlags.path | openFlags.directory);
  const resolve = (path: string): string | number => {
    const opened = openInRoot(calls, fd, bytes(path), openFlags.path);
    if (opened < 0) return opened;
    const target = readlinkSync(`/proc/self/fd/${opened}`);
    calls.close(opened);
    return target.slice(root.length) || '/';
  };
  expect(resolve('')).toBe('/');
  expect(resolve('inside/file')).toBe('/inside/file');
  expect(resolve('absolute/file')).toBe('/inside/file');
  expect(resolve('up/file')).toBe('/inside/file');
  expect(resolve('../../../inside')).toBe('/inside');
  expect(resolve('/inside')).toBe('/inside');
  expect(resolve('out')).toBe(-errno.ENOENT);
  expect(resolve('none')).toBe(-errno.ENOENT);
  calls.close(fd);
  const slash = calls.open(bytes('/'), openFlags.path | openFlags.directory);
  expect(openInRoot(calls, slash, bytes(`proc/${process.pid}/root/etc`), openFlags.path)).toBe(-errno.ELOOP);
  calls.close(slash);
});

test('attributes, times to the nanosecond and devices', () => {
  const path = join(top, 'file');
  writeFileSync(path, 'content');
  expect(getXattr(calls, bytes(path), 'user.none')).toBeNull();
  expect(setXattr(calls, bytes(path), 'user.a', bytes('value'))).toBe(0);
  expect(setXattr(calls, bytes(path), 'user.empty', new Uint8Array(0))).toBe(0);
  expect([...listXattrs(calls, bytes(path))].filter((name) => name.startsWith('user.')).sort()).toEqual(['user.a', 'user.empty']);
  expect(Buffer.from(getXattr(calls, bytes(path), 'user.a') ?? []).toString()).toBe('value');
  expect(getXattr(calls, bytes(path), 'user.empty')).toEqual(new Uint8Array(0));
  expect(calls.lutimes(bytes(path), -5, 123_456_789)).toBe(0);
  expect(calls.lstat(bytes(path))).toMatchObject({ size: 7, mtimeSeconds: -5, mtimeNanos: 123_456_789, nlink: 1 });
  expect(calls.mknod(bytes(join(top, 'device')), fileTypes.block | 0o640, 4095, 1_000_000)).toBe(0);
  expect(calls.lstat(bytes(join(top, 'device')))).toMatchObject({ rdevMajor: 4095, rdevMinor: 1_000_000 });
  expect(calls.lstat(bytes(join(top, 'none')))).toBeNull();
  expect(calls.errorText(errno.ENOSPC)).toBe('no space left on device');
});
