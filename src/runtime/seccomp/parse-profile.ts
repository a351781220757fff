import { EngineError, messageOf } from '../../base/index.ts';
import type { RuntimeSyscall } from '../../spec/index.ts';
import { actionWords, operatorWords } from './words.ts';
import type { SeccompConditions, SeccompProfile, SeccompRule } from './profile.ts';

const limits = { bytes: 4 << 20, rules: 4096, namesPerRule: 2048, nameLength: 64, args: 6 } as const;

/**
 * A profile from the text of a `--security-opt seccomp=FILE`. Unknown fields are let be, as Docker does.
 * @throws {EngineError} InvalidArgument, that says which field is wrong.
 */
export function parseSeccompProfile(json: string): SeccompProfile {
  if (json.length > limits.bytes) throw invalid('', `it has more than ${limits.bytes} bytes`);
  let root: unknown;
  try {
    root = JSON.parse(json);
  } catch (error) {
    throw new EngineError('InvalidArgument', `Decoding seccomp profile failed: ${messageOf(error)}`, { cause: error });
  }
  const profile = record(root, '');
  const architectures = optional(profile['architectures'], (value) => strings(value, 'architectures', 32));
  const archMap = optional(profile['archMap'], (value) => list(value, 'archMap', 64).map(toArchitecture));
  if (architectures?.length && archMap?.length) {
    throw new EngineError(
      'InvalidArgument',
      "both 'architectures' and 'archMap' are specified in the seccomp profile, use either 'architectures' or 'archMap'",
    );
  }
  return {
    defaultAction: action(profile['defaultAction'], 'defaultAction'),
    ...present(
      'defaultErrnoRet',
      optional(profile['defaultErrnoRet'], (value) => errno(value, 'defaultErrnoRet')),
    ),
    ...present(
      'listenerPath',
      optional(profile['listenerPath'], (value) => text(value, 'listenerPath', 4096)),
    ),
    ...present(
      'listenerMetadata',
      optional(profile['listenerMetadata'], (value) => text(value, 'listenerMetadata', 4096)),
    ),
    ...present(
      'flags',
      optional(profile['flags'], (value) => strings(value, 'flags', 16)),
    ),
    ...present('architectures', architectures),
    ...present('archMap', archMap),
    syscalls: list(profile['syscalls'] ?? [], 'syscalls', limits.rules).map(toRule),
  };
}

function toArchitecture(value: unknown, index: number) {
  const where = `archMap[${index}]`;
  const entry = record(value, where);
  return {
    architecture: text(entry['architecture'], `${where}.architecture`, limits.nameLength),
    subArchitectures: strings(entry['subArchitectures'] ?? [], `${where}.subArchitectures`, 16),
  };
}

function toRule(value: unknown, index: number): SeccompRule {
  const where = `syscalls[${index}]`;
  const rule = record(value, where);
  const { name, names } = rule;
  if (name !== undefined && names !== undefined) {
    throw new EngineError('InvalidArgument', "both 'name' and 'names' are specified in the seccomp profile, use either 'name' or 'names'");
  }
  return {
    names: name === undefined ? strings(names, `${where}.names`, limits.namesPerRule) : [text(name, `${where}.name`, limits.nameLength)],
    action: action(rule['action'], `${where}.action`),
    ...present(
      'errnoRet',
      optional(rule['errnoRet'], (value) => errno(value, `${where}.errnoRet`)),
    ),
    ...present(
      'args',
      optional(rule['args'], (value) => list(value, `${where}.args`, limits.args).map(toArgument)),
    ),
    ...present(
      'includes',
      optional(rule['includes'], (value) => conditions(value, `${where}.includes`)),
    ),
    ...present(
      'excludes',
      optional(rule['excludes'], (value) => conditions(value, `${where}.excludes`)),
    ),
  };
}

function toArgument(value: unknown): NonNullable<RuntimeSyscall['args']>[number] {
  const argument = record(value, 'args');
  const { op } = argument;
  if (typeof op !== 'string' || !operatorWords.includes(op))
    throw invalid('args.op', `${JSON.stringify(op)} is not one of ${operatorWords.join(', ')}`);
  return {
    index: integer(argument['index'], 'args.index', 5),
    value: integer(argument['value'] ?? 0, 'args.value', 2 ** 64),
    ...present(
      'valueTwo',
      optional(argument['valueTwo'], (value) => integer(value, 'args.valueTwo', 2 ** 64)),
    ),
    op,
  };
}

function conditions(value: unknown, where: string): SeccompConditions {
  const entry = record(value, where);
  return {
    ...present(
      'caps',
      optional(entry['caps'], (value) => strings(value, `${where}.caps`, 64)),
    ),
    ...present(
      'arches',
      optional(entry['arches'], (value) => strings(value, `${where}.arches`, 64)),
    ),
    ...present(
      'minKernel',
      optional(entry['minKernel'], (value) => text(value, `${where}.minKernel`, 64)),
    ),
  };
}

function action(value: unknown, where: string): string {
  if (typeof value !== 'string' || !actionWords.includes(value))
    throw invalid(where, `${JSON.stringify(value)} is not one of ${actionWords.join(', ')}`);
  return value;
}

function errno(value: unknown, where: string): number {
  return integer(value, where, 4095);
}

function integer(value: unknown, where: string, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > most)
    throw invalid(where, `it has to be a whole number up to ${most}`);
  return value;
}

function text(value: unknown, where: string, most: number): string {
  if (typeof value !== 'string' || value === '' || value.length > most)
    throw invalid(where, `it has to be text of 1 to ${most} characters`);
  return value;
}

function strings(value: unknown, where: string, most: number): readonly string[] {
  return list(value, where, most).map((entry) => text(entry, where, limits.nameLength));
}

function list(value: unknown, where: string, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > most) throw invalid(where, `it has to be a list of up to ${most}`);
  return value;
}

function record(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(where, 'it has to be an object');
  return value as Readonly<Record<string, unknown>>;
}

function optional<T>(value: unknown, parse: (value: unknown) => T): T | undefined {
  return value === undefined || value === null ? undefined : parse(value);
}

function present<K extends string, T>(key: K, value: T | undefined): Partial<Record<K, T>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, T>);
}

function invalid(where: string, why: string): EngineError {
  return new EngineError('InvalidArgument', `Cannot use seccomp profile: ${where === '' ? '' : `${where}: `}${why}`);
}
