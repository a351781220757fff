import { posix } from 'node:path';
import { EngineError } from '../../base/index.ts';
import type { HostConfig, MountRequest } from '../../spec/index.ts';

/** A mount as asked for, checked, before anything on disk was looked at. */
export type MountWish = { readonly destination: string; readonly readWrite: boolean; readonly mode: string } & (
  | {
      readonly kind: 'bind';
      readonly source: string;
      readonly propagation: string;
      readonly recursive: boolean;
      /** `-v` makes a missing source a directory, `--mount` refuses it. */
      readonly createSource: boolean;
    }
  | {
      readonly kind: 'volume';
      /** '' for an anonymous one. */
      readonly name: string;
      readonly driver: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly options: Readonly<Record<string, string>>;
      /** Fill an empty volume with what the image has there. */
      readonly copyUp: boolean;
      readonly subpath?: string;
    }
  | { readonly kind: 'tmpfs'; readonly options: readonly string[] }
  | { readonly kind: 'image'; readonly reference: string; readonly subpath?: string }
);

const propagations = ['private', 'rprivate', 'slave', 'rslave', 'shared', 'rshared'];
const modeGroups: ReadonlyArray<readonly string[]> = [
  ['ro', 'rw'],
  ['z', 'Z'],
  propagations,
  ['nocopy'],
  ['consistent', 'cached', 'delegated', 'default'],
];

/** One `-v`: `[name|/path:]/destination[:mode]`. @throws {EngineError} InvalidArgument `invalid volume specification: 'x'`. */
export function parseBind(text: string, volumeDriver: string): MountWish {
  const parts = text.split(':');
  const [first = '', second, third] = parts;
  if (first === '' || parts.length > 3 || (parts.length === 2 && isMode(second!))) throw invalidSpec(text);
  const source = parts.length === 1 ? '' : first;
  const target = parts.length === 1 ? first : second!;
  const mode = third ?? '';
  if (!isMode(mode)) throw new EngineError('InvalidArgument', `invalid mode: ${mode}`);
  const words = mode.split(',');
  const refusal = targetRefusal(target);
  if (refusal !== undefined) {
    const type = source.startsWith('/') ? 'bind' : 'volume';
    throw new EngineError(
      'InvalidArgument',
      `invalid volume specification: '${text}': invalid mount config for type "${type}": ${refusal}`,
    );
  }
  const common = { destination: clean(target), readWrite: !words.includes('ro'), mode };
  if (source.startsWith('/')) {
    const propagation = words.find((word) => propagations.includes(word)) ?? 'rprivate';
    return { ...common, kind: 'bind', source: clean(source), propagation, recursive: true, createSource: true };
  }
  return {
    ...common,
    kind: 'volume',
    name: source,
    driver: volumeDriver,
    labels: {},
    options: {},
    copyUp: !words.includes('nocopy'),
  };
}

/** One `--mount`. @throws {EngineError} InvalidArgument `invalid mount config for type "x": …`. */
export function parseMount(request: MountRequest): MountWish {
  const refuse = (why: string) => new EngineError('InvalidArgument', `invalid mount config for type "${request.Type}": ${why}`);
  const refusal = targetRefusal(request.Target);
  if (refusal !== undefined) throw refuse(refusal);
  const common = { destination: clean(request.Target), readWrite: request.ReadOnly !== true, mode: '' };
  const source = request.Source ?? '';
  switch (request.Type) {
    case 'bind': {
      const options = request.BindOptions ?? {};
      if (source === '') throw refuse('field Source must not be empty');
      if (request.VolumeOptions !== undefined) throw refuse('field VolumeOptions must not be specified');
      if (!source.startsWith('/')) throw refuse(`invalid mount path: '${source}' mount path must be absolute`);
      const propagation = options.Propagation === undefined || options.Propagation === '' ? 'rprivate' : options.Propagation;
      if (!propagations.includes(propagation)) throw refuse(`invalid propagation mode: ${propagation}`);
      return {
        ...common,
        kind: 'bind',
        source: clean(source),
        propagation,
        recursive: options.NonRecursive !== true,
        createSource: options.CreateMountpoint === true,
      };
    }
    case 'volume':
      return { ...common, ...parseVolume(request, source, refuse) };
    case 'tmpfs':
      if (request.BindOptions !== undefined) throw refuse('field BindOptions must not be specified');
      if (source !== '') throw refuse('field Source must not be specified');
      return { ...common, kind: 'tmpfs', options: tmpfsOptions(request, refuse) };
    case 'image':
      if (request.BindOptions !== undefined) throw refuse('field BindOptions must not be specified');
      if (source === '') throw refuse('field Source must not be empty');
      return { ...common, readWrite: false, kind: 'image', reference: source, ...subpathOf(request.ImageOptions?.Subpath, refuse) };
    default:
      throw refuse('mount type unknown');
  }
}

type Refuse = (why: string) => EngineError;

function parseVolume(request: MountRequest, source: string, refuse: Refuse) {
  if (request.BindOptions !== undefined) throw refuse('field BindOptions must not be specified');
  const options = request.VolumeOptions ?? {};
  if (source === '' && (options.Subpath ?? '') !== '') throw refuse('must not set Subpath when using anonymous volumes');
  if (source === '' && request.ReadOnly === true) throw refuse('must not set ReadOnly mode when using anonymous volumes');
  return {
    kind: 'volume' as const,
    name: source,
    driver: options.DriverConfig?.Name ?? '',
    labels: options.Labels ?? {},
    options: options.DriverConfig?.Options ?? {},
    copyUp: options.NoCopy !== true,
    ...subpathOf(options.Subpath, refuse),
  };
}

function subpathOf(subpath: string | undefined, refuse: Refuse): { readonly subpath?: string } {
  if (subpath === undefined || subpath === '') return {};
  if (subpath.startsWith('/') || posix.normalize(subpath).split('/')[0] === '..')
    throw refuse('subpath must be a relative path within the volume');
  return { subpath: posix.normalize(subpath) };
}

function tmpfsOptions(request: MountRequest, refuse: Refuse): readonly string[] {
  const { Mode: mode = 0, SizeBytes: size = 0, Options: extra = [] } = request.TmpfsOptions ?? {};
  if (size < 0) throw refuse('tmpfs size must not be negative');
  const words = extra.map((pair) => {
    if (pair.length < 1 || pair.length > 2) throw refuse('invalid option array length');
    if (pair[0] !== 'exec' && pair[0] !== 'noexec') throw refuse(`invalid option: ${pair[0]}`);
    return pair.join('=');
  });
  return [...(mode === 0 ? [] : [`mode=${mode.toString(8)}`]), ...(size === 0 ? [] : [`size=${size}`]), ...words];
}

/** `container[:mode]` of `--volumes-from`. @throws {EngineError} InvalidArgument `invalid mode: x`. */
export function parseVolumesFrom(text: string): { readonly words: string; readonly readOnly: boolean } {
  if (text === '') throw new EngineError('InvalidArgument', 'volumes-from specification cannot be an empty string');
  const colon = text.indexOf(':');
  const mode = colon === -1 ? '' : text.slice(colon + 1);
  const words = mode.split(',');
  if (!isMode(mode) || words.includes('nocopy') || words.some((word) => propagations.includes(word))) {
    throw new EngineError('InvalidArgument', `invalid mode: ${mode}`);
  }
  return { words: colon === -1 ? text : text.slice(0, colon), readOnly: words.includes('ro') };
}

/** All of a HostConfig's own mounts; the later checks see them in this order. @throws {EngineError} InvalidArgument `Duplicate mount point: x`. */
export function parseMounts(hostConfig: HostConfig): readonly MountWish[] {
  const wishes = [
    ...(hostConfig.Binds ?? []).map((text) => parseBind(text, hostConfig.VolumeDriver)),
    ...(hostConfig.Mounts ?? []).map(parseMount),
  ];
  const taken = new Set<string>();
  for (const path of Object.keys(hostConfig.Tmpfs ?? {})) {
    const refusal = targetRefusal(path);
    if (refusal !== undefined) throw new EngineError('InvalidArgument', `invalid tmpfs mount: ${refusal}`);
    taken.add(clean(path));
  }
  for (const { destination } of wishes) {
    if (taken.has(destination)) throw new EngineError('InvalidArgument', `Duplicate mount point: ${destination}`);
    taken.add(destination);
  }
  return wishes;
}

function targetRefusal(target: string): string | undefined {
  if (target === '') return 'field Target must not be empty';
  if (clean(target) === '/') return "invalid specification: destination can't be '/'";
  if (!target.startsWith('/')) return `invalid mount path: '${target}' mount path must be absolute`;
  return undefined;
}

// At most one word of each group.
function isMode(mode: string): boolean {
  if (mode === '') return true;
  const words = mode.split(',');
  return (
    words.every((word) => modeGroups.some((group) => group.includes(word))) &&
    modeGroups.every((group) => words.filter((word) => group.includes(word)).length <= 1)
  );
}

/** Go's path.Clean: no trailing slash, no `..` above the root. */
export function clean(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}

function invalidSpec(text: string): EngineError {
  return new EngineError('InvalidArgument', `invalid volume specification: '${text}'`);
}
