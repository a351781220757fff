import { EngineError, parseSize } from '../../base/index.ts';
import { invalid } from './dockerfile-error.ts';

/** One `RUN --mount=…`. */
export type RunMount =
  | { readonly type: 'bind'; readonly target: string; readonly source?: string; readonly from?: string; readonly writable: boolean }
  | {
      readonly type: 'cache';
      readonly target: string;
      readonly id?: string;
      readonly source?: string;
      readonly from?: string;
      readonly readOnly: boolean;
      readonly sharing: 'shared' | 'private' | 'locked';
      readonly owner: Owner;
    }
  | { readonly type: 'tmpfs'; readonly target: string; readonly sizeBytes?: number }
  | {
      readonly type: 'secret' | 'ssh';
      readonly id?: string;
      readonly target?: string;
      readonly env?: string;
      readonly required: boolean;
      readonly owner: Owner;
    };

/** Whom a mounted thing belongs to, where the instruction says so; `mode` as in chmod(2). */
export interface Owner {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

const owner = ['mode', 'uid', 'gid'];
const keys: Readonly<Record<RunMount['type'], readonly string[]>> = {
  bind: ['target', 'source', 'from', 'rw', 'ro'],
  cache: ['target', 'source', 'from', 'rw', 'ro', 'id', 'sharing', ...owner],
  tmpfs: ['target', 'size'],
  secret: ['target', 'id', 'required', 'env', ...owner],
  ssh: ['target', 'id', 'required', ...owner],
};
const aliases: Readonly<Record<string, string>> = {
  dst: 'target',
  destination: 'target',
  src: 'source',
  readonly: 'ro',
  readwrite: 'rw',
};

/** A mount as `--mount` spells it. @throws {EngineError} InvalidArgument, in BuildKit's words. */
export function parseRunMount(text: string): RunMount {
  const fields = new Map<string, string>();
  for (const field of splitFields(text)) {
    const equals = field.indexOf('=');
    const written = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
    const key = Object.hasOwn(aliases, written) ? aliases[written]! : written;
    if (equals < 0 && !['ro', 'rw', 'required'].includes(key)) throw invalid(`invalid field '${field}' must be a key=value pair`);
    fields.set(key, equals < 0 ? 'true' : field.slice(equals + 1));
  }
  const type = fields.get('type') ?? 'bind';
  fields.delete('type');
  if (!isType(type)) throw invalid(`unsupported mount type ${JSON.stringify(type)}`);
  for (const key of fields.keys()) if (!keys[type].includes(key)) throw invalid(`unexpected key '${key}' for mount type '${type}'`);
  return build(type, fields, text);
}

// Fields are CSV: a field in double quotes may hold commas.
function splitFields(text: string): string[] {
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (const character of text) {
    if (character === '"') quoted = !quoted;
    else if (character === ',' && !quoted) {
      fields.push(field);
      field = '';
    } else field += character;
  }
  return [...fields, field];
}

function isType(type: string): type is RunMount['type'] {
  return Object.hasOwn(keys, type);
}

function build(type: RunMount['type'], fields: ReadonlyMap<string, string>, text: string): RunMount {
  const optional = (key: string, name = key): Record<string, string> => {
    const value = fields.get(key);
    return value === undefined ? {} : { [name]: value };
  };
  const from = { ...optional('source'), ...optional('from') };
  if (type === 'secret' || type === 'ssh') {
    if (type === 'secret' && !fields.has('id') && !fields.has('target') && !fields.has('env'))
      throw invalid('secret mount requires an id, a target or env');
    const named = { ...optional('id'), ...optional('target'), ...optional('env') };
    return { type, ...named, required: flag(fields, 'required'), owner: readOwner(fields) };
  }
  const target = fields.get('target');
  if (target === undefined || target === '') throw invalid(`missing target in mount ${JSON.stringify(text)}`);
  if (type === 'bind') return { type, target, ...from, writable: fields.has('ro') ? !flag(fields, 'ro') : flag(fields, 'rw') };
  if (type === 'tmpfs') {
    const size = fields.get('size');
    return { type, target, ...(size === undefined ? {} : { sizeBytes: bytes(size) }) };
  }
  const sharing = fields.get('sharing') ?? 'shared';
  if (sharing !== 'shared' && sharing !== 'private' && sharing !== 'locked')
    throw invalid(`unsupported sharing value ${JSON.stringify(sharing)}`);
  const readOnly = fields.has('rw') ? !flag(fields, 'rw') : flag(fields, 'ro');
  return { type, target, ...optional('id'), ...from, readOnly, sharing, owner: readOwner(fields) };
}

function flag(fields: ReadonlyMap<string, string>, key: string): boolean {
  const value = fields.get(key) ?? 'false';
  if (/^(1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  throw invalid(`invalid value for ${key}: ${value}`);
}

function readOwner(fields: ReadonlyMap<string, string>): Owner {
  const numbers: Record<string, number> = {};
  for (const key of owner) {
    const value = fields.get(key);
    if (value === undefined) continue;
    const octal = key === 'mode';
    if (!(octal ? /^[0-7]{1,5}$/ : /^\d{1,10}$/).test(value)) throw invalid(`invalid value ${value} for ${key}`);
    numbers[key] = Number.parseInt(value, octal ? 8 : 10);
  }
  return numbers;
}

function bytes(size: string): number {
  try {
    return parseSize(size);
  } catch (error) {
    throw new EngineError('InvalidArgument', `invalid value for size: ${size}`, { cause: error });
  }
}
