import { invalid } from './invalid.ts';

/** What a piece of JSON has to look like. Lists and texts have a limit each, so that nobody's file makes us allocate without end. */
export type Shape =
  | { readonly kind: 'text'; readonly most: number }
  | { readonly kind: 'integer'; readonly least: number; readonly most: number }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'list'; readonly of: Shape; readonly most: number }
  | { readonly kind: 'map'; readonly of: Shape; readonly most: number }
  | { readonly kind: 'record'; readonly required: Readonly<Record<string, Shape>>; readonly optional: Readonly<Record<string, Shape>> }
  | { readonly kind: 'anything' };

export const text = (most = 4096): Shape => ({ kind: 'text', most });
export const integer = (least = 0, most = 2 ** 64): Shape => ({ kind: 'integer', least, most });
export const boolean: Shape = { kind: 'boolean' };
export const anything: Shape = { kind: 'anything' };
export const list = (of: Shape, most = 1024): Shape => ({ kind: 'list', of, most });
export const map = (of: Shape, most = 256): Shape => ({ kind: 'map', of, most });
export const record = (required: Readonly<Record<string, Shape>>, optional: Readonly<Record<string, Shape>> = {}): Shape => ({
  kind: 'record',
  required,
  optional,
});

/**
 * The part of `value` that fits `shape`: unknown fields are left out, as the spec asks of a runtime, and so are nulls.
 * @throws {EngineError} InvalidArgument, with the path of the first thing that does not fit.
 */
export function fit(value: unknown, shape: Shape, path: string): unknown {
  switch (shape.kind) {
    case 'text':
      if (typeof value !== 'string') throw invalid(path, 'it has to be a string');
      if (value.length > shape.most) throw invalid(path, `it is longer than ${shape.most} characters`);
      if (value.includes('\0')) throw invalid(path, 'a NUL byte inside');
      return value;
    case 'integer':
      if (typeof value !== 'number' || !Number.isInteger(value)) throw invalid(path, 'it has to be a whole number');
      if (value < shape.least || value > shape.most) throw invalid(path, `it has to be between ${shape.least} and ${shape.most}`);
      return value;
    case 'boolean':
      if (typeof value !== 'boolean') throw invalid(path, 'it has to be true or false');
      return value;
    case 'list':
      if (!Array.isArray(value)) throw invalid(path, 'it has to be a list');
      if (value.length > shape.most) throw invalid(path, `more than ${shape.most}`);
      return value.map((entry, index) => fit(entry, shape.of, `${path}[${index}]`));
    case 'map':
      return Object.fromEntries(entriesOf(value, path, shape.most).map(([key, entry]) => [key, fit(entry, shape.of, `${path}.${key}`)]));
    case 'record':
      return fitRecord(value, shape, path);
    case 'anything':
      return value;
  }
}

function fitRecord(value: unknown, shape: Extract<Shape, { kind: 'record' }>, path: string): unknown {
  const given = new Map(entriesOf(value, path, 4096));
  const fields: Record<string, unknown> = {};
  const at = (key: string): string => (path === '' ? key : `${path}.${key}`);
  for (const [key, field] of Object.entries(shape.required)) {
    if (given.get(key) === undefined || given.get(key) === null) throw invalid(at(key), 'it is missing');
    fields[key] = fit(given.get(key), field, at(key));
  }
  for (const [key, field] of Object.entries(shape.optional)) {
    const entry = given.get(key);
    if (entry !== undefined && entry !== null) fields[key] = fit(entry, field, at(key));
  }
  return fields;
}

function entriesOf(value: unknown, path: string, most: number): ReadonlyArray<[string, unknown]> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(path || 'config.json', 'it has to be an object');
  const entries = Object.entries(value);
  if (entries.length > most) throw invalid(path || 'config.json', `more than ${most} fields`);
  return entries;
}
