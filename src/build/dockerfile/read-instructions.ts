import { parseDuration } from '../../base/index.ts';
import { atLines, invalid } from './dockerfile-error.ts';
import { expandWords } from './expand.ts';
import { readFlags, type Flags, type FlagKind } from './flags.ts';
import type { CommandLine, HealthCheck, Instruction, InstructionBody, Pair, Transfer } from './instructions.ts';
import { parseNode, type Ast, type Keyword, type Node } from './parse.ts';
import { parseRunMount } from './run-mount.ts';

type Part = Pick<Node, 'keyword' | 'flags' | 'rest' | 'heredocs'>;
type Escape = '\\' | '`';

const transferFlags = { chown: 'text', chmod: 'text', link: 'boolean', exclude: 'list' } as const;
const flagsOf: Partial<Readonly<Record<Keyword, Readonly<Record<string, FlagKind>>>>> = {
  FROM: { platform: 'text' },
  RUN: { mount: 'list', network: 'text', security: 'text', device: 'list' },
  COPY: { ...transferFlags, from: 'text', parents: 'boolean' },
  ADD: { ...transferFlags, checksum: 'text', 'keep-git-dir': 'boolean', unpack: 'boolean' },
  HEALTHCHECK: { interval: 'text', timeout: 'text', 'start-period': 'text', 'start-interval': 'text', retries: 'text' },
};

/** The typed instructions of a Dockerfile, in order. @throws {EngineError} InvalidArgument with the line, in BuildKit's words. */
export function readInstructions(ast: Ast): readonly Instruction[] {
  return ast.nodes.map((node) => {
    const { startLine, endLine, original } = node;
    return atLines(node, () => ({ ...readBody(node, ast.directives.escape), startLine, endLine, original }));
  });
}

function readBody(part: Part, escape: Escape): InstructionBody {
  const { keyword, rest } = part;
  const flags = readFlags(part.flags, flagsOf[keyword] ?? {});
  switch (keyword) {
    case 'FROM':
      return from(rest, flags);
    case 'RUN':
      return run(part, flags);
    case 'COPY':
      return { kind: 'copy', ...transfer(part, flags, escape), ...optional('from', flags.text('from')), parents: flags.boolean('parents') };
    case 'ADD':
      return { kind: 'add', ...transfer(part, flags, escape), ...addOnly(flags), keepGitDirectory: flags.boolean('keep-git-dir') };
    case 'CMD':
    case 'ENTRYPOINT':
      return { kind: keyword === 'CMD' ? 'cmd' : 'entrypoint', command: commandLine(part) };
    case 'ENV':
    case 'LABEL':
      return { kind: keyword === 'ENV' ? 'env' : 'label', pairs: pairs(keyword, rest, escape) };
    case 'ARG':
      return { kind: 'arg', names: argumentNames(rest, escape) };
    case 'EXPOSE':
      return { kind: 'expose', ports: atLeastOne(keyword, rawWords(rest, escape)) };
    case 'VOLUME':
      return { kind: 'volume', paths: volumes(rest) };
    case 'WORKDIR':
    case 'USER':
    case 'STOPSIGNAL':
    case 'MAINTAINER':
      if (rest === '') throw invalid(`${keyword} requires exactly one argument`);
      return { kind: single[keyword], value: rest };
    case 'SHELL': {
      const words = jsonWords(rest);
      if (words === undefined) throw invalid('SHELL requires the arguments to be in JSON form');
      return { kind: 'shell', words: atLeastOne(keyword, words) };
    }
    case 'ONBUILD':
      return onBuild(part, escape);
    case 'HEALTHCHECK':
      return { kind: 'healthcheck', ...healthCheck(rest, flags) };
  }
}

const single = { WORKDIR: 'workdir', USER: 'user', STOPSIGNAL: 'stopsignal', MAINTAINER: 'maintainer' } as const;

function from(rest: string, flags: Flags): InstructionBody {
  const words = rest.split(/\s+/).filter((word) => word !== '');
  const [image = '', as, name] = words;
  if (words.length !== 1 && (words.length !== 3 || as?.toLowerCase() !== 'as'))
    throw invalid('FROM requires either one or three arguments');
  const stage = name?.toLowerCase();
  if (stage !== undefined && !/^[a-z][a-z0-9\-_.]*$/.test(stage))
    throw invalid(`invalid name for build stage: ${JSON.stringify(name)}, name can't start with a number or contain symbols`);
  return { kind: 'from', image, ...optional('name', stage), ...optional('platform', flags.text('platform')) };
}

function run(part: Part, flags: Flags): InstructionBody {
  const network = flags.text('network') ?? 'default';
  if (network !== 'default' && network !== 'none' && network !== 'host')
    throw invalid(`unsupported network mode ${JSON.stringify(network)}`);
  const security = flags.text('security') ?? 'sandbox';
  if (security !== 'sandbox' && security !== 'insecure') throw invalid(`security ${JSON.stringify(security)} is not valid`);
  const mounts = flags.list('mount').map(parseRunMount);
  return { kind: 'run', command: commandLine(part), mounts, network, security, devices: flags.list('device') };
}

function commandLine({ rest, heredocs }: Part): CommandLine {
  const words = jsonWords(rest);
  return words === undefined ? { form: 'shell', text: rest, heredocs } : { form: 'exec', words };
}

function transfer({ keyword, rest, heredocs }: Part, flags: Flags, escape: Escape): Transfer {
  const words = [...(jsonWords(rest) ?? rawWords(rest, escape))];
  const destination = words.pop();
  if (destination === undefined) throw invalid(`${keyword} requires at least one argument`);
  if (words.length === 0)
    throw invalid(`${keyword} requires at least two arguments, but only one was provided. Destination could not be determined`);
  const inline = new Set(heredocs.flatMap(({ name }) => [`<<${name}`, `<<-${name}`]));
  const sources = words.filter((word) => !inline.has(word.replace(/^\d+/, '').replace(/["']/g, '')));
  return {
    sources,
    heredocs,
    destination,
    ...optional('chown', flags.text('chown')),
    ...optional('chmod', flags.text('chmod')),
    link: flags.boolean('link'),
    exclude: flags.list('exclude'),
  };
}

function addOnly(flags: Flags): { readonly checksum?: string; readonly unpack?: boolean } {
  const unpack = flags.text('unpack');
  return { ...optional('checksum', flags.text('checksum')), ...(unpack === undefined ? {} : { unpack: flags.boolean('unpack') }) };
}

// `A=1 B=2`, or the old form of one pair, `A 1`.
function pairs(keyword: Keyword, rest: string, escape: Escape): readonly Pair[] {
  const words = rawWords(rest, escape);
  const [first] = words;
  if (first === undefined) throw invalid(`${keyword} requires at least one argument`);
  if (!first.includes('=')) {
    const [, name = '', value = ''] = /^(\S+)\s+([^]+)$/.exec(rest) ?? [];
    if (name === '') throw invalid(`${keyword} must have two arguments`);
    return [[name, value]];
  }
  return words.map((word) => {
    const equals = word.indexOf('=');
    if (equals < 0) throw invalid(`Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`);
    if (equals === 0) throw invalid(`${keyword} names can not be blank`);
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}

function argumentNames(rest: string, escape: Escape): Array<{ readonly name: string; readonly value?: string }> {
  return atLeastOne('ARG', rawWords(rest, escape)).map((word) => {
    const equals = word.indexOf('=');
    if (equals === 0) throw invalid('ARG names can not be blank');
    return equals < 0 ? { name: word } : { name: word.slice(0, equals), value: word.slice(equals + 1) };
  });
}

function volumes(rest: string): readonly string[] {
  const paths = atLeastOne('VOLUME', jsonWords(rest) ?? rest.split(/\s+/).filter((word) => word !== ''));
  if (paths.some((path) => path.trim() === '')) throw invalid('VOLUME specified can not be an empty string');
  return paths;
}

function onBuild({ flags, rest, heredocs }: Part, escape: Escape): InstructionBody {
  if (rest === '' && flags.length === 0) throw invalid('ONBUILD requires at least one argument');
  const trigger = parseNode(rest, escape);
  if (trigger.keyword === 'ONBUILD') throw invalid("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (trigger.keyword === 'FROM' || trigger.keyword === 'MAINTAINER')
    throw invalid(`${trigger.keyword} isn't allowed as an ONBUILD trigger`);
  return { kind: 'onbuild', text: rest, trigger: readBody({ ...trigger, heredocs }, escape) };
}

function healthCheck(rest: string, flags: Flags): HealthCheck {
  const [, type = '', command = ''] = /^(\S*)\s*([^]*)$/.exec(rest) ?? [];
  if (type === '') throw invalid('HEALTHCHECK requires at least one argument');
  if (type.toUpperCase() === 'NONE') {
    if (command !== '') throw invalid('HEALTHCHECK NONE takes no arguments');
    return { test: ['NONE'] };
  }
  if (type.toUpperCase() !== 'CMD') throw invalid(`unknown type ${JSON.stringify(type)} in HEALTHCHECK (try CMD)`);
  if (command === '') throw invalid('missing command after HEALTHCHECK CMD');
  const words = jsonWords(command);
  const retries = flags.text('retries');
  if (retries !== undefined && !/^\d{1,9}$/.test(retries)) throw invalid(`--retries cannot be negative or malformed (${retries})`);
  return {
    test: words === undefined ? ['CMD-SHELL', command] : ['CMD', ...words],
    ...interval(flags, 'interval', 'interval'),
    ...interval(flags, 'timeout', 'timeout'),
    ...interval(flags, 'start-period', 'startPeriod'),
    ...interval(flags, 'start-interval', 'startInterval'),
    ...(retries === undefined ? {} : { retries: Number(retries) }),
  };
}

function interval(flags: Flags, name: string, key: string): Record<string, number> {
  const value = flags.text(name);
  if (value === undefined) return {};
  const nanos = parseDuration(value);
  if (nanos !== 0 && nanos < 1e6) throw invalid(`Interval ${JSON.stringify(name)} cannot be less than 1ms`);
  return { [key]: nanos };
}

/** The words of a JSON list; undefined when the text is none. @throws {EngineError} InvalidArgument, when an element is no text. */
function jsonWords(rest: string): readonly string[] | undefined {
  if (!rest.startsWith('[')) return undefined;
  let list: unknown;
  try {
    list = JSON.parse(rest);
  } catch {
    return undefined; // Not JSON: BuildKit reads it as a shell's text.
  }
  if (!Array.isArray(list)) return undefined;
  const words = list.filter((word) => typeof word === 'string');
  if (words.length !== list.length) throw invalid('only string type is allowed in JSON form of arrays');
  return words;
}

function rawWords(rest: string, escape: Escape): readonly string[] {
  return expandWords(rest, { escape, lookup: literal, raw: true, keepUnset: true });
}

// Variables stay in the words: their values come when the instruction runs.
function literal(): undefined {
  return undefined;
}

function atLeastOne(keyword: string, words: readonly string[]): readonly string[] {
  if (words.length === 0) throw invalid(`${keyword} requires at least one argument`);
  return words;
}

function optional<K extends string>(key: K, value: string | undefined): { readonly [key in K]?: string } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [key in K]?: string });
}
