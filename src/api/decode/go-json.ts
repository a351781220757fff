import { EngineError } from '../../base/index.ts';

/** Where in a body a value stands, in the words of Go's decoder: `CreateRequest`, `HostConfig.Memory`. */
export interface Place {
  readonly struct: string;
  readonly path: string;
}

/**
 * Reads a parsed JSON value as Go's encoding/json would read it into a field: null and absent are the zero value, a wrong type is an error.
 * `type` is Go's name of the type, for the message.
 */
export interface Decoder<T> {
  readonly type: string;
  decode(value: unknown, place: Place): T;
}

/** The decoders of a struct's fields, by wire name; one that gives undefined leaves an optional field out. */
export type Fields<T> = { readonly [K in keyof T]-?: object extends Pick<T, K> ? Decoder<T[K] | undefined> : Decoder<T[K]> };

/** A `type` mismatch in Go's words. */
export function mismatch(value: unknown, type: string, place: Place): EngineError {
  const into = place.path === '' ? `Go value of type ${type}` : `Go struct field ${place.struct}.${place.path} of type ${type}`;
  return new EngineError('InvalidArgument', `invalid JSON: json: cannot unmarshal ${kindOf(value, type)} into ${into}`);
}

function kindOf(value: unknown, type: string): string {
  if (Array.isArray(value)) return 'array';
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'number':
      return /^u?int/.test(type) ? `number ${value}` : 'number';
    case 'object':
      return 'object';
    default:
      return typeof value;
  }
}

export const string: Decoder<string> = {
  type: 'string',
  decode(value, place) {
    if (value === undefined || value === null) return '';
    if (typeof value !== 'string') throw mismatch(value, this.type, place);
    return value;
  },
};

export const boolean: Decoder<boolean> = {
  type: 'bool',
  decode(value, place) {
    if (value === undefined || value === null) return false;
    if (typeof value !== 'boolean') throw mismatch(value, this.type, place);
    return value;
  },
};

function integer(type: string, minimum: number, maximum: number): Decoder<number> {
  return {
    type,
    decode(value, place) {
      if (value === undefined || value === null) return 0;
      // 2^63 - 1 is 2^63 as a double; it is let through, as Go lets the former.
      if (typeof value !== 'number' || !Number.isInteger(value) || value < minimum || value > maximum) throw mismatch(value, type, place);
      return value;
    },
  };
}

export const int64 = integer('int64', -(2 ** 63), 2 ** 63);
export const int = integer('int', -(2 ** 63), 2 ** 63);
export const uint = integer('uint', 0, 2 ** 64);
export const uint64 = integer('uint64', 0, 2 ** 64);
export const uint32 = integer('uint32', 0, 2 ** 32 - 1);
export const uint16 = integer('uint16', 0, 2 ** 16 - 1);

/** A pointer: null and absent are undefined, and the field is left out. */
export function optional<T>(inner: Decoder<T>): Decoder<T | undefined> {
  return { type: inner.type, decode: (value, place) => (value === undefined || value === null ? undefined : inner.decode(value, place)) };
}

/** A pointer, a slice or a map that stays null. */
export function nullable<T>(inner: Decoder<T>): Decoder<T | null> {
  return { type: inner.type, decode: (value, place) => (value === undefined || value === null ? null : inner.decode(value, place)) };
}

/** A slice; null is the empty one here (wrap in `nullable` to tell them apart). */
export function list<T>(inner: Decoder<T>): Decoder<readonly T[]> {
  const type = `[]${inner.type}`;
  return {
    type,
    decode(value, place) {
      if (value === undefined || value === null) return [];
      if (!Array.isArray(value)) throw mismatch(value, type, place);
      return value.map((element: unknown) => inner.decode(element, place));
    },
  };
}

/** A map with string keys; null is the empty one. `__proto__` is a key like any other. */
export function map<T>(inner: Decoder<T>): Decoder<Readonly<Record<string, T>>> {
  const type = `map[string]${inner.type}`;
  return {
    type,
    decode(value, place) {
      if (value === undefined || value === null) return {};
      if (typeof value !== 'object' || Array.isArray(value)) throw mismatch(value, type, place);
      return Object.fromEntries(Object.entries(value).map(([key, element]) => [key, inner.decode(element, place)]));
    },
  };
}

/** `struct{}`: any object. */
export const empty: Decoder<object> = struct<object>('struct {}', {});

/** A word or a list of words, as `Cmd` and `Entrypoint` (moby strslice). */
export const words: Decoder<readonly string[]> = {
  type: 'strslice.StrSlice',
  decode(value, place) {
    if (value !== null && value !== undefined && !Array.isArray(value)) return [string.decode(value, place)];
    return list(string).decode(value, place);
  },
};

/** A struct: field names match without case, the last of several wins, unknown ones are ignored. */
export function struct<T extends object>(type: string, fields: Fields<T>): Decoder<T> {
  const names = Object.keys(fields) as Array<keyof T & string>;
  const byLowerCase = new Map(names.map((name) => [name.toLowerCase(), name]));
  return {
    type,
    decode(value, place) {
      if (value !== undefined && value !== null && (typeof value !== 'object' || Array.isArray(value))) throw mismatch(value, type, place);
      const given = new Map<string, unknown>();
      for (const [key, element] of Object.entries(value ?? {})) {
        const name = byLowerCase.get(key.toLowerCase());
        // Go leaves a field alone on null.
        if (name !== undefined && !(element === null && given.has(name))) given.set(name, element);
      }
      const result: Partial<Record<keyof T, unknown>> = {};
      for (const name of names) {
        const path = place.path === '' ? name : `${place.path}.${name}`;
        const field = (fields[name] as Decoder<unknown>).decode(given.get(name), { struct: place.struct, path });
        if (field !== undefined) result[name] = field;
      }
      return result as T;
    },
  };
}
