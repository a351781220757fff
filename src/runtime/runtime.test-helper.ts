import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId, silentLog } from '../base/index.ts';
import type { RuntimeProcess, RuntimeSpec } from '../spec/index.ts';
import { createCgroupDriver, createRuntime, type ContainerProcess, type Runtime, type StdioRequest } from './index.ts';

export const launcherPath = join(import.meta.dir, '../../build/launcher');
export const never = new AbortController().signal;
export const pipes: StdioRequest = { kind: 'pipes', stdin: false };

export interface StartOptions {
  readonly stdio?: StdioRequest;
  readonly process?: Partial<RuntimeProcess>;
  readonly spec?: Partial<RuntimeSpec>;
  readonly signal?: AbortSignal;
  readonly prepare?: (pid: number) => Promise<void>;
}

/** A busybox root, a runtime with a cgroup parent of its own, and containers with little around them. */
export class TestBed implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'berth-runtime-'));
  readonly root = join(this.directory, 'root');
  readonly cgroupParent = `berth-test-${newId().slice(0, 8)}`;
  readonly #made: Array<{ readonly id: string; readonly runDirectory: string }> = [];
  runtime: Runtime;

  constructor() {
    for (const name of ['bin', 'proc', 'dev', 'etc', 'tmp', 'sys']) mkdirSync(join(this.root, name), { recursive: true });
    copyFileSync('/bin/busybox', join(this.root, 'bin/busybox'));
    for (const name of 'true false sh cat ls ps sleep echo id stty head dd hostname mount kill printf test wc env readlink'.split(' ')) {
      symlinkSync('busybox', join(this.root, 'bin', name));
    }
    writeFileSync(join(this.root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nann:x:1000:1001:Ann:/home/ann:/bin/sh\n');
    writeFileSync(join(this.root, 'etc/group'), 'root:x:0:\nstaff:x:1001:\ndisk:x:77:bob,ann\n');
    this.runtime = this.newRuntime();
  }

  newRuntime(): Runtime {
    return createRuntime({ launcher: launcherPath, cgroupParent: this.cgroupParent, log: silentLog });
  }

  /** Takes care of a container that another process started. */
  adopt(container: { readonly id: string; readonly runDirectory: string }): void {
    this.#made.push(container);
  }

  async start(args: readonly string[], options: StartOptions = {}) {
    return this.#start(this.directory, args, options);
  }

  async startIn(directory: string, args: readonly string[], stdio: StdioRequest) {
    return this.#start(directory, args, { stdio });
  }

  async #start(directory: string, args: readonly string[], options: StartOptions) {
    const id = newId();
    const runDirectory = join(directory, id);
    mkdirSync(runDirectory);
    this.#made.push({ id, runDirectory });
    const { prepare, stdio = pipes } = options;
    const spec = { ...this.spec({ args, terminal: stdio.kind === 'terminal', ...options.process }), ...options.spec };
    const request = { id, runDirectory, spec, stdio, ...(prepare === undefined ? {} : { prepare }) };
    const process = await this.runtime.start(request, { signal: options.signal ?? never });
    return { id, runDirectory, process, spec };
  }

  spec(process: Partial<RuntimeProcess>): RuntimeSpec {
    return {
      ociVersion: '1.2.0',
      root: { path: this.root },
      hostname: 'berth-test',
      process: { cwd: '/', env: ['PATH=/bin'], args: ['true'], user: { uid: 0, gid: 0 }, ...process },
      mounts: [
        { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
        { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=65536k'] },
        {
          destination: '/dev/pts',
          type: 'devpts',
          source: 'devpts',
          options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620'],
        },
      ],
      rootMounts: [{ type: 'bind', source: this.root, options: ['rbind'] }],
      linux: {
        namespaces: (['pid', 'mount', 'uts', 'ipc', 'network', 'cgroup'] as const).map((type) => ({ type })),
        maskedPaths: ['/proc/kcore', '/proc/acpi'],
        readonlyPaths: ['/proc/sys'],
      },
    };
  }

  /** Ids of the cgroups that are there. */
  cgroups(): readonly string[] {
    return createCgroupDriver().listOwned(this.cgroupParent);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { id, runDirectory } of this.#made) await this.runtime.delete(id, runDirectory);
    await createCgroupDriver().remove(`/${this.cgroupParent}`);
    await this.runtime[Symbol.asyncDispose]();
    rmSync(this.directory, { recursive: true });
  }
}

/** All output of a process as text, once it has ended. */
export async function outputOf(
  process: ContainerProcess,
): Promise<{ readonly stdout: string; readonly stderr: string; readonly exitCode: number }> {
  const text = { stdout: '', stderr: '' };
  const decoder = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  for await (const { stream, bytes } of process.output()) text[stream] += decoder[stream].decode(bytes, { stream: true });
  return { ...text, exitCode: (await process.exited).exitCode };
}

/** Reads output until it holds `wanted`. */
export async function until(output: AsyncIterator<{ readonly bytes: Uint8Array }>, wanted: string): Promise<string> {
  let got = '';
  while (!got.includes(wanted)) {
    const next = await output.next();
    if (next.done === true) throw new Error(`output ended with ${JSON.stringify(got)}`);
    got += new TextDecoder().decode(next.value.bytes);
  }
  return got;
}
