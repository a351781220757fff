/** `text`, one JSON value, laid out anew with four spaces a level. Numbers, escapes and the order of keys stay as they are (Go's `json.Indent`). */
export function indentJson(text: string, prefix = ''): string {
  let depth = 0;
  const line = () => `\n${prefix}${'    '.repeat(depth)}`;
  const out: string[] = [];
  const tokens = /"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+/g;
  let opened = false;
  for (const [token] of text.matchAll(tokens)) {
    const closes = token === '}' || token === ']';
    if (opened && !closes) {
      depth++;
      out.push(line());
    }
    if (closes && !opened) {
      depth--;
      out.push(line());
    }
    opened = token === '{' || token === '[';
    out.push(token === ':' ? ': ' : token);
    if (token === ',') out.push(line());
  }
  return out.join('');
}
