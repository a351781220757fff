import { copyFileSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRootWorkers } from '../archive/index.ts';
import { newId, silentLog } from '../base/index.ts';
import { openDiskStore } from '../content/index.ts';
import { openImageStore } from '../image/index.ts';
import { createRuntime } from '../runtime/index.ts';
import { openSnapshotStore } from '../snapshot/index.ts';
import { openVolumeStore } from '../volume/index.ts';
import type { ContainerRecord } from './contract.ts';
import { openDatabase, openHouse, type House } from './index.ts';
import { configOf, hostConfigOf, recordOf } from './house.test-helper.ts';

const applets = 'sh ls cat id ps sleep echo true false head env pwd mkdir rm touch printf tail stty kill seq wc dd';

/** An engine with every room real, in roots of its own, with containers of busybox. */
export async function openTestHouse(): Promise<TestHouse> {
  const root = mkdtempSync(join(tmpdir(), 'berth-house-'));
  const cgroupParent = `berth-test-${newId().slice(0, 8)}`;
  const database = openDatabase(join(root, 'berth.db'));
  const runtime = createRuntime({ launcher: join(import.meta.dir, '../../build/launcher'), cgroupParent, log: silentLog });
  const rootWorkers = openRootWorkers();
  const snapshots = openSnapshotStore({
    database,
    directory: join(root, 'snapshots'),
    runDirectory: join(root, 'mounts'),
    workers: rootWorkers,
    log: silentLog,
  });
  const content = openDiskStore({ directory: join(root, 'content') });
  const house = await openHouse({
    log: silentLog,
    dataRoot: join(root, 'data'),
    execRoot: join(root, 'run'),
    database,
    runtime,
    images: openImageStore({ database, content, snapshots, rootWorkers, log: silentLog, clock: { now: () => new Date() } }),
    snapshots,
    content,
    volumes: openVolumeStore({ database, root: join(root, 'volumes') }),
    rootWorkers,
    defaults: { cgroupParent: `/${cgroupParent}` },
  });
  return new TestHouse(house, root, async () => {
    await house[Symbol.asyncDispose]();
    await runtime[Symbol.asyncDispose]();
    await rootWorkers[Symbol.asyncDispose]();
    database.close();
    rmSync(root, { recursive: true, force: true });
    for (const line of readFileSync('/proc/self/mountinfo', 'utf8').matchAll(/^\S+ \S+ \S+ \S+ (\S+) .* - cgroup2? /gm)) {
      if (existsSync(join(line[1]!, cgroupParent))) rmdirSync(join(line[1]!, cgroupParent));
    }
  });
}

export class TestHouse implements AsyncDisposable {
  readonly house: House;
  readonly root: string;
  readonly #close: () => Promise<void>;

  constructor(house: House, root: string, close: () => Promise<void>) {
    this.house = house;
    this.root = root;
    this.#close = close;
  }

  /** A created container; its own layer holds busybox. */
  async container(
    command: readonly string[],
    own: { readonly config?: Partial<ContainerRecord['config']>; readonly hostConfig?: Partial<ContainerRecord['hostConfig']> } = {},
  ): Promise<ContainerRecord> {
    const id = newId();
    await this.house.snapshots.prepare(id, null);
    fillRoot(this.house.snapshots.directories(id).upper);
    const directory = join(this.house.dataRoot, 'containers', id);
    mkdirSync(directory, { recursive: true });
    for (const name of ['hosts', 'hostname', 'resolv.conf']) writeFileSync(join(directory, name), '');
    const [path = '', ...args] = command;
    const record = recordOf({
      id,
      name: `test_${id.slice(0, 8)}`,
      config: configOf({ Hostname: id.slice(0, 12), Cmd: command, ...own.config }),
      hostConfig: hostConfigOf({
        LogConfig: { Type: 'json-file', Config: {} },
        CgroupParent: '',
        IpcMode: 'private',
        ShmSize: 2 ** 20,
        ...own.hostConfig,
      }),
      process: { path, args },
      paths: {
        log: join(directory, `${id}-json.log`),
        resolvConf: join(directory, 'resolv.conf'),
        hostname: join(directory, 'hostname'),
        hosts: join(directory, 'hosts'),
        sandboxKey: '',
      },
    });
    this.house.records.insert(record);
    return record;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const signal = AbortSignal.timeout(30_000);
    const { removeContainer } = await import('./index.ts');
    for (const { id } of this.house.records.list()) {
      await removeContainer(this.house, id, { force: true, volumes: true, link: false }, { signal });
    }
    await this.#close();
  }
}

function fillRoot(directory: string): void {
  for (const name of ['bin', 'etc', 'proc', 'sys', 'dev', 'tmp', 'data']) mkdirSync(join(directory, name), { recursive: true });
  copyFileSync('/bin/busybox', join(directory, 'bin/busybox'));
  for (const name of applets.split(' ')) symlinkSync('busybox', join(directory, 'bin', name));
  writeFileSync(join(directory, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n');
  writeFileSync(join(directory, 'etc/group'), 'root:x:0:\napp:x:1000:\n');
}
