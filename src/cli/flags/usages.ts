import type { FlagSpec } from './spec.ts';

const typeNames: Readonly<Record<string, string>> = { bool: '' };
const zeros: Readonly<Record<string, readonly string[]>> = { bool: ['false'], int: ['0'], uint: ['0'] };

/** The flags of a command as help shows them, aligned and wrapped to `columns` by pflag's rules. */
export function flagUsages(specs: readonly FlagSpec[], columns: number): string {
  const shown = [...specs].sort((left, right) => (left.name < right.name ? -1 : 1));
  const heads = shown.map(headOf);
  const widest = Math.max(0, ...heads.map((head) => head.length + 1));
  return shown
    .map((spec, index) => {
      const head = heads[index]!;
      const text = wrap(widest + 2, columns, spec.usage + defaultOf(spec));
      return `${head} ${' '.repeat(widest - head.length)} ${text}\n`;
    })
    .join('');
}

function headOf(spec: FlagSpec): string {
  const value = spec.valueName ?? typeNames[spec.kind] ?? spec.kind;
  const name = spec.short === undefined ? `      --${spec.name}` : `  -${spec.short}, --${spec.name}`;
  return value === '' ? name : `${name} ${value}`;
}

function defaultOf(spec: FlagSpec): string {
  if (spec.shownDefault !== undefined) return spec.shownDefault === '' ? '' : ` (default ${spec.shownDefault})`;
  if (spec.fallback === undefined || spec.fallback === '' || zeros[spec.kind]?.includes(spec.fallback) === true) return '';
  return spec.kind === 'string' ? ` (default ${JSON.stringify(spec.fallback)})` : ` (default ${spec.fallback})`;
}

const slop = 5;

function wrap(indent: number, columns: number, text: string): string {
  let width = columns - indent;
  let start = indent;
  let result = '';
  if (width < 24) {
    start = 16;
    width = columns - start;
    result = `\n${' '.repeat(start)}`;
  }
  const newLine = `\n${' '.repeat(start)}`;
  if (width < 24) return text.replaceAll('\n', newLine);
  let rest = text;
  const lines: string[] = [];
  while (rest !== '') {
    const [line, after] = cut(width - slop, rest);
    lines.push(line.replaceAll('\n', newLine));
    rest = after;
  }
  return result + lines.join(newLine);
}

function cut(width: number, text: string): [string, string] {
  if (width + slop > text.length) return [text, ''];
  const head = text.slice(0, width);
  const space = Math.max(head.lastIndexOf(' '), head.lastIndexOf('\t'), head.lastIndexOf('\n'));
  if (space <= 0) return [text, ''];
  const newLine = head.lastIndexOf('\n');
  if (newLine > 0 && newLine < space) return [text.slice(0, newLine), text.slice(newLine + 1)];
  return [text.slice(0, space), text.slice(space + 1)];
}
