import { EngineError } from '../base/index.ts';
import type { Filters } from '../engine/index.ts';

/** A request's query with Docker's notions of values. moby daemon/server/httputils/form.go. */
export class Query {
  readonly #values: URLSearchParams;

  constructor(text: string) {
    this.#values = new URLSearchParams(text);
  }

  /** '' when absent. */
  text(name: string): string {
    return this.#values.get(name) ?? '';
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  all(name: string): readonly string[] {
    return this.#values.getAll(name);
  }

  /** Everything but nothing, `0`, `no`, `false` and `none` is true. */
  boolean(name: string, absent = false): boolean {
    const value = this.#values.get(name);
    return value === null ? absent : !['', '0', 'no', 'false', 'none'].includes(value.trim().toLowerCase());
  }

  /** Undefined when absent or ''. @throws {EngineError} InvalidArgument. */
  integer(name: string): number | undefined {
    const text = this.text(name);
    if (text === '') return undefined;
    if (!/^[+-]?\d{1,18}$/.test(text)) {
      throw new EngineError('InvalidArgument', `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
    }
    return Number(text);
  }

  /** Seconds since 1970 with a fraction (`1700000000.000000001`), or RFC 3339; undefined when absent, '' or 0. @throws {EngineError} */
  time(name: string): Date | undefined {
    const text = this.text(name);
    if (text === '' || text === '0') return undefined;
    if (/^\d{1,12}(\.\d{1,9})?$/.test(text)) return new Date(Number(text) * 1000);
    const at = new Date(text);
    if (Number.isNaN(at.getTime())) throw new EngineError('InvalidArgument', `invalid value for ${JSON.stringify(name)}: ${text}`);
    return at;
  }

  /** `filters`: `{"key":{"value":true}}` or the older `{"key":["value"]}`. @throws {EngineError} InvalidArgument. */
  filters(): Filters {
    const text = this.text('filters');
    if (text === '') return {};
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw invalidFilter();
    }
    if (value === null) return {};
    if (typeof value !== 'object' || Array.isArray(value)) throw invalidFilter();
    return Object.fromEntries(Object.entries(value).map(([key, values]) => [key, filterValues(values)]));
  }
}

function filterValues(values: unknown): readonly string[] {
  if (Array.isArray(values)) {
    if (!values.every((each) => typeof each === 'string')) throw invalidFilter();
    return values;
  }
  if (values === null || typeof values !== 'object') throw invalidFilter();
  const entries = Object.entries(values);
  if (!entries.every(([, chosen]) => typeof chosen === 'boolean')) throw invalidFilter();
  return entries.filter(([, chosen]) => chosen === true).map(([value]) => value);
}

function invalidFilter(): EngineError {
  return new EngineError('InvalidArgument', 'invalid filter');
}
