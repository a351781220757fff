import type { FlagSpec } from './flags/index.ts';

/** `--filter name=value`, repeatable. */
export const filterFlag: FlagSpec = {
  name: 'filter',
  short: 'f',
  kind: 'list',
  valueName: 'filter',
  usage: 'Show only what meets the conditions',
  check: checkFilter,
};

/** `--format` of a list. */
export const listFormatFlag: FlagSpec = {
  name: 'format',
  kind: 'string',
  usage: `How to show each row:
'table':            A table with titles (default)
'table TEMPLATE':   A table of the Go template's columns
'json':             JSON
'TEMPLATE':         The Go template`,
};

/** `--format` of one thing. */
export const formatFlag: FlagSpec = {
  name: 'format',
  kind: 'string',
  usage: `How to show it:
'json':             JSON
'TEMPLATE':         The Go template`,
};

export const detachKeysFlag: FlagSpec = {
  name: 'detach-keys',
  kind: 'string',
  usage: 'Keys that detach from the container, in place of ctrl-p,ctrl-q',
};

/** The `filters` query of the API: `{"status":{"exited":true}}`; undefined when there is none. */
export function filtersQuery(filters: readonly string[]): string | undefined {
  if (filters.length === 0) return undefined;
  const query: Record<string, Record<string, boolean>> = {};
  for (const filter of filters) {
    const equals = filter.indexOf('=');
    const name = filter.slice(0, equals).trim().toLowerCase();
    (query[name] ??= {})[filter.slice(equals + 1).trim()] = true;
  }
  return JSON.stringify(query);
}

export function checkFilter(text: string): void {
  if (!text.includes('=')) throw new Error('bad format of filter (expected name=value)');
}

/** Of every `prune`: what to spare, and not to ask. */
export const pruneFlags: readonly FlagSpec[] = [
  {
    name: 'filter',
    kind: 'list',
    valueName: 'filter',
    usage: 'Only what meets the conditions (such as "until=<timestamp>")',
    check: checkFilter,
  },
  { name: 'force', short: 'f', kind: 'bool', usage: 'Do not ask' },
];
