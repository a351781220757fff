import { existsSync, mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { EngineError } from '../../base/index.ts';
import type { RuntimeResources } from '../../spec/index.ts';
import type { ContainerCgroup } from '../contract.ts';
import type { CgroupDriver, CgroupEntry, CgroupFeatures, CgroupMounts, CreatedCgroup } from './driver.ts';
import {
  applySettings,
  childrenOf,
  errnoOf,
  killPids,
  makeCgroup,
  ownedIn,
  pidsIn,
  readControl,
  readNumber,
  removeIfEmpty,
  removeTree,
  waitUntil,
  writeControl,
} from './files.ts';
import type { CgroupLayout } from './layout.ts';
import { settingsV1 } from './settings-v1.ts';
import { statisticsReaderV1 } from './statistics-v1.ts';

type LayoutV1 = Extract<CgroupLayout, { version: 1 }>;

/** The driver for mounted v1 controllers, and the v2 hierarchy beside them on a hybrid machine. */
export function createCgroupDriverV1(layout: LayoutV1): CgroupDriver {
  const roots = [...layout.hierarchies.map(({ root }) => root), ...(layout.unified === undefined ? [] : [layout.unified])];
  const open = (path: string): CgroupV1 => new CgroupV1(layout, path);
  return {
    version: 1,
    features: featuresOf(open('/')),
    open,
    create: (path, resources) => create(layout, roots, path, resources),
    remove: (path) => remove(roots, open(path), path),
    removeEmpty: (path) => roots.forEach((root) => removeIfEmpty(join(root, path))),
    listOwned: (parent) => ownedIn(roots.map((root) => join(root, parent))),
  };
}

function create(layout: LayoutV1, roots: readonly string[], path: string, resources: RuntimeResources): CreatedCgroup {
  const cgroup = new CgroupV1(layout, path);
  const directories = roots.map((root) => join(root, path));
  const made: string[] = [];
  try {
    for (const [index, directory] of directories.entries()) {
      makeCgroup(directory, () => makeParent(roots[index] ?? '', dirname(path)));
      made.push(directory);
    }
    fillCpuset(layout.hierarchies.find(({ controllers }) => controllers.includes('cpuset'))?.root ?? '', path);
    const warnings = cgroup.apply(settingsV1(resources, { memoryBytes: Number.POSITIVE_INFINITY }));
    const memory = cgroup.directoryOf('memory');
    return Object.assign(cgroup, {
      join: entryOf(layout, path),
      mounts: mountsOf(layout, path),
      oomWatch: memory === undefined ? undefined : join(memory, 'memory.oom_control'),
      warnings,
    });
  } catch (error) {
    for (const directory of made) removeTree(directory);
    throw error;
  }
}

function entryOf({ hierarchies, unified }: LayoutV1, path: string): CgroupEntry {
  const files = hierarchies.map(({ root }) => join(root, path, 'tasks'));
  return { kind: 'write', files, ...(unified === undefined ? {} : { directory: join(unified, path) }) };
}

function mountsOf({ hierarchies, unified }: LayoutV1, path: string): CgroupMounts {
  const v1 = hierarchies.map(({ controllers, root }) => ({
    name: basename(root),
    type: 'cgroup' as const,
    options: controllers.some((name) => name.startsWith('name=')) ? ['none', ...controllers] : controllers,
    directory: join(root, path),
  }));
  if (unified === undefined) return { kind: 'v1', hierarchies: v1 };
  return { kind: 'v1', hierarchies: [...v1, { name: basename(unified), type: 'cgroup2', options: [], directory: join(unified, path) }] };
}

/** A parent's children shall get its cpus and mems by themselves: `clone_children` spares four system calls for each container. */
function makeParent(root: string, path: string): void {
  if (path === '/' || path === '.') return;
  const directory = join(root, path);
  makeParent(root, dirname(path));
  try {
    mkdirSync(directory);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    return;
  }
  if (!existsSync(join(directory, 'cpuset.cpus'))) return;
  fillCpuset(root, path);
  writeControl(join(directory, 'cgroup.clone_children'), '1');
}

/** A cpuset without cpus and mems takes nobody in; the kernel fills them only under a parent with `clone_children`. */
function fillCpuset(root: string, path: string): void {
  const directory = join(root, path);
  if (root === '' || path === '/' || readControl(join(directory, 'cpuset.mems'))?.trim() !== '') return;
  fillCpuset(root, dirname(path));
  for (const file of ['cpuset.cpus', 'cpuset.mems'])
    writeControl(join(directory, file), readControl(join(root, dirname(path), file))?.trim() ?? '');
}

async function remove(roots: readonly string[], cgroup: CgroupV1, path: string): Promise<void> {
  const directories = roots.map((root) => join(root, path));
  const gone = (): boolean => directories.map(isRemoved).every(Boolean);
  if (gone()) return;
  cgroup.killAll();
  await waitUntil(
    () => {
      if (gone()) return true;
      cgroup.killAll();
      return false;
    },
    10_000,
    `remove cgroup ${path}`,
  );
}

function isRemoved(directory: string): boolean {
  try {
    removeTree(directory);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EBUSY') return false;
    throw error;
  }
}

class CgroupV1 implements ContainerCgroup {
  readonly paths: Readonly<Record<string, string>>;
  #readStatistics: (() => ReturnType<ContainerCgroup['statistics']>) | undefined;
  readonly #directories: ReadonlyMap<string, string>;
  readonly #unified: string | undefined;

  constructor(layout: LayoutV1, path: string) {
    const entries = layout.hierarchies.flatMap(({ controllers, root }) => controllers.map((name) => [name, join(root, path)] as const));
    this.#directories = new Map(entries);
    this.#unified = layout.unified === undefined ? undefined : join(layout.unified, path);
    this.paths = Object.fromEntries([...entries.map(([name]) => [name, path]), ...(this.#unified === undefined ? [] : [['', path]])]);
  }

  directoryOf(controller: string): string | undefined {
    return this.#directories.get(controller);
  }

  apply(settings: ReturnType<typeof settingsV1>): readonly string[] {
    return applySettings(settings, (controller) => this.directoryOf(controller));
  }

  update(resources: RuntimeResources): void {
    const memory = this.directoryOf('memory');
    const memoryBytes = memory === undefined ? 0 : readNumber(join(memory, 'memory.limit_in_bytes'));
    this.apply(settingsV1(resources, { memoryBytes }));
  }

  async freeze(): Promise<void> {
    await this.#freezer('FROZEN');
  }

  async thaw(): Promise<void> {
    await this.#freezer('THAWED');
  }

  processes(): readonly number[] {
    return pidsIn(this.#census());
  }

  statistics(): ReturnType<ContainerCgroup['statistics']> {
    this.#readStatistics ??= statisticsReaderV1((controller) => this.directoryOf(controller));
    return this.#readStatistics();
  }

  killAll(): void {
    if (this.#unified !== undefined && existsSync(join(this.#unified, 'cgroup.kill'))) {
      writeControl(join(this.#unified, 'cgroup.kill'), '1');
    }
    killPids(this.processes());
    const freezer = this.directoryOf('freezer');
    // A frozen process takes its SIGKILL only when thawed.
    if (freezer !== undefined && existsSync(freezer)) writeControl(join(freezer, 'freezer.state'), 'THAWED');
  }

  async #freezer(state: 'FROZEN' | 'THAWED'): Promise<void> {
    const directory = this.directoryOf('freezer');
    if (directory === undefined) throw new EngineError('Unavailable', 'Cannot freeze: the freezer cgroup is not mounted');
    const path = join(directory, 'freezer.state');
    writeControl(path, state);
    // A process that forks while it is being frozen needs to be told again.
    await waitUntil(
      () => {
        if (readControl(path)?.trim() === state) return true;
        writeControl(path, state);
        return false;
      },
      10_000,
      `${state === 'FROZEN' ? 'freeze' : 'thaw'} cgroup`,
    );
  }

  /** Any hierarchy would do; these are where a process cannot have moved itself on by accident. */
  #census(): string {
    return this.directoryOf('pids') ?? this.directoryOf('devices') ?? [...this.#directories.values()][0] ?? '';
  }
}

function featuresOf(root: CgroupV1): CgroupFeatures {
  const has = (controller: string, ...files: readonly string[]): boolean => {
    const directory = root.directoryOf(controller);
    return directory !== undefined && files.some((file) => existsSync(join(directory, file)));
  };
  // At the root of a hierarchy some files are missing that every child has.
  const childHas = (controller: string, file: string): boolean => {
    const directory = root.directoryOf(controller);
    return directory !== undefined && childrenOf(directory).some((child) => existsSync(join(directory, child, file)));
  };
  return {
    memory: has('memory', 'memory.limit_in_bytes'),
    swap: has('memory', 'memory.memsw.limit_in_bytes'),
    oomKillDisable: has('memory', 'memory.oom_control'),
    swappiness: has('memory', 'memory.swappiness'),
    cpuShares: has('cpu', 'cpu.shares'),
    cpuQuota: has('cpu', 'cpu.cfs_quota_us'),
    cpuset: has('cpuset', 'cpuset.cpus'),
    pids: root.directoryOf('pids') !== undefined,
    ioWeight: has('blkio', 'blkio.weight', 'blkio.bfq.weight') || childHas('blkio', 'blkio.bfq.weight'),
    ioThrottle: has('blkio', 'blkio.throttle.read_bps_device'),
  };
}
