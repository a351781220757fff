/** The first 12 digits of an id, without its `sha256:`. */
export function shortDigest(id: string): string {
  return id.slice(id.indexOf(':') + 1).slice(0, 12);
}

/** At most `width` characters, the last one `…` when some are left out. */
export function ellipsis(text: string, width: number): string {
  const characters = [...text];
  if (characters.length <= width) return text;
  if (width <= 1) return characters.slice(0, width).join('');
  return `${characters.slice(0, width - 1).join('')}…`;
}

/** Go's `strconv.Quote`. */
export function quote(text: string): string {
  return JSON.stringify(text).replace(/\\u00([0-9a-f]{2})|\\[bf]|\x7f/g, (match, hex: string | undefined) => {
    if (match === '\x7f') return '\\x7f';
    return hex === undefined ? match : ({ '07': '\\a', '0b': '\\v' }[hex] ?? `\\x${hex}`);
  });
}
