/** The engines that are timed side by side: one private network and mount namespace, one disk, started and stopped by pid. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export interface Engine {
  readonly name: 'berth' | 'dockerd';
  readonly socket: string;
  readonly cli: readonly string[];
  readonly pid: number;
}

export class Peers implements AsyncDisposable {
  readonly root = mkdtempSync(join(tmpdir(), 'bb-'));
  #holder: Bun.Subprocess | undefined;
  readonly #daemons: Bun.Subprocess[] = [];

  /** A disk of its own with a journal: the machine's may have none, which makes unpacking after a removal ten times as slow. */
  async open(): Promise<void> {
    mkdirSync(join(this.root, 'disk'));
    const image = join(this.root, 'disk.img');
    await sh(`truncate -s 20G ${image} && mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0 ${image}`);
    this.#holder = Bun.spawn({
      cmd: [
        ...['unshare', '--net', '--mount', '--propagation', 'private', 'sh', '-c'],
        `ip link set lo up; grep -q ' /sys/fs/cgroup/unified ' /proc/mounts && umount /sys/fs/cgroup/unified; mount -o loop ${image} ${this.root}/disk && echo up && exec sleep infinity`,
      ],
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'inherit',
    });
    const reader = (this.#holder.stdout as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    reader.releaseLock();
  }

  /** A process of the namespaces. */
  get holder(): number {
    return this.#holder?.pid ?? 0;
  }

  /** The words before a command to run it in the namespaces. */
  get inside(): readonly string[] {
    return ['nsenter', '-t', String(this.holder), '-n', '-m', `--wd=${process.cwd()}`];
  }

  async dockerd(): Promise<Engine> {
    const socket = join(this.root, 'docker.sock');
    const pid = await this.#start('dockerd', [
      ...['dockerd', '--data-root', `${this.root}/disk/docker`, '--exec-root', `${this.root}/docker-run`, '-H', `unix://${socket}`],
      ...['--pidfile', `${this.root}/docker.pid`],
    ]);
    await answers(socket);
    return { name: 'dockerd', socket, cli: ['docker', '-H', `unix://${socket}`], pid };
  }

  async berth(): Promise<Engine> {
    const socket = join(this.root, 'berth.sock');
    const pid = await this.#start('berth', [
      ...[
        resolve('dist/berth'),
        'daemon',
        '--data-root',
        `${this.root}/disk/berth`,
        '--exec-root',
        `${this.root}/r`,
        '--host',
        `unix://${socket}`,
      ],
      ...['--pidfile', `${this.root}/berth.pid`],
    ]);
    await answers(socket);
    return { name: 'berth', socket, cli: ['dist/berth', '-H', `unix://${socket}`], pid };
  }

  async #start(name: string, command: readonly string[]): Promise<number> {
    const log = Bun.file(join(this.root, `${name}.log`));
    const daemon = Bun.spawn({ cmd: [...this.inside, ...command], stdin: 'ignore', stdout: log, stderr: log });
    this.#daemons.push(daemon);
    return daemon.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const daemon of this.#daemons.toReversed()) {
      daemon.kill('SIGTERM');
      await daemon.exited;
    }
    this.#holder?.kill('SIGKILL');
    await this.#holder?.exited;
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Runs a shell command, returns its trimmed stdout. @throws with what it said when it fails. */
export async function sh(command: string, prefix: readonly string[] = []): Promise<string> {
  const child = Bun.spawn({ cmd: [...prefix, 'sh', '-c', command], stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' });
  const [out, err, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
  if (code !== 0) throw new Error(`${command}: exit ${code}: ${err || out}`);
  return out.trim();
}

/** One API call, its JSON. */
/* oxlint-disable-next-line typescript/no-explicit-any -- answers of two engines, read by each scenario */
export async function call(socket: string, method: string, path: string, body?: unknown): Promise<any> {
  const response = await fetch(`http://engine/v1.41${path}`, {
    method,
    unix: socket,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const text = await response.text();
  if (response.status >= 400) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text.split('\n')[0]!);
}

async function answers(socket: string): Promise<void> {
  for (let round = 0; round < 3000; round += 1) {
    if (existsSync(socket)) {
      try {
        await call(socket, 'GET', '/info');
        return;
      } catch {
        // Not listening yet: asked again.
      }
    }
    await Bun.sleep(10);
  }
  throw new Error(`No engine answers at ${socket}`);
}

/** Images for both: busybox, and a Debian of more than 100 MB. Files are kept between runs. */
export async function benchImages(): Promise<{ readonly busybox: string; readonly debian: string; readonly bundle: string }> {
  // Relative: the folder of the checkout may have a space in its name.
  const folder = 'build/cache/bench';
  mkdirSync(folder, { recursive: true });
  const root = `${folder}/bundle/rootfs`;
  if (!existsSync(root)) {
    await sh(
      `mkdir -p ${root}/bin ${root}/proc ${root}/sys ${root}/dev ${root}/tmp ${root}/etc && cp "$(command -v busybox)" ${root}/bin/busybox && for a in sh true sleep cat echo; do ln -s busybox ${root}/bin/$a; done`,
    );
    writeFileSync(`${root}/etc/passwd`, 'root:x:0:0:root:/root:/bin/sh\n');
  }
  if (!existsSync(`${folder}/debian.tar`))
    await sh(
      `mmdebstrap --variant=minbase --quiet --include=python3,perl bookworm ${folder}/d.tar && mv ${folder}/d.tar ${folder}/debian.tar`,
    );
  if (!existsSync(`${folder}/busybox.tar`)) await sh(`tar -C ${root} -cf ${folder}/busybox.tar .`);
  return { busybox: `${folder}/busybox.tar`, debian: `${folder}/debian.tar`, bundle: resolve(folder, 'bundle') };
}
