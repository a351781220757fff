import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { readFileSync } from 'node:fs';
import { EngineError, logLevels, messageOf, parseSize, type LogLevel } from '../../base/index.ts';
import type { EngineDefaults } from '../../engine/index.ts';
import { readConfigFile } from './config-file.ts';
import { parseFlags } from './parse-flags.ts';
import { settings, type SettingValue } from './settings.ts';

/** Where the engine listens. */
export type Listen =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly hostname: string; readonly port: number };

/** All that `berth daemon` was told, checked. */
export interface DaemonOptions {
  readonly listen: readonly Listen[];
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly pidfile: string;
  readonly group: string;
  readonly logLevel: LogLevel;
  readonly bridge: string;
  /** As a hierarchy path, `/berth`. */
  readonly cgroupParent: string;
  readonly defaults: Partial<EngineDefaults>;
  readonly registries: RegistrySettings;
  readonly shutdownTimeoutSeconds: number;
  /** Only say whether the configuration is good. */
  readonly validate: boolean;
  /** Settings that were given and have no effect yet. */
  readonly ignored: readonly string[];
}

/** What the daemon was told of registries. */
export interface RegistrySettings {
  readonly mirrors: readonly string[];
  readonly insecure: readonly string[];
  readonly certificateDirectories: readonly string[];
  /** Undefined: no rules. */
  readonly policyFile: string | undefined;
  /** Proxies, over the process's own environment. */
  readonly proxies: Readonly<Record<string, string>>;
  readonly downloads: number;
}

const defaultDataRoot = '/var/lib/berth';
const defaultCertificateDirectories = ['/etc/berth/certs.d', '/etc/docker/certs.d', '/etc/containers/certs.d'];
const defaultConfigFile = '/etc/berth/daemon.json';

/** Flags over the configuration file over the built-in values. @throws {EngineError} InvalidArgument, in dockerd's words. */
export function readDaemonOptions(argv: readonly string[]): DaemonOptions {
  const flags = parseFlags(argv);
  const named = byName(flags).text('config-file');
  const file = readConfigFile(named ?? defaultConfigFile, flags, named !== undefined);
  const given = byName(new Map([...file, ...flags]));
  const dataRoot = resolve(given.text('data-root') ?? defaultDataRoot);
  const execRoot = resolve(given.text('exec-root') ?? '/run/berth');
  const hosts = given.list('host');
  const parent = given.text('cgroup-parent');
  return {
    listen: (hosts.length === 0 ? [`unix://${execRoot}/berth.sock`] : hosts).map(parseListen),
    dataRoot,
    execRoot,
    pidfile: resolve(given.text('pidfile') ?? `${execRoot}/berth.pid`),
    group: given.text('group') ?? 'berth',
    logLevel: given.boolean('debug') === true ? 'debug' : parseLevel(given.text('log-level') ?? 'info'),
    bridge: given.text('bridge') ?? 'berth0',
    cgroupParent: ownCgroupParent(dataRoot),
    defaults: defaultsOf(given, parent),
    registries: registriesOf(given),
    shutdownTimeoutSeconds: given.integer('shutdown-timeout') ?? 15,
    validate: given.boolean('validate') === true,
    ignored: settings.filter((setting) => setting.later === true && (flags.has(setting) || file.has(setting))).map(({ flag }) => flag),
  };
}

/** Two engines side by side must never sweep each other: each data root has a parent of its own. */
export function ownCgroupParent(dataRoot: string): string {
  return dataRoot === defaultDataRoot ? '/berth' : `/berth-${createHash('sha256').update(dataRoot).digest('hex').slice(0, 8)}`;
}

/** @throws {EngineError} InvalidArgument. */
export function parseListen(host: string): Listen {
  const unix = /^unix:\/\/(\/?.+)$/.exec(host);
  if (unix !== null) return { kind: 'unix', path: resolve('/', unix[1]!) };
  const tcp = /^tcp:\/\/(\[[0-9a-fA-F:.]+\]|[^:/]*)(?::(\d{1,5}))?\/?$/.exec(host);
  const port = Number(tcp?.[2] ?? 2375);
  if (tcp === null || port > 65535)
    throw invalid(`invalid argument ${JSON.stringify(host)} for "-H, --host" flag: invalid bind address format: ${host}`);
  const hostname = tcp[1]!.replace(/^\[(.*)\]$/, '$1');
  // Whoever can connect is root on this machine: without TLS only programs on it may.
  if (!['', 'localhost', '::1'].includes(hostname) && !/^127(\.\d{1,3}){3}$/.test(hostname)) {
    throw invalid(`tcp://${hostname} would give root to everybody who can reach it: only loopback addresses are served without TLS`);
  }
  return { kind: 'tcp', hostname: hostname === '' ? '127.0.0.1' : hostname, port };
}

interface Given {
  text(flag: string): string | undefined;
  boolean(flag: string): boolean | undefined;
  integer(flag: string): number | undefined;
  list(flag: string): readonly string[];
  map(flag: string): Readonly<Record<string, unknown>>;
}

function byName(values: ReadonlyMap<{ readonly flag: string }, SettingValue>): Given {
  const named = new Map([...values].map(([{ flag }, value]) => [flag, value]));
  return {
    text: (flag) => named.get(flag) as string | undefined,
    boolean: (flag) => named.get(flag) as boolean | undefined,
    integer: (flag) => named.get(flag) as number | undefined,
    list: (flag) => (named.get(flag) as readonly string[] | undefined) ?? [],
    map: (flag) => (named.get(flag) as Readonly<Record<string, unknown>> | undefined) ?? {},
  };
}

function defaultsOf(given: Given, cgroupParent: string | undefined): Partial<EngineDefaults> {
  const found: { [K in keyof EngineDefaults]?: EngineDefaults[K] | undefined } = {
    logDriver: given.text('log-driver'),
    logOptions: given.map('log-opt') as Readonly<Record<string, string>>,
    ulimits: given.list('default-ulimit').map(parseUlimit),
    cgroupParent,
    cgroupnsMode: oneOf('default-cgroupns-mode', given.text('default-cgroupns-mode'), ['private', 'host']),
    ipcMode: oneOf('default-ipc-mode', given.text('default-ipc-mode'), ['private', 'shareable']),
    shmSizeBytes: optionalSize(given.text('default-shm-size')),
    stopTimeoutSeconds: given.integer('default-stop-timeout'),
    init: given.boolean('init'),
    initPath: given.text('init-path'),
    defaultRuntime: given.text('default-runtime'),
    runtimes: Object.fromEntries(Object.entries(given.map('add-runtime')).map(([name, value]) => [name, parseRuntime(value)])),
    labels: given.list('label'),
    dns: given.list('dns'),
    dnsOptions: given.list('dns-opt'),
    dnsSearch: given.list('dns-search'),
    noNewPrivileges: given.boolean('no-new-privileges'),
    seccompProfile: readProfile(given.text('seccomp-profile')),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)) as Partial<EngineDefaults>;
}

function registriesOf(given: Given): RegistrySettings {
  const proxies = { HTTP_PROXY: given.text('http-proxy'), HTTPS_PROXY: given.text('https-proxy'), NO_PROXY: given.text('no-proxy') };
  const downloads = given.integer('max-concurrent-downloads') ?? 3;
  if (downloads < 1) throw invalid(`invalid max concurrent downloads: ${downloads}`);
  return {
    mirrors: given.list('registry-mirror').map(parseMirror),
    insecure: given.list('insecure-registry'),
    certificateDirectories: given.list('certs-dir').length > 0 ? given.list('certs-dir') : defaultCertificateDirectories,
    policyFile: given.text('registry-policy'),
    proxies: Object.fromEntries(Object.entries(proxies).filter(([, value]) => value !== undefined)) as Record<string, string>,
    downloads,
  };
}

function parseMirror(text: string): string {
  if (/^https?:\/\/[^/?#@\s]+\/?$/.test(text)) return text;
  throw invalid(`invalid mirror: ${JSON.stringify(text)} must be http:// or https:// and a host`);
}

function parseUlimit(text: string): EngineDefaults['ulimits'][number] {
  const match = /^(\w+)=(-?\d+)(?::(-?\d+))?$/.exec(text);
  if (match === null) throw invalid(`invalid ulimit argument: ${text}`);
  return { Name: match[1]!, Soft: Number(match[2]), Hard: Number(match[3] ?? match[2]) };
}

function parseRuntime(value: unknown): EngineDefaults['runtimes'][string] {
  if (typeof value === 'string') return { path: value, args: [] };
  const { path, runtimeArgs } = (value ?? {}) as { readonly path?: unknown; readonly runtimeArgs?: unknown };
  if (typeof path !== 'string') throw invalid('invalid runtime: path is missing');
  return { path, args: Array.isArray(runtimeArgs) ? runtimeArgs.map(String) : [] };
}

function readProfile(path: string | undefined): string | undefined {
  if (path === undefined || path === '' || path === 'builtin') return undefined;
  if (path === 'unconfined') return '{"defaultAction":"SCMP_ACT_ALLOW"}';
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw invalid(`opening seccomp profile (${path}) failed: ${messageOf(error)}`);
  }
}

function oneOf(flag: string, value: string | undefined, known: readonly string[]): string | undefined {
  if (value === undefined || known.includes(value)) return value;
  throw invalid(`invalid argument ${JSON.stringify(value)} for "--${flag}": use ${known.join(' or ')}`);
}

function optionalSize(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseSize(text);
}

function parseLevel(text: string): LogLevel {
  const level = logLevels.find((each) => each === text);
  if (level === undefined) throw invalid(`unable to parse logging level: ${text}`);
  return level;
}

function invalid(message: string): EngineError {
  return new EngineError('InvalidArgument', message);
}
