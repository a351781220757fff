import { expect, test } from 'bun:test';
import { parseFlags, type FlagSpec } from './index.ts';
import { flagUsages } from './usages.ts';

const specs: readonly FlagSpec[] = [
  { name: 'all', short: 'a', kind: 'bool', usage: 'All' },
  { name: 'proxy', kind: 'bool', fallback: 'true', usage: 'Proxy' },
  { name: 'last', short: 'n', kind: 'int', fallback: '-1', usage: 'Last' },
  { name: 'env', short: 'e', kind: 'list', usage: 'Variables' },
  { name: 'timeout', short: 't', kind: 'int', usage: 'Seconds', formerly: ['time'] },
];

const parse = (line: string, stopsAtArgument = false) => parseFlags(specs, line === '' ? [] : line.split(' '), { stopsAtArgument });

test('long and short flags, with and without =', () => {
  const { flags, args } = parse('-a --last=5 x --env A=1 -e B=2 -eC=3 -e=D y');
  expect([flags.bool('all'), flags.int('last'), flags.list('env'), args]).toEqual([true, 5, ['A=1', 'B=2', 'C=3', 'D'], ['x', 'y']]);
});

test('short flags in one word; the one with a value ends it', () => {
  const { flags } = parse('-an5');
  expect([flags.bool('all'), flags.int('last')]).toEqual([true, 5]);
  expect(parse('-aen x').flags.list('env')).toEqual(['n']);
});

test('a bool takes a value only by =', () => {
  const { flags, args } = parse('--proxy=false --all false');
  expect([flags.bool('proxy'), flags.bool('all'), args]).toEqual([false, true, ['false']]);
});

test('-- ends the flags, - is an argument', () => {
  expect(parse('-a - -- --env -x').args).toEqual(['-', '--env', '-x']);
});

test('flags of somebody else stay arguments', () => {
  const { flags, args } = parse('-a image -a --foo', true);
  expect([flags.list('all'), args]).toEqual([['true'], ['image', '-a', '--foo']]);
});

test('flags for another program are arguments where that is wanted', () => {
  const { flags, args } = parseFlags(specs, ['--root', 'x', '-a', '--debug=1', '-D', '--last', '3'], { passesUnknown: true });
  expect([flags.bool('all'), flags.int('last'), args]).toEqual([true, 3, ['--root', 'x', '--debug=1', '-D']]);
});

test('what is not given has its fallback; a former name counts', () => {
  const { flags } = parse('--time 3');
  expect([flags.has('all'), flags.int('last'), flags.bool('proxy'), flags.int('timeout'), flags.has('timeout')]).toEqual([
    false,
    -1,
    true,
    3,
    true,
  ]);
});

test('help is asked for by --help and by -h where no flag has it', () => {
  expect([parse('--help').help, parse('-h').help, parse('x -a').help]).toEqual([true, true, false]);
});

test.each([
  ['--foo', 'unknown flag: --foo'],
  ['-z', "unknown shorthand flag: 'z' in -z"],
  ['-az', "unknown shorthand flag: 'z' in -az"],
  ['--last', 'flag needs an argument: --last'],
  ['-n', "flag needs an argument: 'n' in -n"],
  ['--last x', 'invalid argument "x" for "-n, --last" flag: strconv.ParseInt: parsing "x": invalid syntax'],
  ['--all=maybe', 'invalid argument "maybe" for "-a, --all" flag: strconv.ParseBool: parsing "maybe": invalid syntax'],
  ['--=x', 'bad flag syntax: --=x'],
])('%s is refused', (line, message) => {
  expect(() => parse(line)).toThrow(message);
});

test('usages are aligned, wrapped and in order', () => {
  const text = 'A long text that has to go on in the next line when the terminal is narrow';
  expect(flagUsages([...specs.slice(0, 3), { name: 'b', kind: 'string', fallback: 'x', usage: text }], 60)).toBe(
    `  -a, --all        All
      --b string   A long text that has to go on in
                   the next line when the terminal is
                   narrow (default "x")
  -n, --last int   Last (default -1)
      --proxy      Proxy (default true)
`,
  );
});
