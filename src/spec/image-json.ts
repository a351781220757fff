import { EngineError } from '../base/index.ts';
import type { Descriptor } from './descriptor.ts';
import { isDigest, type Digest } from './digest.ts';
import type { ImageConfig, ImageIndex, ImageManifest } from './oci-image.ts';
import type { Platform } from './platform.ts';

/** Layers of one image, children of one index. Docker stops at 125 layers; indexes of hundreds of platforms do not exist. */
const maxChildren = 1000;
const decoder = new TextDecoder('utf-8', { fatal: true });

type JsonObject = Readonly<Record<string, unknown>>;

/** A value parsed from foreign JSON bytes. @throws {EngineError} InvalidArgument `invalid <what>: …`. */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch (error) {
    throw new EngineError('InvalidArgument', `invalid ${what}: not JSON`, { cause: error });
  }
}

/** Checks every field the engine reads; unknown ones are left out. @throws {EngineError} InvalidArgument. */
export function parseImageManifest(bytes: Uint8Array): ImageManifest {
  const json = objectOf(parseJson(bytes, 'image manifest'), 'image manifest');
  if (json['schemaVersion'] !== 2) throw invalid('image manifest', 'schemaVersion is not 2');
  return {
    schemaVersion: 2,
    ...(typeof json['mediaType'] === 'string' ? { mediaType: json['mediaType'] } : {}),
    config: toDescriptor(json['config'], 'image manifest'),
    layers: listOf(json['layers'], 'image manifest').map((layer) => toDescriptor(layer, 'image manifest')),
    ...annotationsOf(json['annotations']),
  };
}

/** Checks every field the engine reads; unknown ones are left out. @throws {EngineError} InvalidArgument. */
export function parseImageIndex(bytes: Uint8Array): ImageIndex {
  const json = objectOf(parseJson(bytes, 'image index'), 'image index');
  if (json['schemaVersion'] !== 2) throw invalid('image index', 'schemaVersion is not 2');
  return {
    schemaVersion: 2,
    ...(typeof json['mediaType'] === 'string' ? { mediaType: json['mediaType'] } : {}),
    manifests: listOf(json['manifests'], 'image index').map((child) => toDescriptor(child, 'image index')),
    ...annotationsOf(json['annotations']),
  };
}

/** Checks the shape of what the engine reads; unknown fields are kept. @throws {EngineError} InvalidArgument. */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const what = 'image config';
  const json = objectOf(parseJson(bytes, what), what);
  const rootfs = objectOf(json['rootfs'] ?? { type: 'layers', diff_ids: [] }, what);
  const diffIds = listOf(rootfs['diff_ids'] ?? [], what);
  if (!diffIds.every((digest) => typeof digest === 'string' && isDigest(digest))) throw invalid(what, 'a diff ID is not a sha256 digest');
  const history = listOf(json['history'] ?? [], what, 10_000).map((step) => objectOf(step, what));
  for (const step of history)
    for (const key of ['created', 'created_by', 'comment', 'author'])
      if (step[key] !== undefined && typeof step[key] !== 'string') throw invalid(what, `history ${key} is not a string`);
  for (const key of ['architecture', 'os', 'variant', 'created', 'author'])
    if (json[key] !== undefined && typeof json[key] !== 'string') throw invalid(what, `${key} is not a string`);
  if (json['config'] !== undefined && json['config'] !== null) checkExecution(objectOf(json['config'], what));
  const { config, ...rest } = json;
  return {
    ...rest,
    architecture: json['architecture'] ?? '',
    os: json['os'] ?? '',
    ...(config === undefined || config === null ? {} : { config }),
    rootfs: { type: 'layers', diff_ids: diffIds },
    history,
  } as unknown as ImageConfig;
}

function checkExecution(config: JsonObject): void {
  const what = 'image config';
  for (const key of ['Env', 'Entrypoint', 'Cmd', 'Shell', 'OnBuild']) {
    const value = config[key];
    if (value === undefined || value === null) continue;
    if (!Array.isArray(value) || !value.every((word) => typeof word === 'string')) throw invalid(what, `${key} is not a list of strings`);
  }
  for (const key of ['User', 'WorkingDir', 'StopSignal'])
    if (config[key] !== undefined && config[key] !== null && typeof config[key] !== 'string') throw invalid(what, `${key} is not a string`);
  for (const key of ['Labels', 'Volumes', 'ExposedPorts', 'Healthcheck'])
    if (config[key] !== undefined && config[key] !== null) objectOf(config[key], what);
  for (const value of Object.values((config['Labels'] ?? {}) as JsonObject))
    if (typeof value !== 'string') throw invalid(what, 'a label is not a string');
}

function toDescriptor(value: unknown, what: string): Descriptor {
  const json = objectOf(value, what);
  const { mediaType, digest, size } = json;
  if (typeof mediaType !== 'string') throw invalid(what, 'a descriptor has no media type');
  if (typeof digest !== 'string' || !isDigest(digest)) throw invalid(what, `bad digest ${JSON.stringify(digest)?.slice(0, 100)}`);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw invalid(what, `bad size of ${digest}`);
  const checked: { mediaType: string; digest: Digest; size: number } = { mediaType, digest, size };
  const artifactType = json['artifactType'];
  return {
    ...checked,
    ...platformOf(json['platform'], what),
    ...annotationsOf(json['annotations']),
    ...(typeof artifactType === 'string' ? { artifactType } : {}),
  };
}

function platformOf(value: unknown, what: string): { readonly platform?: Platform } {
  if (value === undefined || value === null) return {};
  const { os, architecture, variant } = objectOf(value, what);
  if (typeof os !== 'string' || typeof architecture !== 'string') throw invalid(what, 'bad platform');
  return { platform: { os, architecture, ...(typeof variant === 'string' && variant !== '' ? { variant } : {}) } };
}

function annotationsOf(value: unknown): { readonly annotations?: Readonly<Record<string, string>> } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  const pairs = Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  return { annotations: Object.fromEntries(pairs) };
}

function objectOf(value: unknown, what: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(what, 'not an object');
  return value as JsonObject;
}

function listOf(value: unknown, what: string, limit: number = maxChildren): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid(what, 'not a list');
  if (value.length > limit) throw invalid(what, `more than ${limit} entries`);
  return value;
}

function invalid(what: string, why: string): EngineError {
  return new EngineError('InvalidArgument', `invalid ${what}: ${why}`);
}
