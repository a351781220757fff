import { expect, test } from 'bun:test';
import * as fc from 'fast-check';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isEngineError, messageOf } from '../../src/base/index.ts';
import { expandWord, expandWords, parseDockerfile, readInstructions } from '../../src/build/index.ts';

const testdata = join(import.meta.dir, 'testdata');

/** What a Dockerfile becomes: its instructions as `ast.json`, or the message as `error.txt`. */
function read(source: string): { readonly file: 'ast.json' | 'error.txt'; readonly text: string } {
  try {
    const ast = parseDockerfile(source);
    const result = { directives: ast.directives, instructions: readInstructions(ast) };
    return { file: 'ast.json', text: `${JSON.stringify(result, null, 1)}\n` };
  } catch (error) {
    if (!isEngineError(error, 'InvalidArgument')) throw error;
    return { file: 'error.txt', text: `${messageOf(error)}\n` };
  }
}

for (const name of readdirSync(testdata).sort()) {
  test(`testdata/${name}`, () => {
    const folder = join(testdata, name);
    const { file, text } = read(readFileSync(join(folder, 'Dockerfile'), 'utf8'));
    if (process.env['UPDATE_GOLDEN'] === '1') {
      rmSync(join(folder, file === 'ast.json' ? 'error.txt' : 'ast.json'), { force: true });
      writeFileSync(join(folder, file), text);
    }
    expect(readdirSync(folder).sort()).toEqual(['Dockerfile', file]);
    expect(existsSync(join(folder, file)) ? readFileSync(join(folder, file), 'utf8') : '').toBe(text);
  });
}

const values = new Map([
  ['V', 'value'],
  ['E', ''],
  ['P', 'a/b/c.tar.gz'],
  ['S', 'two words'],
]);
const expansion = { escape: '\\', lookup: (name: string) => values.get(name) } as const;

test.each([
  ['$V-${V}-$U-', 'value-value--'],
  ['${U:-w} ${E:-w} ${E-w} ${U-w} ${V-w}', 'w w  w value'],
  ['${U:+w}|${E:+w}|${E+w}|${V:+w}', '||w|w'],
  ['${V?x} ${E?x}', 'value '],
  ['${P#*/} ${P##*/} ${P%.*} ${P%%.*}', 'b/c.tar.gz c.tar.gz a/b/c.tar a/b/c'],
  ['${V/a/b} ${P//./-} ${V/?a/X}', 'vblue a/b/c-tar-gz Xlue'],
  ['${P/\\//_} ${P//\\//_}', 'a_b/c.tar.gz a_b_c.tar.gz'],
  ['\'$V\' "$V" \\$V "\\$V"', '$V value $V $V'],
  ['${U:-${V:-x}} ${U:-"a b"}', 'value a b'],
  ['a$ $$', 'a$ '],
])('expands %s', (text, expected) => {
  expect(expandWord(text, expansion)).toBe(expected);
});

test.each([
  ['${', "syntax error: missing '}'"],
  ['${V', "syntax error: missing '}'"],
  ['${V:-', "syntax error: missing '}'"],
  ['${}', 'syntax error: bad substitution'],
  ['${V*x}', 'unsupported modifier (*) in substitution'],
  ['${V:#x}', 'unsupported modifier (:#) in substitution'],
  ['${U?}', 'U: is not allowed to be unset'],
  ['${E:?}', 'E: is not allowed to be empty'],
  ['${U:?give one}', 'U: give one'],
  ["'a", 'unexpected end of statement while looking for matching single-quote'],
  ['"a', 'unexpected end of statement while looking for matching double-quote'],
  ['${a:-'.repeat(5000), 'syntax error: too many nested substitutions'],
])('refuses %#', (text, message) => {
  expect(() => expandWord(text, expansion)).toThrow(message);
});

test('splits words outside quotes, and unquoted values', () => {
  expect(expandWords('a  $S "$S" \'\' b\\ c ${S}x', expansion)).toEqual(['a', 'two', 'words', 'two words', '', 'b c', 'two', 'wordsx']);
});

test('a pattern made to be slow is not', () => {
  const text = 'a'.repeat(5000);
  const lookup = (): string => text;
  expect(expandWord(`\${A#${'*a'.repeat(50)}b}`, { escape: '\\', lookup })).toBe(text);
});

const pieces = [
  'FROM a',
  'RUN',
  'COPY',
  'ENV',
  'HEALTHCHECK',
  '--mount=',
  '--from=',
  '<<EOF',
  '<<-"E"',
  'EOF',
  '\\',
  '`',
  '\n',
  ' ',
  '[',
  '"',
  "'",
];
const dollars = [
  '${',
  '}',
  '$V',
  ':-',
  '#',
  '//',
  '%',
  '?',
  ',',
  '=',
  '# escape=`\n',
  '\t',
  '\r\n',
  'type=cache',
  'ONBUILD ',
  '\u0000',
  '\uFEFF',
];
const text = fc.array(fc.oneof(fc.constantFrom(...pieces, ...dollars), fc.string({ maxLength: 6 })), { maxLength: 40 });

test('any text is a Dockerfile or a named error', () => {
  fc.assert(
    fc.property(text, (parts) => {
      const source = parts.join('');
      for (const one of [source, `FROM a\nRUN ${source}`, `FROM a\nCOPY ${source}`]) expect(read(one).text).not.toBe('');
    }),
    { numRuns: 2000 },
  );
});

test('any word expands or is refused', () => {
  fc.assert(
    fc.property(text, (parts) => {
      try {
        expandWords(parts.join(''), expansion);
      } catch (error) {
        expect(isEngineError(error, 'InvalidArgument')).toBe(true);
      }
    }),
    { numRuns: 2000 },
  );
});
