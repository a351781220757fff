/** The fields of one line of CSV, as Go's encoding/csv reads `--mount`, `--network` and `--gpus`. @throws with Go's words. */
export function csvFields(text: string): string[] {
  const fields: string[] = [];
  let rest = text;
  for (;;) {
    if (rest.startsWith('"')) {
      const match = /^"((?:[^"]|"")*)"(,|$)/.exec(rest);
      if (match === null) throw new Error(`parse error on line 1, column ${text.length + 1}: extraneous or missing " in quoted-field`);
      fields.push(match[1]!.replaceAll('""', '"'));
      if (match[2] === '') return fields;
      rest = rest.slice(match[0].length);
      continue;
    }
    const comma = rest.indexOf(',');
    const field = comma === -1 ? rest : rest.slice(0, comma);
    const quote = field.indexOf('"');
    if (quote !== -1) throw new Error(`parse error on line 1, column ${text.length - rest.length + quote + 1}: bare " in non-quoted-field`);
    fields.push(field);
    if (comma === -1) return fields;
    rest = rest.slice(comma + 1);
  }
}
