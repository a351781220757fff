import { parseSize } from '../../base/index.ts';
import type { MountRequest } from '../../spec/index.ts';
import { csvFields } from './csv.ts';

type Draft = {
  -readonly [Key in keyof MountRequest]: MountRequest[Key];
};

interface Options {
  bind: Record<string, unknown>;
  volume: Record<string, unknown> & { DriverConfig?: { Name?: string; Options?: Record<string, string> }; Labels?: Record<string, string> };
  image: Record<string, unknown>;
  tmpfs: Record<string, unknown>;
}

/** Reads one `--mount type=bind,source=/a,target=/b,readonly`. @throws with the docker CLI's words. */
export function parseMount(text: string): MountRequest {
  const mount: Draft = { Type: 'volume', Target: '' };
  const options: Options = { bind: {}, volume: {}, image: {}, tmpfs: {} };
  for (const field of csvFields(text)) {
    const equals = field.indexOf('=');
    const key = (equals === -1 ? field : field.slice(0, equals)).toLowerCase();
    const value = equals === -1 ? undefined : field.slice(equals + 1);
    setField(mount, options, key, value, field);
  }
  return finished(mount, options);
}

function setField(mount: Draft, options: Options, key: string, value: string | undefined, field: string): void {
  if (value === undefined) {
    if (key === 'readonly' || key === 'ro') mount.ReadOnly = true;
    else if (key === 'volume-nocopy') options.volume['NoCopy'] = true;
    else if (key === 'bind-nonrecursive') options.bind['NonRecursive'] = true;
    else throw new Error(`invalid field '${field}' must be a key=value pair`);
    return;
  }
  switch (key) {
    case 'type':
      mount.Type = value.toLowerCase();
      return;
    case 'source':
    case 'src':
      mount.Source = mount.Type === 'bind' && (value === '.' || value.startsWith('./')) ? process.cwd() + value.slice(1) : value;
      return;
    case 'target':
    case 'dst':
    case 'destination':
      mount.Target = value;
      return;
    case 'readonly':
    case 'ro':
      mount.ReadOnly = booleanOf(key, value);
      return;
    case 'consistency':
      mount.Consistency = value.toLowerCase();
      return;
    default:
      setOption(options, key, value, field);
  }
}

function setOption(options: Options, key: string, value: string, field: string): void {
  switch (key) {
    case 'bind-propagation':
      options.bind['Propagation'] = value.toLowerCase();
      return;
    case 'bind-nonrecursive':
      options.bind['NonRecursive'] = booleanOf(key, value);
      return;
    case 'bind-recursive':
      setRecursive(options, value);
      return;
    case 'bind-create-src':
      options.bind['CreateMountpoint'] = booleanOf(key, value);
      return;
    case 'volume-subpath':
      options.volume['Subpath'] = value;
      return;
    case 'volume-nocopy':
      options.volume['NoCopy'] = booleanOf('volume-nocopy', value);
      return;
    case 'volume-label':
      addPair((options.volume.Labels ??= {}), value);
      return;
    case 'volume-driver':
      (options.volume.DriverConfig ??= {}).Name = value;
      return;
    case 'volume-opt':
      addPair(((options.volume.DriverConfig ??= {}).Options ??= {}), value);
      return;
    case 'image-subpath':
      options.image['Subpath'] = value;
      return;
    case 'tmpfs-size':
      options.tmpfs['SizeBytes'] = sizeOf(key, value);
      return;
    case 'tmpfs-mode':
      if (!/^[0-7]+$/.test(value)) throw new Error(`invalid value for ${key}: ${value}`);
      options.tmpfs['Mode'] = Number.parseInt(value, 8);
      return;
    default:
      throw new Error(`unexpected key '${key}' in '${field}'`);
  }
}

function setRecursive(options: Options, value: string): void {
  if (value === 'enabled') return;
  if (value === 'disabled') options.bind['NonRecursive'] = true;
  else if (value === 'writable') options.bind['ReadOnlyNonRecursive'] = true;
  else if (value === 'readonly') options.bind['ReadOnlyForceRecursive'] = true;
  else throw new Error(`invalid value for bind-recursive: ${value} (must be "enabled", "disabled", "writable", or "readonly")`);
}

function finished(mount: Draft, options: Options): MountRequest {
  if (mount.Type === '') throw new Error('type is required');
  if (mount.Target === '') throw new Error('target is required');
  const given = (group: object) => Object.keys(group).length > 0;
  if (mount.Type !== 'volume' && given(options.volume)) throw new Error(`cannot mix 'volume-*' options with mount type '${mount.Type}'`);
  if (mount.Type !== 'bind' && given(options.bind)) throw new Error(`cannot mix 'bind-*' options with mount type '${mount.Type}'`);
  if (mount.Type !== 'image' && given(options.image)) throw new Error(`cannot mix 'image-*' options with mount type '${mount.Type}'`);
  if (mount.Type !== 'tmpfs' && given(options.tmpfs)) throw new Error(`cannot mix 'tmpfs-*' options with mount type '${mount.Type}'`);
  if (options.bind['ReadOnlyNonRecursive'] === true && mount.ReadOnly !== true) {
    throw new Error("option 'bind-recursive=writable' requires 'readonly' to be specified in conjunction");
  }
  if (options.bind['ReadOnlyForceRecursive'] === true) {
    if (mount.ReadOnly !== true) throw new Error("option 'bind-recursive=readonly' requires 'readonly' to be specified in conjunction");
    if (options.bind['Propagation'] !== 'rprivate') {
      throw new Error("option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction");
    }
  }
  const { ReadOnly, ...rest } = mount;
  return {
    ...rest,
    ...(ReadOnly === true ? { ReadOnly } : {}),
    ...(given(options.bind) ? { BindOptions: options.bind } : {}),
    ...(given(options.volume) ? { VolumeOptions: options.volume } : {}),
    ...(given(options.image) ? { ImageOptions: options.image } : {}),
    ...(given(options.tmpfs) ? { TmpfsOptions: options.tmpfs } : {}),
  };
}

function booleanOf(key: string, value: string): boolean {
  if (!/^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(value)) throw new Error(`invalid value for ${key}: ${value}`);
  return /^[1tT]/.test(value);
}

function sizeOf(key: string, value: string): number {
  try {
    return parseSize(value);
  } catch {
    throw new Error(`invalid value for ${key}: ${value}`);
  }
}

function addPair(pairs: Record<string, string>, text: string): void {
  const equals = text.indexOf('=');
  if (equals === -1) pairs[text] = '';
  else pairs[text.slice(0, equals)] = text.slice(equals + 1);
}
