export interface TabulateOptions {
  readonly minimumWidth: number;
  readonly padding: number;
}

/**
 * Aligns the tab-separated cells of `text` with spaces, as Go's text/tabwriter: a cell that a tab ends belongs to a column, a column is as
 * wide as the widest of the lines next to each other that have it.
 */
export function tabulate(text: string, options: TabulateOptions = { minimumWidth: 10, padding: 3 }): string {
  const lines = text.split('\n').map((line) => line.split('\t'));
  const out: string[] = [];
  layOut(lines, 0, lines.length, [], options, out);
  return out.join('\n');
}

function layOut(lines: readonly string[][], from: number, to: number, widths: number[], options: TabulateOptions, out: string[]): void {
  const column = widths.length;
  let start = from;
  for (let index = from; index < to; index++) {
    if (column >= lines[index]!.length - 1) continue;
    show(lines, start, index, widths, out);
    start = index;
    let width = options.minimumWidth;
    for (; index < to && column < lines[index]!.length - 1; index++)
      width = Math.max(width, runes(lines[index]![column]!) + options.padding);
    widths.push(width);
    layOut(lines, start, index, widths, options, out);
    widths.pop();
    start = index;
  }
  show(lines, start, to, widths, out);
}

function show(lines: readonly string[][], from: number, to: number, widths: readonly number[], out: string[]): void {
  for (let index = from; index < to; index++) {
    let text = '';
    for (const [column, cell] of lines[index]!.entries()) {
      text += cell;
      if (column < widths.length) text += ' '.repeat(widths[column]! - runes(cell));
    }
    out.push(text);
  }
}

function runes(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
