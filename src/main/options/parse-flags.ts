import { EngineError } from '../../base/index.ts';
import { settings, type Setting, type SettingValue } from './settings.ts';

const byFlag = new Map(settings.map((setting) => [setting.flag, setting]));
const byShort = new Map(settings.flatMap((setting) => (setting.short === undefined ? [] : [[setting.short, setting] as const])));

/** A daemon's command line by setting, as pflag reads it. @throws {EngineError} InvalidArgument, in dockerd's words. */
export function parseFlags(argv: readonly string[]): ReadonlyMap<Setting, SettingValue> {
  const found = new Map<Setting, SettingValue>();
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index]!;
    if (!word.startsWith('-') || word === '-') throw invalid(`"berth daemon" accepts no arguments: ${word}`);
    const { setting, attached } = settingOf(word);
    let value = attached;
    if (value === undefined && setting.kind === 'boolean') value = 'true';
    if (value === undefined) {
      index += 1;
      value = argv[index];
      if (value === undefined) throw invalid(`flag needs an argument: ${word}`);
    }
    found.set(setting, valueOf(setting, value, found.get(setting)));
  }
  return found;
}

function settingOf(word: string): { readonly setting: Setting; readonly attached: string | undefined } {
  const long = word.startsWith('--');
  const equals = word.indexOf('=');
  const name = long ? word.slice(2, equals === -1 ? undefined : equals) : word[1]!;
  const setting = (long ? byFlag : byShort).get(name);
  if (setting === undefined) throw invalid(long ? `unknown flag: --${name}` : `unknown shorthand flag: '${name}' in ${word}`);
  if (long) return { setting, attached: equals === -1 ? undefined : word.slice(equals + 1) };
  const rest = word.slice(2);
  return { setting, attached: rest === '' ? undefined : rest.replace(/^=/, '') };
}

function valueOf(setting: Setting, value: string, before: SettingValue | undefined): SettingValue {
  const complain = (why: string) => invalid(`invalid argument ${JSON.stringify(value)} for "--${setting.flag}" flag: ${why}`);
  switch (setting.kind) {
    case 'string':
      return value;
    case 'boolean':
      if (/^(1|t|true)$/i.test(value)) return true;
      if (/^(0|f|false)$/i.test(value)) return false;
      throw complain('invalid syntax');
    case 'integer':
      if (!/^-?\d{1,15}$/.test(value)) throw complain('invalid syntax');
      return Number(value);
    case 'list':
      return [...((before as readonly string[] | undefined) ?? []), value];
    case 'map':
    case 'object': {
      const equals = value.indexOf('=');
      if (equals < 1) throw complain('must be KEY=VALUE');
      return { ...(before as Readonly<Record<string, unknown>> | undefined), [value.slice(0, equals)]: value.slice(equals + 1) };
    }
  }
}

function invalid(message: string): EngineError {
  return new EngineError('InvalidArgument', message);
}
