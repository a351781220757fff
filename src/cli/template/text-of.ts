/** A value that shows itself in a template, in place of its fields. */
export interface Shown {
  toTemplateText(): string;
}

/** What `{{value}}` shows: Go's `%v` for the values JSON can hold; `map[a:1 b:2]` for objects and `[1 2]` for lists. */
export function textOf(value: unknown): string {
  if (value === undefined) return '<no value>';
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(textOf).join(' ')}]`;
  if (typeof value !== 'object') return numberOr(value);
  if ('toTemplateText' in value) return (value as Shown).toTemplateText();
  const fields = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return `map[${fields.map(([name, field]) => `${name}:${textOf(field)}`).join(' ')}]`;
}

function numberOr(value: unknown): string {
  return typeof value === 'string' ? value : String(value);
}

/** Whether `{{if value}}` takes it: not false, 0, empty or nil. */
export function isTruthy(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype)
    return Object.keys(value).length > 0;
  return Boolean(value);
}
