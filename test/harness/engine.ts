import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ok, run, cleanEnvironment, type CommandOptions, type Finished } from './command.ts';
import { leaksOf, machineState } from './leaks.ts';

// Bridges, packet filter rules and sysctls of an engine under test stay in a network namespace of its own, which this process keeps.
const networkKeeper = ['unshare', '--net', 'sh', '-c', 'busybox ip link set lo up; echo up; exec sleep infinity'];

/** The executable under test; `make build` makes it. */
export const berthPath = resolve('dist/berth');

export interface EngineOptions {
  /** More words for `berth daemon`. */
  readonly flags?: readonly string[];
  /** `shared`: the network of this process, so that the engine reaches what a test serves; it has no bridge then. Default: one of its own. */
  readonly network?: 'own' | 'shared';
}

/**
 * A real engine in roots of its own, driven by the real `docker` client and by `berth`. Leaving the block removes its containers, stops it
 * and fails when anything is left on the machine: mounts, cgroups, processes, links, files.
 */
export async function startEngine(options: EngineOptions = {}): Promise<TestEngine> {
  if (!existsSync(berthPath)) throw new Error('dist/berth is missing: run `make build`');
  const root = mkdtempSync(join(tmpdir(), 'bt-'));
  const before = machineState();
  const engine = new TestEngine(root, options, before);
  await engine.start();
  return engine;
}

export class TestEngine implements AsyncDisposable {
  readonly root: string;
  readonly socket: string;
  #log = '';
  #networkKeeper: Bun.Subprocess<'ignore', 'pipe', 'inherit'> | undefined;
  #daemon: Bun.Subprocess<'ignore', 'ignore', 'pipe'> | undefined;
  readonly #flags: readonly string[];
  readonly #shared: boolean;
  readonly #before: ReturnType<typeof machineState>;

  constructor(root: string, { flags = [], network }: EngineOptions, before: ReturnType<typeof machineState>) {
    this.root = root;
    this.socket = join(root, 'berth.sock');
    this.#flags = flags;
    this.#shared = network === 'shared';
    this.#before = before;
    mkdirSync(join(root, 'config'));
  }

  /** All the engine has logged, over restarts. */
  get log(): string {
    return this.#log;
  }

  get pid(): number {
    return this.#daemon?.pid ?? 0;
  }

  /** Starts the engine and waits until it says that it listens. */
  async start(): Promise<void> {
    const daemon = Bun.spawn({
      cmd: [
        ...['nsenter', `--net=${await this.#network()}`],
        berthPath,
        'daemon',
        ...['--data-root', join(this.root, 'data'), '--exec-root', join(this.root, 'run'), '--host', `unix://${this.socket}`],
        ...['--pidfile', join(this.root, 'berth.pid'), '--bridge', this.#shared ? 'none' : `bt${this.root.slice(-6).toLowerCase()}`],
        ...this.#flags,
      ],
      env: cleanEnvironment(),
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'pipe',
    });
    this.#daemon = daemon;
    const listening = Promise.withResolvers<void>();
    const from = this.#log.length;
    const reading = (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of daemon.stderr) {
        this.#log += decoder.decode(chunk, { stream: true });
        if (this.#log.indexOf('API listen on', from) >= 0) listening.resolve();
      }
    })();
    const died = reading.then(async () => {
      throw new Error(`The engine ended with ${await daemon.exited} before it listened:\n${this.#log.slice(from)}`);
    });
    died.catch(() => {}); // After it listens its end is no error.
    await Promise.race([listening.promise, died]);
  }

  /** Stops the engine as a service manager would. Containers run on. */
  async stop(): Promise<number> {
    this.#daemon?.kill('SIGTERM');
    return (await this.#daemon?.exited) ?? 0;
  }

  /** The engine dies at once, as by `kill -9`. */
  async kill(): Promise<void> {
    this.#daemon?.kill('SIGKILL');
    await this.#daemon?.exited;
  }

  /** Runs a command in the network that this engine takes for its host's. */
  async onNetwork(command: readonly string[], options: CommandOptions = {}): Promise<Finished> {
    return await run(['nsenter', `--net=${await this.#network()}`, ...command], options);
  }

  async #network(): Promise<string> {
    if (this.#shared) return '/proc/self/ns/net';
    if (this.#networkKeeper === undefined) {
      this.#networkKeeper = Bun.spawn({ cmd: networkKeeper, stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' });
      await this.#networkKeeper.stdout.getReader().read();
    }
    return `/proc/${this.#networkKeeper.pid}/ns/net`;
  }

  get environment(): Record<string, string> {
    return { DOCKER_HOST: `unix://${this.socket}`, BERTH_HOST: `unix://${this.socket}`, DOCKER_CONFIG: join(this.root, 'config') };
  }

  /** The real docker client against this engine. */
  docker(words: readonly string[], options: CommandOptions = {}): Promise<Finished> {
    return run(['docker', ...words], { ...options, env: { ...this.environment, ...options.env } });
  }

  berth(words: readonly string[], options: CommandOptions = {}): Promise<Finished> {
    return run([berthPath, ...words], { ...options, env: { ...this.environment, ...options.env } });
  }

  /** The docker client, for a command that has to succeed: its trimmed stdout. */
  dockerOk(words: readonly string[], options: CommandOptions = {}): Promise<string> {
    return ok(['docker', ...words], { ...options, env: { ...this.environment, ...options.env } });
  }

  berthOk(words: readonly string[], options: CommandOptions = {}): Promise<string> {
    return ok([berthPath, ...words], { ...options, env: { ...this.environment, ...options.env } });
  }

  /** A raw API call. */
  async api(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    return await fetch(`http://engine${path}`, {
      method,
      unix: this.socket,
      ...(signal === undefined ? {} : { signal }),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
  }

  /** Removes every container of this engine. */
  async removeContainers(): Promise<void> {
    const list = (await (await this.api('GET', '/containers/json?all=1')).json()) as ReadonlyArray<{ readonly Id: string }>;
    await Promise.all(list.map(({ Id }) => this.api('DELETE', `/containers/${Id}?force=1&v=1`)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.#daemon?.exitCode !== null || this.#daemon.signalCode !== null) await this.start();
      await this.removeContainers();
    } finally {
      await this.stop();
    }
    const devices = this.#shared ? [] : (await this.onNetwork(['ls', '/proc/sys/net/ipv4/conf'])).stdout.trim().split('\n');
    this.#networkKeeper?.kill('SIGKILL');
    await this.#networkKeeper?.exited;
    const left = devices.filter((name) => !['all', 'default', 'lo'].includes(name) && !name.startsWith('veth'));
    const leaks = [...(await leaksOf(this.#before, this.root)), ...left.map((name) => `network device ${name}`)];
    rmSync(this.root, { recursive: true, force: true });
    if (leaks.length > 0) throw new Error(`Left behind by the engine:\n${leaks.join('\n')}\nIts log:\n${this.#log.slice(-4000)}`);
  }
}
