import { textOf } from './text-of.ts';

/** Go's `fmt.Sprintf` for the verbs `v s d q t f e g x X c` with flags, width and precision. */
export function printf(format: string, values: readonly unknown[]): string {
  let next = 0;
  const text = format.replace(
    /%([-+ 0#]*)(\d+|\*)?(?:\.(\d+))?([a-zA-Z%])/g,
    (_, flags: string, width: string | undefined, precision, verb: string) => {
      if (verb === '%') return '%';
      const columns = width === '*' ? Number(values[next++]) : Number(width ?? 0);
      if (next >= values.length) return `%!${verb}(MISSING)`;
      return padTo(formatVerb(verb, values[next++], precision === undefined ? undefined : Number(precision), flags), columns, flags);
    },
  );
  const extra = values.slice(next);
  return extra.length === 0 ? text : `${text}%!(EXTRA ${extra.map((value) => `${typeName(value)}=${textOf(value)}`).join(', ')})`;
}

function formatVerb(verb: string, value: unknown, precision: number | undefined, flags: string): string {
  switch (verb) {
    case 'v':
      return textOf(value);
    case 's':
      if (typeof value === 'number' || typeof value === 'boolean') return `%!s(${typeName(value)}=${textOf(value)})`;
      return precision === undefined ? textOf(value) : textOf(value).slice(0, precision);
    case 'q':
      return JSON.stringify(textOf(value));
    case 'd':
      if (typeof value !== 'number') return `%!d(${typeName(value)}=${textOf(value)})`;
      return flags.includes('+') && value >= 0 ? `+${value}` : String(Math.trunc(value));
    case 'f':
      return typeof value === 'number' ? value.toFixed(precision ?? 6) : `%!f(${typeName(value)}=${textOf(value)})`;
    case 'x':
    case 'X': {
      const hex = typeof value === 'number' ? value.toString(16) : Buffer.from(textOf(value)).toString('hex');
      return verb === 'X' ? hex.toUpperCase() : hex;
    }
    case 't':
    case 'g':
      return textOf(value);
    case 'c':
      return String.fromCodePoint(Number(value));
    default:
      return `%!${verb}(${typeName(value)}=${textOf(value)})`;
  }
}

function padTo(text: string, columns: number, flags: string): string {
  if (flags.includes('-')) return text.padEnd(columns);
  return flags.includes('0') ? text.padStart(columns, '0') : text.padStart(columns);
}

/** The Go type a value would have, for messages. */
export function typeName(value: unknown): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64';
  if (Array.isArray(value)) return '[]interface {}';
  return value === null || value === undefined ? '<nil>' : 'map[string]interface {}';
}
