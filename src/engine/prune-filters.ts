import { EngineError, isEngineError, parseDuration } from '../base/index.ts';
import type { Filters } from './requests.ts';

/** Whether something with these labels, made at that time, is what `label`, `label!` and `until` ask for. Values of `label` must all match. */
export function labelAndTimeFilter(
  filters: Filters,
  now: Date,
): (candidate: { readonly labels: Readonly<Record<string, string>>; readonly createdAt: Date }) => boolean {
  const until = (filters['until'] ?? []).map((text) => parseTime(text, now));
  if (until.length > 1) throw new EngineError('InvalidArgument', 'more than one until filter specified');
  const [before] = until;
  return ({ labels, createdAt }) =>
    (before === undefined || createdAt < before) &&
    (filters['label'] ?? []).every((wanted) => hasLabel(labels, wanted)) &&
    !(filters['label!'] ?? []).some((unwanted) => hasLabel(labels, unwanted));
}

/** `key` or `key=value`. */
export function hasLabel(labels: Readonly<Record<string, string>> | undefined, wanted: string): boolean {
  const equals = wanted.indexOf('=');
  const name = equals === -1 ? wanted : wanted.slice(0, equals);
  const value = labels !== undefined && Object.hasOwn(labels, name) ? labels[name] : undefined;
  return value !== undefined && (equals === -1 || value === wanted.slice(equals + 1));
}

/** A time as `--filter until=` takes it: RFC 3339 or a part of it, seconds since 1970, or how long ago as a Go duration. */
export function parseTime(text: string, now: Date): Date {
  if (/^\d+(\.\d+)?$/.test(text)) return new Date(Number(text) * 1000);
  try {
    return new Date(now.getTime() - parseDuration(text) / 1e6);
  } catch (error) {
    if (!isEngineError(error)) throw error;
  }
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new EngineError('InvalidArgument', `invalid filter 'until=${text}'`);
  return new Date(time);
}
