import { readFileSync } from 'node:fs';
import { EngineError, messageOf } from '../../base/index.ts';
import { settings, type Setting, type SettingValue } from './settings.ts';

const byKey = new Map(settings.map((setting) => [setting.key, setting]));

/**
 * A configuration file's settings over nothing, and its conflicts with what flags said. `required`: the user named the file.
 * @throws {EngineError} InvalidArgument, in dockerd's words.
 */
export function readConfigFile(
  path: string,
  flags: ReadonlyMap<Setting, SettingValue>,
  required: boolean,
): ReadonlyMap<Setting, SettingValue> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (!required && (error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw invalid(path, `open ${path}: no such file or directory`);
  }
  if (text.trim() === '') return new Map();
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw invalid(path, `invalid JSON: ${messageOf(error)}`);
  }
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) throw invalid(path, 'the file must hold a JSON object');
  const entries = Object.entries(parsed);
  const unknown = entries.filter(([key]) => !byKey.has(key)).map(([key]) => key);
  if (unknown.length > 0) throw invalid(path, `the following directives don't match any configuration option: ${unknown.join(', ')}`);
  const found = new Map(entries.map(([key, value]) => [byKey.get(key)!, typed(path, byKey.get(key)!, value)]));
  const conflicts = [...found]
    .filter(([setting]) => flags.has(setting))
    .map(([setting, value]) => conflict(setting, flags.get(setting)!, value));
  if (conflicts.length > 0) {
    throw invalid(path, `the following directives are specified both as a flag and in the configuration file: ${conflicts.join(', ')}`);
  }
  return found;
}

const goTypes = { string: 'string', boolean: 'bool', integer: 'int', list: '[]string', map: 'map[string]string', object: 'map' } as const;

function typed(path: string, setting: Setting, value: unknown): SettingValue {
  const wrong = () => {
    const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
    return invalid(path, `json: cannot unmarshal ${kind} into Go struct field Config.${setting.key} of type ${goTypes[setting.kind]}`);
  };
  switch (setting.kind) {
    case 'string':
      if (typeof value === 'number' && setting.key === 'default-shm-size') return String(value);
      if (typeof value !== 'string') throw wrong();
      return value;
    case 'boolean':
      if (typeof value !== 'boolean') throw wrong();
      return value;
    case 'integer':
      if (!Number.isInteger(value)) throw wrong();
      return value as number;
    case 'list':
      if (setting.key === 'default-ulimits' && value !== null && typeof value === 'object' && !Array.isArray(value))
        return ulimitWords(value);
      if (!Array.isArray(value) || !value.every((each) => typeof each === 'string')) throw wrong();
      return value;
    case 'map':
      if (value === null || typeof value !== 'object' || !Object.values(value).every((each) => typeof each === 'string')) throw wrong();
      return value as Readonly<Record<string, string>>;
    case 'object':
      if (value === null || typeof value !== 'object') throw wrong();
      return value as Readonly<Record<string, unknown>>;
  }
}

// In the file ulimits are `{"nofile": {"Name": "nofile", "Soft": 1, "Hard": 2}}`.
function ulimitWords(value: object): readonly string[] {
  return Object.entries(value as Record<string, { readonly Soft?: number; readonly Hard?: number }>).map(
    ([name, { Soft = 0, Hard = Soft }]) => `${name}=${Soft}:${Hard}`,
  );
}

function conflict(setting: Setting, flag: SettingValue, file: SettingValue): string {
  return `${setting.key}: (from flag: ${shown(flag)}, from file: ${shown(file)})`;
}

function shown(value: SettingValue): string {
  if (Array.isArray(value)) return `[${value.join(' ')}]`;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function invalid(path: string, why: string): EngineError {
  return new EngineError('InvalidArgument', `unable to configure the Docker daemon with file ${path}: ${why}`);
}
