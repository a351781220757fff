import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EngineError } from '../../base/index.ts';
import type { RuntimeResources } from '../../spec/index.ts';
import type { ContainerCgroup } from '../contract.ts';
import { DeviceProgramLoader } from './attach-device-program.ts';
import { deviceProgram } from './device-program.ts';
import { devicePolicy } from './devices.ts';
import type { CgroupDriver, CgroupFeatures, CreatedCgroup } from './driver.ts';
import {
  applySettings,
  errnoOf,
  makeCgroup,
  ownedIn,
  pidsIn,
  readControl,
  readTable,
  removeIfEmpty,
  removeTree,
  waitUntil,
  writeControl,
} from './files.ts';
import { settingsV2 } from './settings-v2.ts';
import { statisticsV2 } from './statistics-v2.ts';

/** The driver for the unified hierarchy mounted at `root`, by the file system alone (Docker's `cgroupfs`). */
export function createCgroupDriverV2(root: string): CgroupDriver {
  const loader = new DeviceProgramLoader();
  const open = (path: string): CgroupV2 => new CgroupV2(root, path, loader);
  return {
    version: 2,
    features: featuresOf(root),
    open,
    create: (path, resources) => create(root, open(path), path, resources),
    remove: (path) => remove(root, open(path), path),
    removeEmpty: (path) => removeIfEmpty(join(root, path)),
    listOwned: (parent) => ownedIn([join(root, parent)]),
  };
}

function create(root: string, cgroup: CgroupV2, path: string, resources: RuntimeResources): CreatedCgroup {
  const directory = join(root, path);
  makeCgroup(directory, () => makeParent(root, dirname(path)));
  try {
    delegateIfNeeded(root, dirname(path), directory);
    const warnings = applySettings(settingsV2(resources), () => directory);
    cgroup.limitDevices(resources);
    const events = join(directory, 'memory.events');
    return Object.assign(cgroup, {
      join: { kind: 'clone', directory } as const,
      mounts: { kind: 'v2', directory } as const,
      oomWatch: existsSync(events) ? events : undefined,
      warnings,
    });
  } catch (error) {
    removeTree(directory);
    throw error;
  }
}

function makeParent(root: string, path: string): void {
  if (path === '/' || path === '.') return;
  makeParent(root, dirname(path));
  try {
    mkdirSync(join(root, path));
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

/** The new cgroup shows what its parent hands down; when that is less than the root has, every level is told to hand down all. */
function delegateIfNeeded(root: string, parent: string, directory: string): void {
  const available = words(join(root, 'cgroup.controllers'));
  const given = new Set(words(join(directory, 'cgroup.controllers')));
  if (available.every((controller) => given.has(controller))) return;
  let level = root;
  for (const part of ['', ...parent.split('/').filter(Boolean)]) {
    level = join(level, part);
    const enabled = new Set(words(join(level, 'cgroup.subtree_control')));
    for (const controller of words(join(level, 'cgroup.controllers'))) {
      if (!enabled.has(controller)) enable(level, controller);
    }
  }
}

/** One at a time: a controller that the kernel will not hand down here (cpu with real-time processes) shall not hold back the others. */
function enable(directory: string, controller: string): void {
  try {
    writeControl(join(directory, 'cgroup.subtree_control'), `+${controller}`);
  } catch (error) {
    // EBUSY: processes sit in this cgroup itself; the setting that needs the controller will say that it is missing.
    if (!['EBUSY', 'EINVAL', 'ENOENT', 'EOPNOTSUPP'].includes(errnoOf(error))) throw error;
  }
}

function words(path: string): readonly string[] {
  return (readControl(path) ?? '').trim().split(/\s+/).filter(Boolean);
}

async function remove(root: string, cgroup: CgroupV2, path: string): Promise<void> {
  const directory = join(root, path);
  const gone = (): boolean => {
    try {
      removeTree(directory);
      return true;
    } catch (error) {
      if (errnoOf(error) === 'EBUSY') return false;
      throw error;
    }
  };
  if (gone()) return;
  cgroup.killAll();
  await waitUntil(gone, 10_000, `remove cgroup ${path}`);
}

class CgroupV2 implements ContainerCgroup {
  readonly paths: Readonly<Record<string, string>>;
  readonly #directory: string;
  readonly #loader: DeviceProgramLoader;

  constructor(root: string, path: string, loader: DeviceProgramLoader) {
    this.#loader = loader;
    this.paths = { '': path };
    this.#directory = join(root, path);
  }

  limitDevices({ devices }: RuntimeResources): void {
    if (devices === undefined || devices.length === 0) return;
    const policy = devicePolicy(devices);
    // Everything allowed is what a cgroup without a program says.
    if (policy.allowByDefault && policy.exceptions.length === 0) return;
    this.#loader.attach(this.#directory, deviceProgram(policy));
  }

  update(resources: RuntimeResources): void {
    applySettings(settingsV2(resources), () => this.#directory);
    this.limitDevices(resources);
  }

  async freeze(): Promise<void> {
    await this.#freezer(1);
  }

  async thaw(): Promise<void> {
    await this.#freezer(0);
  }

  processes(): readonly number[] {
    return pidsIn(this.#directory);
  }

  statistics(): ReturnType<ContainerCgroup['statistics']> {
    return statisticsV2(this.#directory);
  }

  /** Linux 5.14. */
  killAll(): void {
    try {
      writeControl(join(this.#directory, 'cgroup.kill'), '1');
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' && !existsSync(this.#directory)) return;
      throw new EngineError('Unavailable', `Cannot kill the processes of ${this.#directory}: ${errnoOf(error)}`, { cause: error });
    }
  }

  async #freezer(state: 0 | 1): Promise<void> {
    writeControl(join(this.#directory, 'cgroup.freeze'), String(state));
    const events = join(this.#directory, 'cgroup.events');
    await waitUntil(() => readTable(events)['frozen'] === state, 10_000, `${state === 1 ? 'freeze' : 'thaw'} cgroup`);
  }
}

function featuresOf(root: string): CgroupFeatures {
  const controllers = new Set(words(join(root, 'cgroup.controllers')));
  return {
    memory: controllers.has('memory'),
    swap: controllers.has('memory'),
    oomKillDisable: false,
    swappiness: false,
    cpuShares: controllers.has('cpu'),
    cpuQuota: controllers.has('cpu'),
    cpuset: controllers.has('cpuset'),
    pids: controllers.has('pids'),
    ioWeight: controllers.has('io'),
    ioThrottle: controllers.has('io'),
  };
}
