import { mkdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createApi, HttpServer, type PullBuiltIn } from '../api/index.ts';
import { openRootWorkers } from '../archive/index.ts';
import { createLog, EngineError, messageOf, Scope, type Log } from '../base/index.ts';
import { openDiskStore } from '../content/index.ts';
import { openDatabase, openHouse, systemClock, type House } from '../engine/index.ts';
import { ensureHelloWorld, openImageStore, seedHelloWorld } from '../image/index.ts';
import { openRegistry, type Registry } from '../registry/index.ts';
import { createRuntime } from '../runtime/index.ts';
import { openSnapshotStore } from '../snapshot/index.ts';
import { openVolumeStore } from '../volume/index.ts';
import { lockDataRoot } from './data-root-lock.ts';
import { embedded } from './embedded.ts';
import { readDaemonOptions, type DaemonOptions, type Listen } from './options/daemon-options.ts';
import { daemonHelp } from './options/help.ts';
import { writePidfile } from './pidfile.ts';
import { program } from './program.ts';
import { readRegistryPolicy } from './registry-policy.ts';
import { removeCgroupParent } from './remove-cgroup-parent.ts';
import { clearSocketPath, protectSocket } from './unix-socket.ts';

/** `berth daemon`: runs until SIGTERM or SIGINT. @returns the exit code. */
export async function runDaemon(argv: readonly string[]): Promise<number> {
  if (argv.some((word) => word === '--help' || word === '-h')) {
    await Bun.write(Bun.stdout, daemonHelp());
    return 0;
  }
  let options: DaemonOptions;
  try {
    options = readDaemonOptions(argv);
  } catch (error) {
    await Bun.write(Bun.stderr, `${messageOf(error)}\n`);
    return error instanceof EngineError && /flag/.test(error.message.slice(0, 20)) ? 125 : 1;
  }
  if (options.validate) {
    await Bun.write(Bun.stdout, 'configuration OK\n');
    return 0;
  }
  const log = createLog(options.logLevel, writeStderr);
  try {
    await serve(options, log);
    return 0;
  } catch (error) {
    await Bun.write(Bun.stderr, `failed to start daemon: ${messageOf(error)}\n`);
    return 1;
  }
}

async function serve(options: DaemonOptions, log: Log): Promise<void> {
  const stopping = stopSignal(log);
  // One request's bug must not take the engine from the others: told loudly, and on it goes.
  for (const name of ['unhandledRejection', 'uncaughtException'] as const) {
    process.on(name, (error: unknown) => log.error('Bug in berth', { kind: name, error: messageOf(error), stack: stackOf(error) }));
  }
  for (const name of options.ignored) log.warn('Setting has no effect yet', { setting: name });
  await using _daemon = await startDaemon(options, log);
  log.info('Daemon has completed initialization', { version: program.version, pid: process.pid });
  await stopping;
  log.info('Stopping', { containers: 'run on' });
}

/**
 * An engine that serves its sockets when this resolves. Disposing it stops serving and lets go of everything; containers run on.
 * @throws {EngineError} Conflict, when another engine has the data root, the pidfile or a socket. Nothing is left behind then.
 */
export async function startDaemon(options: DaemonOptions, log: Log): Promise<AsyncDisposable> {
  const report = (error: unknown) => log.warn('Cannot clean up', { error: messageOf(error) });
  await using scope = new Scope(report);
  const held = new Scope(report);
  scope.defer(async () => await held[Symbol.asyncDispose]());
  mkdirSync(options.execRoot, { recursive: true, mode: 0o711 });
  held.defer(lockDataRoot(options.dataRoot));
  held.defer(writePidfile(options.pidfile));
  for (const address of options.listen) if (address.kind === 'unix') await clearSocketPath(address.path);
  const house = await buildHouse(options, log, held);
  const pullBuiltIn: PullBuiltIn = async (reference, abort) => {
    if (reference !== 'hello-world:latest') return false;
    await ensureHelloWorld(house.images, readFileSync(embedded.hello), abort);
    return true;
  };
  const server = new HttpServer({
    handler: createApi(house, program, pullBuiltIn),
    onFault: (error) => log.error('Connection failed', { error: messageOf(error), stack: stackOf(error) }),
  });
  held.defer(() => server.close());
  for (const address of options.listen) {
    listen(server, address, options, log);
    if (address.kind === 'unix') held.defer(() => rmSync(address.path, { force: true }));
  }
  scope.keep();
  return held;
}

async function buildHouse(options: DaemonOptions, log: Log, scope: Scope): Promise<House> {
  const { dataRoot, execRoot, cgroupParent } = options;
  const clock = systemClock();
  const database = openDatabase(join(dataRoot, 'berth.db'));
  scope.defer(() => database.close());
  const rootWorkers = openRootWorkers();
  scope.defer(async () => await rootWorkers[Symbol.asyncDispose]());
  const content = openDiskStore({ directory: join(dataRoot, 'content') });
  const snapshots = openSnapshotStore({
    database,
    directory: join(dataRoot, 'snapshots'),
    runDirectory: execRoot,
    workers: rootWorkers,
    log,
  });
  const { downloads } = options.registries;
  const images = openImageStore({ database, content, snapshots, rootWorkers, log, clock, downloads });
  const registry = openRegistries(options, log, scope);
  scope.defer(() => removeCgroupParent(cgroupParent));
  const runtime = createRuntime({ launcher: readFileSync(embedded.launcher), cgroupParent: cgroupParent.slice(1), log });
  scope.defer(async () => await runtime[Symbol.asyncDispose]());
  const volumes = openVolumeStore({ database, root: join(dataRoot, 'volumes') });
  const house = await openHouse({
    ...{ log, clock, dataRoot, execRoot, database, runtime, images, registry, snapshots, content, volumes, rootWorkers },
    bridge: options.bridge,
    defaults: { cgroupParent, ...options.defaults },
  });
  scope.defer(async () => await house[Symbol.asyncDispose]());
  await seedHelloWorld(images, readFileSync(embedded.hello), { signal: house.closing });
  return house;
}

// SIGHUP has the policy file read again; one that cannot be read changes nothing.
function openRegistries({ registries }: DaemonOptions, log: Log, scope: Scope): Registry {
  const registry = openRegistry({
    policy: readRegistryPolicy(registries),
    userAgent: `berth/${program.version}`,
    certificateDirectories: registries.certificateDirectories,
    env: { ...process.env, ...registries.proxies },
  });
  const reload = (): void => {
    try {
      registry.configure(readRegistryPolicy(registries));
      log.info('Registry policy was read again');
    } catch (error) {
      log.error('Registry policy stays as it was', { error: messageOf(error) });
    }
  };
  process.on('SIGHUP', reload);
  scope.defer(() => void process.off('SIGHUP', reload));
  return registry;
}

function listen(server: HttpServer, address: Listen, options: DaemonOptions, log: Log): void {
  const port = server.listen(address);
  if (address.kind === 'unix') protectSocket(address.path, options.group);
  log.info(`API listen on ${address.kind === 'unix' ? address.path : `${address.hostname}:${port}`}`);
}

/** Resolves at the first SIGTERM or SIGINT; the third ends the process at once, as dockerd's. */
function stopSignal(log: Log): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let count = 0;
  const stop = (name: string) => {
    count += 1;
    log.info('Signal', { signal: name });
    if (count >= 3) process.exit(1);
    resolve();
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  process.on('SIGPIPE', () => {});
  return promise;
}

// At once: what was logged must be there when the process dies. A log that cannot be written is no reason to stop.
function writeStderr(line: string): void {
  try {
    writeSync(2, line);
  } catch {
    return;
  }
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}
