import { EngineError, parseDuration } from '../base/index.ts';
import type { HealthConfig, ImageExecutionConfig } from '../spec/index.ts';
import { expandText, expandWords, readPairs } from './change-words.ts';

type Draft = { -readonly [K in keyof ImageExecutionConfig]: ImageExecutionConfig[K] };
type Apply = (draft: Draft, rest: string, context: Context) => void;

interface Context {
  readonly env: ReadonlyMap<string, string>;
  /** Whether these changes set CMD: if not, ENTRYPOINT takes the old one away. */
  readonly commandSet: boolean;
}

const maxChanges = 1000;

/**
 * `config` after the Dockerfile instructions of `--change` (moby builder/dockerfile/builder.go, `BuildFromConfig`).
 * @throws {EngineError} InvalidArgument, in Docker's words.
 */
export function applyChanges(config: ImageExecutionConfig, changes: readonly string[]): ImageExecutionConfig {
  if (changes.length > maxChanges) throw invalid(`more than ${maxChanges} changes`);
  const draft: Draft = { ...config };
  let commandSet = false;
  for (const line of changes.flatMap((change) => change.split('\n'))) {
    const text = line.trim();
    if (text === '' || text.startsWith('#')) continue;
    const [, word = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(text) ?? [];
    const instruction = word.toUpperCase();
    const apply = instructions.get(instruction);
    if (apply === undefined)
      throw invalid(known.has(instruction) ? `${instruction} is not a valid change command` : `unknown instruction: ${instruction}`);
    if (rest === '' && instruction !== 'CMD' && instruction !== 'ENTRYPOINT') throw needs(instruction);
    apply(draft, rest, { env: environment(draft.Env), commandSet });
    if (instruction === 'CMD') commandSet = true;
  }
  return draft;
}

const instructions: ReadonlyMap<string, Apply> = new Map<string, Apply>([
  ['CMD', (draft, rest) => void (draft.Cmd = command(draft, rest))],
  ['ENTRYPOINT', applyEntrypoint],
  ['ENV', applyEnv],
  ['EXPOSE', applyExpose],
  ['HEALTHCHECK', applyHealthcheck],
  ['LABEL', applyLabel],
  ['ONBUILD', applyOnBuild],
  ['SHELL', applyShell],
  ['STOPSIGNAL', applyStopSignal],
  ['USER', (draft, rest, { env }) => void (draft.User = oneWord('USER', rest, env))],
  ['VOLUME', applyVolume],
  ['WORKDIR', applyWorkdir],
]);
const known: ReadonlySet<string> = new Set(['ADD', 'ARG', 'COPY', 'FROM', 'MAINTAINER', 'RUN']);

function applyEntrypoint(draft: Draft, rest: string, { commandSet }: Context): void {
  const entrypoint = command(draft, rest);
  draft.Entrypoint = entrypoint.length === 0 ? null : entrypoint;
  if (!commandSet) draft.Cmd = null;
}

function applyEnv(draft: Draft, rest: string, { env }: Context): void {
  const list = [...(draft.Env ?? [])];
  for (const [name, value] of readPairs('ENV', rest, env)) {
    const at = list.findIndex((line) => line.startsWith(`${name}=`) || line === name);
    if (at < 0) list.push(`${name}=${value}`);
    else list[at] = `${name}=${value}`;
  }
  draft.Env = list;
}

function applyLabel(draft: Draft, rest: string, { env }: Context): void {
  draft.Labels = { ...draft.Labels, ...Object.fromEntries(readPairs('LABEL', rest, env)) };
}

function applyExpose(draft: Draft, rest: string, { env }: Context): void {
  const ports: Record<string, object> = { ...draft.ExposedPorts };
  for (const word of expandWords(rest, env)) {
    const match = /^(\d+)(?:-(\d+))?(?:\/(\w+))?$/.exec(word);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    const protocol = (match?.[3] ?? 'tcp').toLowerCase();
    if (match === null || first > 65_535 || last > 65_535 || last < first) throw invalid(`invalid containerPort: ${word}`);
    if (!['tcp', 'udp', 'sctp'].includes(protocol)) throw invalid(`invalid proto: ${protocol}`);
    for (let port = first; port <= last; port++) ports[`${port}/${protocol}`] = {};
  }
  draft.ExposedPorts = ports;
}

function applyOnBuild(draft: Draft, rest: string): void {
  const trigger = (/^\S+/.exec(rest)?.[0] ?? '').toUpperCase();
  if (trigger === 'ONBUILD') throw invalid("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (trigger === 'FROM' || trigger === 'MAINTAINER') throw invalid(`${trigger} isn't allowed as an ONBUILD trigger`);
  draft.OnBuild = [...(draft.OnBuild ?? []), rest];
}

function applyShell(draft: Draft, rest: string): void {
  const words = jsonWords(rest);
  if (words === null || words.length === 0) throw invalid('SHELL requires the arguments to be in JSON form');
  draft.Shell = words;
}

function applyStopSignal(draft: Draft, rest: string, { env }: Context): void {
  const signal = oneWord('STOPSIGNAL', rest, env);
  if (!/^(?:\d{1,2}|(?:SIG)?[A-Z][A-Z0-9+-]*)$/i.test(signal)) throw invalid(`invalid signal: ${signal}`);
  draft.StopSignal = signal;
}

function applyVolume(draft: Draft, rest: string, { env }: Context): void {
  const volumes: Record<string, object> = { ...draft.Volumes };
  for (const path of jsonWords(rest) ?? expandWords(rest, env)) {
    if (path.trim() === '') throw invalid('VOLUME specified can not be an empty string');
    volumes[path] = {};
  }
  draft.Volumes = volumes;
}

function applyWorkdir(draft: Draft, rest: string, { env }: Context): void {
  const path = expandText(rest, env);
  const parts: string[] = [];
  for (const part of (path.startsWith('/') ? path : `${draft.WorkingDir ?? '/'}/${path}`).split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  draft.WorkingDir = `/${parts.join('/')}`;
}

function applyHealthcheck(draft: Draft, rest: string): void {
  let text = rest;
  const health: { -readonly [K in keyof HealthConfig]: HealthConfig[K] } = {};
  for (let flag = healthFlag.exec(text); flag !== null; flag = healthFlag.exec(text)) {
    const [whole, name = '', value = ''] = flag;
    if (name === 'retries') {
      if (!/^\d{1,9}$/.test(value)) throw invalid(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
      health.Retries = Number(value);
    } else {
      const key = healthTimes.get(name);
      if (key === undefined) throw invalid(`unknown flag: --${name}`);
      const nanos = parseDuration(value);
      if (nanos !== 0 && nanos < 1_000_000) throw invalid(`Interval ${JSON.stringify(name)} cannot be less than 1ms`);
      health[key] = nanos;
    }
    text = text.slice(whole.length);
  }
  const [, type = '', words = ''] = /^(\S+)\s*(.*)$/s.exec(text) ?? [];
  if (type.toUpperCase() === 'NONE') {
    if (words !== '') throw invalid('HEALTHCHECK NONE takes no arguments');
    draft.Healthcheck = { Test: ['NONE'] };
    return;
  }
  if (type.toUpperCase() !== 'CMD') throw invalid(`Unknown type ${JSON.stringify(type.toUpperCase())} in HEALTHCHECK (try CMD)`);
  if (words === '') throw invalid('Missing command after HEALTHCHECK CMD');
  const list = jsonWords(words);
  draft.Healthcheck = { Test: list === null ? ['CMD-SHELL', words] : ['CMD', ...list], ...health };
}

const healthFlag = /^--([a-z-]+)=(\S*)\s*/;
const healthTimes: ReadonlyMap<string, 'Interval' | 'Timeout' | 'StartPeriod' | 'StartInterval'> = new Map([
  ['interval', 'Interval'],
  ['timeout', 'Timeout'],
  ['start-period', 'StartPeriod'],
  ['start-interval', 'StartInterval'],
]);

// JSON form is taken as it is; anything else runs in the image's shell.
function command(draft: Draft, rest: string): readonly string[] {
  if (rest === '') return [];
  return jsonWords(rest) ?? [...(draft.Shell ?? ['/bin/sh', '-c']), rest];
}

function jsonWords(text: string): readonly string[] | null {
  if (!text.startsWith('[')) return null;
  try {
    const json: unknown = JSON.parse(text);
    return Array.isArray(json) && json.every((word) => typeof word === 'string') ? json : null;
  } catch {
    return null;
  }
}

function oneWord(instruction: string, rest: string, env: ReadonlyMap<string, string>): string {
  if (/\s/.test(rest.trim()) && instruction !== 'USER') throw invalid(`${instruction} requires exactly one argument`);
  return expandText(rest, env);
}

function environment(lines: readonly string[] = []): ReadonlyMap<string, string> {
  return new Map(lines.map((line) => [line.split('=', 1)[0] ?? '', line.slice(line.indexOf('=') + 1)]));
}

function needs(instruction: string): EngineError {
  const exact = ['USER', 'WORKDIR', 'STOPSIGNAL'].includes(instruction);
  return invalid(`${instruction} requires ${exact ? 'exactly' : 'at least'} one argument`);
}

function invalid(message: string): EngineError {
  return new EngineError('InvalidArgument', message);
}
