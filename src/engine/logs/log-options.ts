import { EngineError, isEngineError, parseSize, shortId } from '../../base/index.ts';
import type { ContainerRecord } from '../contract.ts';

/** How a log is kept. */
export interface LogPolicy {
  /** A file is rotated before the first write that finds it this big. */
  readonly maxSizeBytes: number;
  /** Files in all, the one that is written included. */
  readonly maxFiles: number;
  readonly compress: boolean;
  /** The JSON object each entry carries as `attrs`; '' for none. */
  readonly attributes: string;
}

type LogConfig = ContainerRecord['hostConfig']['LogConfig'];

/** Unlike Docker's json-file, logs are bounded by default: 5 files of 20 MB, which is what Docker's `local` driver keeps. */
const defaultMaxSize = '20m';
const defaultMaxFiles = 5;

const commonOptions = ['mode', 'max-buffer-size'];
const fileOptions = ['max-size', 'max-file', 'compress'];
const attributeOptions = ['labels', 'labels-regex', 'env', 'env-regex', 'tag'];
const knownOptions: Readonly<Record<string, readonly string[]>> = {
  'json-file': [...commonOptions, ...fileOptions, ...attributeOptions],
  local: [...commonOptions, ...fileOptions, ...attributeOptions],
  none: commonOptions,
};

/** Checks a driver's name and options, in Docker's words. @throws {EngineError} InvalidArgument. */
export function validateLogConfig(config: LogConfig): void {
  const known = knownOptions[config.Type];
  if (known === undefined) {
    throw new EngineError('InvalidArgument', `logger: no log driver named '${config.Type}' is registered`);
  }
  const { mode = 'blocking' } = config.Config;
  if (mode !== 'blocking' && mode !== 'non-blocking' && mode !== '') {
    throw new EngineError('InvalidArgument', `logger: logging mode not supported: ${mode}`);
  }
  if (config.Config['max-buffer-size'] !== undefined) {
    if (mode !== 'non-blocking') {
      throw new EngineError('InvalidArgument', `logger: max-buffer-size option is only supported with 'mode=non-blocking'`);
    }
    size('max-buffer-size', config.Config['max-buffer-size']);
  }
  if (config.Type === 'none') return;
  for (const option of Object.keys(config.Config)) {
    if (!known.includes(option)) throw new EngineError('InvalidArgument', `unknown log opt '${option}' for ${config.Type} log driver`);
  }
  policyOf(config);
}

/** @throws {EngineError} InvalidArgument. */
export function policyOf(config: LogConfig, attributes = ''): LogPolicy {
  const options = config.Config;
  const maxSizeBytes = size('max-size', options['max-size'] ?? defaultMaxSize);
  const maxFiles = options['max-file'] === undefined ? defaultMaxFiles : Number(options['max-file']);
  if (!Number.isInteger(maxFiles)) {
    throw new EngineError('InvalidArgument', `strconv.Atoi: parsing ${JSON.stringify(options['max-file'])}: invalid syntax`);
  }
  if (maxFiles < 1) throw new EngineError('InvalidArgument', 'max-file cannot be less than 1');
  const compress = boolean('compress', options['compress'] ?? (config.Type === 'local' ? 'true' : 'false'));
  if (compress && maxFiles === 1 && options['compress'] !== undefined) {
    throw new EngineError('InvalidArgument', 'compress cannot be true when max-file is less than 2 or max-size is not set');
  }
  return { maxSizeBytes, maxFiles, compress, attributes };
}

/** The `attrs` of a container's entries: chosen labels and variables, and its tag, in the order of their names as Go writes a map. */
export function attributesOf(record: ContainerRecord): string {
  const options = record.hostConfig.LogConfig.Config;
  const found = new Map<string, string>();
  const { Labels: labels, Env: env } = record.config;
  pick(Object.entries(labels), options['labels'], options['labels-regex'], found);
  const variables = env.map((entry): [string, string] => {
    const equals = entry.indexOf('=');
    return equals === -1 ? [entry, ''] : [entry.slice(0, equals), entry.slice(equals + 1)];
  });
  pick(variables, options['env'], options['env-regex'], found);
  if (options['tag'] !== undefined && options['tag'] !== '') found.set('tag', expandTag(options['tag'], record));
  if (found.size === 0) return '';
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return escapeHtml(JSON.stringify(Object.fromEntries(sorted)));
}

function pick(
  entries: ReadonlyArray<[string, string]>,
  names: string | undefined,
  pattern: string | undefined,
  found: Map<string, string>,
) {
  const wanted = new Set(names === undefined || names === '' ? [] : names.split(','));
  const expression = pattern === undefined || pattern === '' ? undefined : regex(pattern);
  for (const [name, value] of entries) if (wanted.has(name) || expression?.test(name) === true) found.set(name, value);
}

function regex(pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch (error) {
    throw new EngineError('InvalidArgument', `error parsing regexp: ${pattern}`, { cause: error });
  }
}

function expandTag(template: string, record: ContainerRecord): string {
  const fields: Readonly<Record<string, string>> = {
    ID: shortId(record.id),
    FullID: record.id,
    Name: record.name,
    ImageID: shortId(record.image.id),
    ImageFullID: record.image.id,
    ImageName: record.config.Image,
    DaemonName: 'docker',
  };
  return template.replaceAll(/\{\{\s*\.(\w+)\s*\}\}/g, (whole, field: string) => fields[field] ?? whole);
}

function size(option: string, text: string): number {
  if (text === '-1') return Number.POSITIVE_INFINITY;
  try {
    const bytes = parseSize(text);
    if (bytes > 0) return bytes;
  } catch (error) {
    if (!isEngineError(error)) throw error;
  }
  throw new EngineError('InvalidArgument', `invalid value for ${option}: ${text}`);
}

function boolean(option: string, text: string): boolean {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true;
  if (/^(0|f|F|FALSE|false|False)$/.test(text)) return false;
  throw new EngineError('InvalidArgument', `invalid value for ${option}: ${text}`);
}

function escapeHtml(json: string): string {
  return json.replaceAll(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
