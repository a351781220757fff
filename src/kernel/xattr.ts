import { ptr } from 'bun:ffi';
import type { FileCalls, PathBytes } from './file-calls.ts';

const maxValueBytes = 65_536;

/** Names of a file's extended attributes, a symlink's own. Empty where the file system has none. */
export function listXattrs(calls: FileCalls, path: PathBytes): readonly string[] {
  const size = calls.symbols.llistxattr(calls.path(path), null, 0);
  if (size <= 0) return [];
  const names = new Uint8Array(size + 256);
  const length = calls.symbols.llistxattr(calls.path(path), ptr(names), names.length);
  if (length <= 0) return [];
  return new TextDecoder().decode(names.subarray(0, length - 1)).split('\0');
}

/** The value, or null where there is none. */
export function getXattr(calls: FileCalls, path: PathBytes, name: string): Uint8Array | null {
  const key = Buffer.from(name);
  const size = calls.symbols.lgetxattr(calls.path(path), calls.path2(key), null, 0);
  if (size < 0) return null;
  const value = new Uint8Array(Math.min(size + 64, maxValueBytes));
  const length = calls.symbols.lgetxattr(calls.path(path), calls.path2(key), ptr(value), value.length);
  return length < 0 ? null : value.subarray(0, length);
}

/** Sets or replaces; 0 or minus errno. */
export function setXattr(calls: FileCalls, path: PathBytes, name: string, value: Uint8Array): number {
  // An empty array has no address.
  const bytes = value.length === 0 ? new Uint8Array(1) : value;
  return calls.result(calls.symbols.lsetxattr(calls.path(path), calls.path2(Buffer.from(name)), ptr(bytes), value.length, 0));
}
