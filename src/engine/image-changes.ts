import { EngineError, parseDuration } from '../base/index.ts';
import type { HealthConfig, ImageExecutionConfig } from '../spec/index.ts';

type Writable = { -readonly [K in keyof ImageExecutionConfig]: ImageExecutionConfig[K] };

/**
 * An image configuration after `--change` instructions of commit and import: Dockerfile words without a build.
 * @throws {EngineError} InvalidArgument, for an instruction that is none or may not stand here.
 */
export function applyImageChanges(config: ImageExecutionConfig, changes: readonly string[]): ImageExecutionConfig {
  const changed: Writable = { ...config };
  for (const line of changes.flatMap((change) => change.split('\n'))) if (line.trim() !== '') apply(changed, line.trim());
  return changed;
}

function apply(config: Writable, line: string): void {
  const [, name = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(line) ?? [];
  const instruction = name.toUpperCase();
  if (rest === '' && instruction !== 'CMD' && instruction !== 'ENTRYPOINT') {
    throw new EngineError('InvalidArgument', `${instruction} requires at least one argument`);
  }
  switch (instruction) {
    case 'CMD':
      config.Cmd = commandOf(rest, config);
      return;
    case 'ENTRYPOINT':
      config.Entrypoint = commandOf(rest, config);
      return;
    case 'ENV':
      config.Env = withVariables(config.Env ?? [], pairsOf(rest, instruction));
      return;
    case 'LABEL':
      config.Labels = { ...config.Labels, ...Object.fromEntries(pairsOf(rest, instruction)) };
      return;
    case 'EXPOSE':
      config.ExposedPorts = { ...config.ExposedPorts, ...keys(rest.split(/\s+/).flatMap(portsOf)) };
      return;
    case 'VOLUME':
      config.Volumes = { ...config.Volumes, ...keys(jsonWords(rest) ?? rest.split(/\s+/)) };
      return;
    case 'USER':
      config.User = rest;
      return;
    case 'WORKDIR':
      config.WorkingDir = joined(config.WorkingDir ?? '/', rest);
      return;
    case 'STOPSIGNAL':
      config.StopSignal = rest;
      return;
    case 'ONBUILD':
      config.OnBuild = [...(config.OnBuild ?? []), rest];
      return;
    case 'SHELL':
      config.Shell = jsonWords(rest) ?? refuse('SHELL requires the arguments to be in JSON form');
      return;
    case 'HEALTHCHECK':
      config.Healthcheck = healthOf(rest);
      return;
    default:
      refuse(
        /^(FROM|RUN|COPY|ADD|ARG|MAINTAINER)$/.test(instruction)
          ? `${instruction} is not a valid change command`
          : `unknown instruction: ${instruction}`,
      );
  }
}

function refuse(message: string): never {
  throw new EngineError('InvalidArgument', message);
}

function jsonWords(text: string): readonly string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const words: unknown = JSON.parse(text);
    return Array.isArray(words) && words.every((word) => typeof word === 'string') ? words : undefined;
  } catch {
    return undefined;
  }
}

function commandOf(rest: string, config: ImageExecutionConfig): readonly string[] {
  return jsonWords(rest) ?? [...(config.Shell ?? ['/bin/sh', '-c']), rest];
}

/** `a=b c="d e"`, or the old `name value` of one variable. */
function pairsOf(rest: string, instruction: string): ReadonlyArray<[string, string]> {
  const words = splitWords(rest);
  if (!words[0]!.includes('=')) {
    const [, name, value] = /^(\S+)\s+(.*)$/s.exec(rest) ?? refuse(`${instruction} must have two arguments`);
    return [[name!, value!]];
  }
  return words.map((word) => {
    const equals = word.indexOf('=');
    if (equals < 1) refuse(`Syntax error - can't find = in "${word}". Must be of the form: name=value`);
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}

/** Splits at blanks outside quotes; quotes go, backslash keeps the next character. */
function splitWords(text: string): readonly string[] {
  const words: string[] = [];
  let word = '';
  let quote = '';
  let started = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index]!;
    if (character === '\\' && quote !== "'" && index + 1 < text.length) {
      word += text[++index]!;
      started = true;
    } else if (quote !== '') {
      if (character === quote) quote = '';
      else word += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      started = true;
    } else if (/\s/.test(character)) {
      if (started) words.push(word);
      word = '';
      started = false;
    } else {
      word += character;
      started = true;
    }
  }
  if (started) words.push(word);
  return words;
}

function withVariables(env: readonly string[], pairs: ReadonlyArray<[string, string]>): readonly string[] {
  const variables = new Map(env.map((variable) => [variable.split('=', 1)[0]!, variable]));
  for (const [name, value] of pairs) variables.set(name, `${name}=${value}`);
  return [...variables.values()];
}

function portsOf(text: string): readonly string[] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(text) ?? refuse(`invalid containerPort: ${text}`);
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  if (first < 1 || last > 65535 || last < first) refuse(`invalid containerPort: ${text}`);
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${(match[3] ?? 'tcp').toLowerCase()}`);
}

function keys(names: readonly string[]): Readonly<Record<string, object>> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}

function joined(directory: string, path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith('/') ? path : `${directory}/${path}`).split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

function healthOf(rest: string): HealthConfig {
  if (rest.toUpperCase() === 'NONE') return { Test: ['NONE'] };
  const health: { -readonly [K in keyof HealthConfig]: HealthConfig[K] } = {};
  let text = rest;
  for (let flag = /^--([a-z-]+)=(\S+)\s+/.exec(text); flag !== null; flag = /^--([a-z-]+)=(\S+)\s+/.exec(text)) {
    const [whole, name, value] = flag as unknown as [string, string, string];
    if (name === 'interval') health.Interval = parseDuration(value);
    else if (name === 'timeout') health.Timeout = parseDuration(value);
    else if (name === 'start-period') health.StartPeriod = parseDuration(value);
    else if (name === 'start-interval') health.StartInterval = parseDuration(value);
    else if (name === 'retries') health.Retries = Number(value);
    else refuse(`unknown flag: ${name}`);
    text = text.slice(whole.length);
  }
  const [, command] = /^CMD\s+(.+)$/is.exec(text) ?? refuse('Unknown type in HEALTHCHECK (try CMD)');
  const words = jsonWords(command!);
  return { ...health, Test: words === undefined ? ['CMD-SHELL', command!] : ['CMD', ...words] };
}
