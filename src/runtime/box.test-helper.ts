import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '../base/index.ts';
import type { RuntimeResources, RuntimeSpec } from '../spec/index.ts';
import { hostCapabilities } from './capabilities.ts';
import { createCgroupDriver, type CgroupDriver, type CgroupEntry } from './cgroup/index.ts';
import { plan } from './plan/index.ts';
import { encodeOps } from './protocol.ts';
import { SeccompCache } from './seccomp/index.ts';
import { dockerSpec } from './spec.test-helper.ts';

const launcher = join(import.meta.dir, '..', '..', 'build', 'launcher');
const applets =
  'sh ls cat id ps mount umount hostname stat mknod dd sleep grep echo true head wc chmod touch readlink tail ip kill df env pwd mkdir rm';

export interface BoxRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether the kernel killed for memory. */
  readonly oomKills: number;
}

/** A root of busybox, and containers run in it to their end, through the real launcher. */
export class Box implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'berth-box-'));
  readonly root = join(this.directory, 'root');
  readonly parent = `/berth-test-${newId().slice(0, 8)}`;
  readonly cgroups: CgroupDriver = createCgroupDriver();
  readonly #seccomp = new SeccompCache();

  constructor() {
    chmodSync(this.directory, 0o755);
    for (const name of ['bin', 'etc', 'proc', 'sys', 'dev', 'tmp', 'data']) mkdirSync(join(this.root, name), { recursive: true });
    copyFileSync('/bin/busybox', join(this.root, 'bin/busybox'));
    for (const name of applets.split(' ')) symlinkSync('busybox', join(this.root, 'bin', name));
    writeFileSync(join(this.root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n');
    writeFileSync(join(this.root, 'etc/group'), 'root:x:0:\napp:x:1000:\nextra:x:2000:app\naudio:x:29:\n');
  }

  /** Docker's own spec for a shell script; `change` makes it another. */
  spec(script: string, change: (spec: RuntimeSpec) => RuntimeSpec = (spec) => spec): RuntimeSpec {
    return change(dockerSpec(this.root, ['sh', '-c', script]));
  }

  async run(spec: RuntimeSpec, options: { readonly resources?: RuntimeResources; readonly id?: string } = {}): Promise<BoxRun> {
    const id = options.id ?? newId();
    const path = `${this.parent}/${id}`;
    const cgroup = this.cgroups.create(path, { ...spec.linux.resources, ...options.resources });
    try {
      const ops = plan(spec, {
        id,
        runDirectory: '',
        bundle: this.directory,
        stdio: { kind: 'inherit' },
        // `launcher run` takes no descriptors, so in a v2 tree the process writes itself in.
        cgroup: {
          ...cgroup,
          join: { kind: 'write', files: filesOf(cgroup.join) },
          oomWatch: cgroup.oomWatch,
          mounts: cgroup.mounts,
          slot: -1,
        },
        hostCapabilities: hostCapabilities(readFileSync('/proc/self/status', 'utf8')),
        compileSeccomp: (seccomp) => this.#seccomp.compile(seccomp),
        freeSlot: 0,
      });
      const list = join(this.directory, `ops-${id}`);
      writeFileSync(list, encodeOps(ops));
      const child = Bun.spawn([launcher, 'run', list], { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' });
      const [stdout, stderr, exitCode] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
        child.exited,
      ]);
      const oomKills = Number(
        /^oom_kill (\d+)$/m.exec(cgroup.oomWatch === undefined ? '' : readFileSync(cgroup.oomWatch, 'utf8'))?.[1] ?? 0,
      );
      return { exitCode, stdout, stderr, oomKills };
    } finally {
      await this.cgroups.remove(path);
    }
  }

  /** What a script prints in Docker's default container. */
  async sh(script: string, change?: (spec: RuntimeSpec) => RuntimeSpec, resources?: RuntimeResources): Promise<string> {
    const { stdout, stderr, exitCode } = await this.run(this.spec(script, change), resources === undefined ? {} : { resources });
    if (exitCode !== 0) throw new Error(`exit ${exitCode}: ${stdout}${stderr}`);
    return stdout.trimEnd();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.directory, { recursive: true, force: true });
    this.cgroups.removeEmpty(this.parent);
  }
}

function filesOf(entry: CgroupEntry): readonly string[] {
  const own = entry.directory === undefined ? [] : [join(entry.directory, 'cgroup.procs')];
  return [...own, ...(entry.kind === 'write' ? entry.files : [])];
}
