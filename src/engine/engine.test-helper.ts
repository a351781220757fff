import type { Database } from 'bun:sqlite';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRootWorkers, type RootWorkers } from '../archive/index.ts';
import { newId, silentLog } from '../base/index.ts';
import { openDiskStore } from '../content/index.ts';
import { openImageStore } from '../image/index.ts';
import { createRuntime, type Runtime } from '../runtime/index.ts';
import { openSnapshotStore } from '../snapshot/index.ts';
import type { ContainerConfig, HostConfig, ImageExecutionConfig } from '../spec/index.ts';
import { openVolumeStore } from '../volume/index.ts';
import { configOf, hostConfigOf } from './house.test-helper.ts';
import {
  containerLogs,
  createContainer,
  listContainers,
  openDatabase,
  openHouse,
  removeContainer,
  startContainer,
  subscribeEvents,
  systemClock,
  waitContainer,
  type EngineDefaults,
  type EngineEvent,
  type House,
  type WaitResult,
} from './index.ts';

export const never = new AbortController().signal;
const launcherPath = join(import.meta.dir, '../../build/launcher');

export interface RunRequest {
  readonly name?: string;
  readonly config?: Partial<ContainerConfig>;
  readonly hostConfig?: Partial<HostConfig>;
}

/** A real engine without its HTTP door, in roots of its own, with an image `busybox`. */
export class TestHouse implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'berth-engine-'));
  readonly cgroupParent = `berth-engine-${newId().slice(0, 8)}`;
  house!: House;
  #database!: Database;
  #runtime!: Runtime;
  #workers!: RootWorkers;

  static async open(image: ImageExecutionConfig = { Cmd: ['sh'] }): Promise<TestHouse> {
    const bed = new TestHouse();
    await bed.openAgain();
    await bed.importBusybox(image);
    return bed;
  }

  /** Another engine on the same roots. */
  async openAgain(defaults: Partial<EngineDefaults> = {}): Promise<void> {
    const { directory } = this;
    const log = silentLog;
    const execRoot = join(directory, 'run');
    mkdirSync(execRoot, { recursive: true });
    const database = openDatabase(join(directory, 'db.sqlite'));
    const workers = openRootWorkers();
    const content = openDiskStore({ directory: join(directory, 'content') });
    const snapshots = openSnapshotStore({
      database,
      directory: join(directory, 'snapshots'),
      runDirectory: join(execRoot, 'mounts'),
      workers,
      log,
    });
    const images = openImageStore({ database, content, snapshots, rootWorkers: workers, log, clock: systemClock() });
    const runtime = createRuntime({ launcher: launcherPath, cgroupParent: this.cgroupParent, log });
    const volumes = openVolumeStore({ database, root: join(directory, 'volumes') });
    this.#database = database;
    this.#runtime = runtime;
    this.#workers = workers;
    this.house = await openHouse({
      ...{ log, dataRoot: directory, execRoot, database, runtime, images, snapshots, content, volumes, rootWorkers: workers },
      defaults: { cgroupParent: `/${this.cgroupParent}`, ...defaults },
    });
  }

  /** The engine ends; containers run on. */
  async close(): Promise<void> {
    await this.house[Symbol.asyncDispose]();
    await this.#runtime[Symbol.asyncDispose]();
    await this.#workers[Symbol.asyncDispose]();
    this.#database.close();
  }

  async importBusybox(config: ImageExecutionConfig): Promise<void> {
    const root = join(this.directory, 'root');
    for (const name of ['bin', 'proc', 'dev', 'etc', 'tmp', 'sys', 'data/sub']) mkdirSync(join(root, name), { recursive: true });
    copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
    const applets = 'true false sh cat ls ps sleep echo id mount kill env hostname touch head tail grep wc stat'.split(' ');
    for (const name of applets) symlinkSync('busybox', join(root, 'bin', name));
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nann:x:1000:1001:Ann:/home/ann:/bin/sh\n');
    writeFileSync(join(root, 'etc/group'), 'root:x:0:\nstaff:x:1001:\ndisk:x:77:\n');
    writeFileSync(join(root, 'data/file'), 'from the image\n');
    const tar = new Uint8Array(Bun.spawnSync(['tar', '--owner=0', '--group=0', '-C', root, '-c', '.']).stdout);
    const stream = new Blob([tar]).stream();
    await this.house.images.importRoot(stream, { reference: 'busybox', config }, { signal: never });
    rmSync(root, { recursive: true });
  }

  async create({ name = '', config = {}, hostConfig = {} }: RunRequest): Promise<string> {
    const request = { name, config: configOf(config), hostConfig: hostConfigOf(hostConfig), endpoints: {} };
    return (await createContainer(this.house, request, { signal: never })).id;
  }

  /** Create and start. */
  async start(request: RunRequest): Promise<string> {
    const id = await this.create(request);
    await startContainer(this.house, id, { signal: never });
    return id;
  }

  /** Create, start, wait; what it printed and how it ended. */
  async run(request: RunRequest): Promise<{ readonly id: string; readonly result: WaitResult; readonly output: string }> {
    const id = await this.create(request);
    const result = waitContainer(this.house, id, 'next-exit', { signal: never });
    await startContainer(this.house, id, { signal: never });
    return { id, result: await result, output: await this.output(id) };
  }

  async output(id: string): Promise<string> {
    const request = { follow: false, stdout: true, stderr: true, timestamps: false, details: false };
    const { output } = await containerLogs(this.house, id, request, { signal: never });
    let text = '';
    for await (const { bytes } of output) text += new TextDecoder().decode(bytes);
    return text;
  }

  /** The first event that matches, from now on. */
  event(matches: (event: EngineEvent) => boolean): Promise<EngineEvent> {
    const abort = new AbortController();
    const events = subscribeEvents(this.house, { filters: {} }, { signal: abort.signal });
    return (async () => {
      for await (const event of events) if (matches(event)) return event;
      throw new Error('events ended');
    })().finally(() => abort.abort());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { record } of await listContainers(this.house, { all: true, size: false, filters: {} }, { signal: never })) {
      await removeContainer(this.house, record.id, { force: true, volumes: true, link: false }, { signal: never });
    }
    await this.close();
    const left = [
      ...cgroupsOf(this.cgroupParent).flatMap((path) =>
        readdirSync(path, { withFileTypes: true })
          .filter((each) => each.isDirectory())
          .map(({ name }) => name),
      ),
      ...readdirSync(join(this.directory, 'run/containers')),
    ];
    for (const path of cgroupsOf(this.cgroupParent)) rmdirSync(path);
    rmSync(this.directory, { recursive: true, force: true });
    if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`);
  }
}

function cgroupsOf(parent: string): readonly string[] {
  const roots = ['/sys/fs/cgroup', ...readdirSync('/sys/fs/cgroup').map((name) => join('/sys/fs/cgroup', name))];
  return roots.map((root) => join(root, parent)).filter((path) => existsSync(path));
}
