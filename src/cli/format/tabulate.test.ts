import { expect, test } from 'bun:test';
import { ellipsis, quote, shortDigest } from './ellipsis.ts';
import { indentJson } from './indent-json.ts';
import { formatPorts } from './ports.ts';
import { tabulate } from './tabulate.ts';
import { ago } from './when.ts';

test('a column is as wide as its widest cell and three, and ten at least', () => {
  expect(tabulate('A\tLONGER TITLE\tC\nx\ty\tz\n')).toBe('A         LONGER TITLE   C\nx         y              z\n');
});

test('an empty cell keeps its place, the last cell is not padded', () => {
  expect(tabulate('NAME\tPORTS\tX\nweb\t\ty\n')).toBe('NAME      PORTS     X\nweb                 y\n');
});

test('lines with fewer cells end a column', () => {
  expect(tabulate('aaaaaaaaaaaaaaa\tb\nplain\nc\td\n')).toBe('aaaaaaaaaaaaaaa   b\nplain\nc         d\n');
});

test('width is counted in characters, not bytes', () => {
  expect(tabulate('é…ö\tx\nabc\ty\n')).toBe('é…ö       x\nabc       y\n');
});

test('texts are cut and quoted as Go does', () => {
  expect(ellipsis("sh -c 'echo out; echo err'", 20)).toBe("sh -c 'echo out; ec…");
  expect(ellipsis('short', 20)).toBe('short');
  expect(quote('a "b"\n\x07\x01')).toBe('"a \\"b\\"\\n\\a\\x01"');
  expect(shortDigest('sha256:0123456789abcdef')).toBe('0123456789ab');
});

test('ports that follow each other are joined, mapped ones are shown each', () => {
  const tcp = (PrivatePort: number, rest = {}) => ({ PrivatePort, Type: 'tcp', ...rest });
  expect(formatPorts([tcp(80, { IP: '0.0.0.0', PublicPort: 8080 }), tcp(80, { IP: '::', PublicPort: 8080 })])).toBe(
    '0.0.0.0:8080->80/tcp, [::]:8080->80/tcp',
  );
  expect(formatPorts([tcp(9002), tcp(9001), tcp(9000), tcp(7)])).toBe('7/tcp, 9000-9002/tcp');
  expect(formatPorts([tcp(91, { IP: '0.0.0.0', PublicPort: 91 }), tcp(90, { IP: '0.0.0.0', PublicPort: 90 })])).toBe(
    '0.0.0.0:90-91->90-91/tcp',
  );
});

test('JSON is laid out without touching numbers, escapes and order', () => {
  expect(indentJson('{"80":[],"a":{"b":12345678901234567890,"c":"\\u003cx\\u003e"},"e":{},"l":[1,2]}')).toBe(`{
    "80": [],
    "a": {
        "b": 12345678901234567890,
        "c": "\\u003cx\\u003e"
    },
    "e": {},
    "l": [
        1,
        2
    ]
}`);
});

test('ages are in words', () => {
  const now = Date.UTC(2026, 0, 1);
  expect(ago(new Date(now - 400), now)).toBe('Less than a second ago');
  expect(ago(new Date(now - 90_000), now)).toBe('About a minute ago');
  expect(ago(new Date(now + 5000), now)).toBe('Less than a second ago');
});
