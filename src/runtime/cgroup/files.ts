import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError, messageOf } from '../../base/index.ts';
import type { Setting } from './driver.ts';

/** The errno word of a failed system call (`ENOENT`), '' for any other error. */
export function errnoOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

/** Writes with one write(2) into a file that exists. */
export function writeControl(path: string, value: string): void {
  const descriptor = openSync(path, 'r+');
  try {
    writeSync(descriptor, value);
  } finally {
    closeSync(descriptor);
  }
}

/** The text of a control file, or undefined when there is none. */
export function readControl(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENODEV', 'EOPNOTSUPP', 'EINVAL'].includes(errnoOf(error))) return undefined;
    throw error;
  }
}

/** Numbers of a file of lines `key value`. */
export function readTable(path: string): Readonly<Record<string, number>> {
  const table: Record<string, number> = {};
  for (const line of (readControl(path) ?? '').split('\n')) {
    const [key, value] = line.split(' ');
    if (key && value !== undefined) table[key] = Number(value);
  }
  return table;
}

/** A file with one number; `max`, and a file that is not there, are `otherwise`. */
export function readNumber(path: string, otherwise = 0): number {
  const value = Number(readControl(path)?.trim() || Number.NaN);
  return Number.isNaN(value) ? otherwise : value;
}

/**
 * Applies settings one after another; `directoryOf` gives a controller's cgroup. Returns the warnings of those that the kernel does not know.
 * @throws {EngineError} InvalidArgument, with the file and the kernel's reason.
 */
export function applySettings(settings: readonly Setting[], directoryOf: (controller: string) => string | undefined): readonly string[] {
  const warnings = new Set<string>();
  let open: { readonly path: string; readonly descriptor: number } | undefined;
  try {
    for (const setting of settings) {
      const directory = directoryOf(setting.controller);
      const path = directory === undefined ? undefined : pick(directory, setting.file);
      try {
        if (path === undefined) throw Object.assign(new Error(setting.file), { code: 'ENOENT' });
        // Device rules are a dozen writes into the same file.
        if (open?.path !== path) {
          if (open !== undefined) closeSync(open.descriptor);
          open = undefined;
          open = { path, descriptor: openSync(path, 'r+') };
        }
        writeSync(open.descriptor, setting.value);
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT') throw refused(setting, path ?? '', error);
        if (setting.otherwise === undefined) throw missing(setting);
        if (setting.otherwise !== '') warnings.add(setting.otherwise);
      }
    }
  } finally {
    if (open !== undefined) closeSync(open.descriptor);
  }
  return [...warnings];
}

/** `a|b`: the first that exists (schedulers name their files differently). */
function pick(directory: string, files: string): string | undefined {
  if (!files.includes('|')) return join(directory, files);
  return files
    .split('|')
    .map((file) => join(directory, file))
    .find((path) => existsSync(path));
}

function missing({ file, value, controller }: Setting): EngineError {
  return new EngineError('InvalidArgument', `Cannot set ${file} to ${value}: this kernel has no ${controller} cgroup that can`);
}

function refused({ file, value }: Setting, path: string, error: unknown): EngineError {
  const busy = file === 'memory.limit_in_bytes' && errnoOf(error) === 'EBUSY';
  const why = busy ? `current usage: ${readNumber(path.replace('limit', 'usage'))}` : errnoOf(error) || messageOf(error);
  const message = busy ? `unable to set memory limit to ${value} (${why})` : `failed to write "${value}" to ${file}: ${why}`;
  return new EngineError('InvalidArgument', message, { cause: error, detail: { path } });
}

/** Makes one directory; `prepare` makes its parent when that is missing. An empty cgroup that is there already is made anew. */
export function makeCgroup(directory: string, prepareParent: () => void): void {
  try {
    mkdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') {
      prepareParent();
      mkdirSync(directory);
    } else if (errnoOf(error) === 'EEXIST') {
      replaceEmpty(directory);
    } else throw error;
  }
}

function replaceEmpty(directory: string): void {
  try {
    removeTree(directory);
  } catch (error) {
    if (errnoOf(error) === 'EBUSY') throw new EngineError('Conflict', `container's cgroup is not empty: ${directory}`, { cause: error });
    throw error;
  }
  mkdirSync(directory);
}

/** Removes a cgroup and those below it; a missing one is no error. Throws EBUSY while somebody is inside. */
export function removeTree(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    if (errnoOf(error) !== 'EBUSY') throw error;
    const children = childrenOf(directory);
    if (children.length === 0) throw error;
    for (const child of children) removeTree(join(directory, child));
    rmdirSync(directory);
  }
}

/** Removes a cgroup in which nothing is; any other, and a missing one, is let be. */
export function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if (!['ENOENT', 'EBUSY', 'ENOTEMPTY'].includes(errnoOf(error))) throw error;
  }
}

/** Names of the cgroups right below; none when it is not there. */
export function childrenOf(directory: string): readonly string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Pids in a cgroup and in all below it. */
export function pidsIn(directory: string): readonly number[] {
  const own = (readControl(join(directory, 'cgroup.procs')) ?? '').split('\n').filter(Boolean).map(Number);
  return [...own, ...childrenOf(directory).flatMap((child) => pidsIn(join(directory, child)))];
}

/** SIGKILL to each; those that are gone are no error. */
export function killPids(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if (errnoOf(error) !== 'ESRCH') throw error;
    }
  }
}

/** Waits until `done` says true, looking again and again; a cgroup tells nobody when it empties on v1. @throws {EngineError} Unavailable. */
export async function waitUntil(done: () => boolean, timeoutMs: number, what: string): Promise<void> {
  const end = performance.now() + timeoutMs;
  for (let delayMs = 1; !done(); delayMs = Math.min(delayMs * 2, 50)) {
    if (performance.now() > end) throw new EngineError('Unavailable', `Cannot ${what}: still not done after ${timeoutMs} ms`);
    await Bun.sleep(delayMs);
  }
}

const idPattern = /^[0-9a-f]{64}$/;

/** The children that are named like containers. */
export function ownedIn(directories: readonly string[]): readonly string[] {
  return [...new Set(directories.flatMap(childrenOf))].filter((name) => idPattern.test(name)).sort();
}
