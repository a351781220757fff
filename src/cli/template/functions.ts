import { printf, typeName } from './printf.ts';
import { textOf } from './text-of.ts';

/** A template function. It throws plain errors, which get the place added. */
export type TemplateFunction = (...values: unknown[]) => unknown;

/** Go's built-in functions and the ones Docker adds. `and`, `or` and `not` are the evaluator's own. */
export const functions: Readonly<Record<string, TemplateFunction>> = {
  json: (value) => JSON.stringify(value ?? null),
  join: (values, separator = '') => asList(values).map(textOf).join(textOf(separator)),
  split: (text, separator) => asText(text).split(asText(separator)),
  lower: (text) => asText(text).toLowerCase(),
  upper: (text) => asText(text).toUpperCase(),
  title: (text) =>
    asText(text).replace(/(^|[^\p{L}\p{N}_'])(\p{L})/gu, (_, before: string, letter: string) => before + letter.toUpperCase()),
  pad: (text, before, after) => (text === '' ? '' : ' '.repeat(Number(before)) + asText(text) + ' '.repeat(Number(after))),
  truncate: (text, length) => asText(text).slice(0, Number(length)),
  print: (...values) => printAll(values),
  println: (...values) => `${values.map(textOf).join(' ')}\n`,
  printf: (format, ...values) => printf(textOf(format), values),
  len: (value) => lengthOf(value),
  index: (value, ...keys) => keys.reduce(indexOne, value),
  slice: (value, from, to) => sliceOf(value, from, to),
  eq: (first, ...others) => others.some((other) => isEqual(first, other)),
  ne: (left, right) => !isEqual(left, right),
  lt: (left, right) => compare(left, right) < 0,
  le: (left, right) => compare(left, right) <= 0,
  gt: (left, right) => compare(left, right) > 0,
  ge: (left, right) => compare(left, right) >= 0,
  html: (...values) => printAll(values).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`),
  js: (...values) => JSON.stringify(printAll(values)).slice(1, -1),
  urlquery: (...values) => encodeURIComponent(printAll(values)).replaceAll('%20', '+'),
};

// Spaces go between operands when neither is a string.
function printAll(values: readonly unknown[]): string {
  let text = '';
  for (const [index, value] of values.entries()) {
    if (index > 0 && typeof value !== 'string' && typeof values[index - 1] !== 'string') text += ' ';
    text += textOf(value);
  }
  return text;
}

function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new Error(`wrong type for value; expected string; got ${typeName(value)}`);
}

function asList(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (value === null || value === undefined) return [];
  throw new Error(`wrong type for value; expected []string; got ${typeName(value)}`);
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (value === null || value === undefined) return 0;
  if (typeof value === 'object') return Object.keys(value).length;
  throw new Error(`error calling len: len of type ${typeName(value)}`);
}

function indexOne(value: unknown, key: unknown): unknown {
  if (value === null || value === undefined) {
    if (typeof key === 'string') return undefined;
    throw new Error('error calling index: index of untyped nil');
  }
  if (Array.isArray(value) || typeof value === 'string') {
    if (typeof key !== 'number') throw new Error(`error calling index: cannot index slice/array with type ${typeName(key)}`);
    if (key < 0 || key >= value.length) throw new Error(`error calling index: reflect: slice index out of range`);
    return typeof value === 'string' ? value.charCodeAt(key) : value[key];
  }
  if (typeof value !== 'object') throw new Error(`error calling index: can't index item of type ${typeName(value)}`);
  if (typeof key !== 'string') throw new Error(`error calling index: value has type ${typeName(key)}; should be string`);
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : '';
}

function sliceOf(value: unknown, from: unknown, to: unknown): unknown {
  if (typeof value !== 'string' && !Array.isArray(value))
    throw new Error(`error calling slice: can't slice item of type ${typeName(value)}`);
  const end = to === undefined ? value.length : Number(to);
  if (Number(from ?? 0) > end || end > value.length) throw new Error(`error calling slice: index out of range: ${textOf(to ?? from)}`);
  return value.slice(Number(from ?? 0), end);
}

function isEqual(left: unknown, right: unknown): boolean {
  if ((left ?? undefined) === undefined || (right ?? undefined) === undefined) return (left ?? undefined) === (right ?? undefined);
  if (typeof left !== typeof right) throw new Error('error calling eq: incompatible types for comparison');
  return left === right;
}

function compare(left: unknown, right: unknown): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  if (typeof left === 'string' && typeof right === 'string') return left < right ? -1 : left > right ? 1 : 0;
  throw new Error('error calling lt: incompatible types for comparison');
}
