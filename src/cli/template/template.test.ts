import { expect, test } from 'bun:test';
import { compileTemplate } from './index.ts';

const value = {
  Name: '/web',
  Running: true,
  Count: 3,
  Ratio: 0.5,
  Empty: '',
  Nothing: null,
  List: ['a', 'b', 'c'],
  Labels: { b: '2', a: '1', 'with.dot': 'x' },
  Mounts: [
    { Source: '/s1', RW: true },
    { Source: '/s2', RW: false },
  ],
  State: { Health: { Status: 'healthy' } },
  Greet: (name: string) => `hello ${name}`,
};

// What Go's text/template with Docker's functions shows.
const shown: ReadonlyArray<readonly [template: string, text: string]> = [
  ['plain {text}', 'plain {text}'],
  ['{{.Name}}', '/web'],
  ['{{ .Name }}|{{- " x " -}}  |', '/web| x |'],
  ['a  {{- /* no */ -}}  b', 'ab'],
  ['{{.State.Health.Status}}', 'healthy'],
  ['{{.List}} {{.Labels}}', '[a b c] map[a:1 b:2 with.dot:x]'],
  ['{{.Nothing}} {{.Running}} {{.Count}} {{.Ratio}}', '<nil> true 3 0.5'],
  ['{{json .Labels}}', '{"b":"2","a":"1","with.dot":"x"}'],
  ['{{json .Nothing}}{{.List | json}}', 'null["a","b","c"]'],
  ['{{index .Labels "with.dot"}}{{index .Labels "zz"}}{{index .List 1}}', 'xb'],
  ['{{index .Mounts 1 "Source"}}', '/s2'],
  ['{{(index .Mounts 0).Source}}', '/s1'],
  ['{{range .List}}<{{.}}>{{end}}', '<a><b><c>'],
  ['{{range $i, $e := .List}}{{if $i}},{{end}}{{$e}}{{end}}', 'a,b,c'],
  ['{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}', 'a=1;b=2;with.dot=x;'],
  ['{{range .Nothing}}x{{else}}none{{end}}', 'none'],
  ['{{range .List}}{{if eq . "b"}}{{continue}}{{end}}{{if eq . "c"}}{{break}}{{end}}{{.}}{{end}}', 'a'],
  ['{{range .Mounts}}{{if .RW}}{{.Source}}{{end}}{{end}}', '/s1'],
  ['{{if .Empty}}a{{else if .Nothing}}b{{else}}c{{end}}', 'c'],
  ['{{if and .Running (gt .Count 2)}}yes{{end}}', 'yes'],
  ['{{if or .Empty .Nothing}}a{{else}}b{{end}}{{not .Running}}', 'bfalse'],
  ['{{with .State.Health}}{{.Status}} {{$.Name}}{{end}}', 'healthy /web'],
  ['{{with .Nothing}}x{{else}}y{{end}}', 'y'],
  ['{{$x := .Name}}{{$x = upper $x}}{{$x}}', '/WEB'],
  ['{{eq .Count 1 2 3}} {{ne .Name "a"}} {{lt 1 2}} {{le 2 2}} {{ge 1 2}}', 'true true true true false'],
  ['{{len .List}} {{len .Name}} {{len .Labels}}', '3 4 3'],
  ['{{slice .Name 1}} {{slice .List 1 2}}', 'web [b]'],
  ['{{join .List ", "}} {{split "a:b" ":"}} {{lower "AB"}} {{title "some words"}}', 'a, b, c [a b] ab Some Words'],
  ['{{pad "x" 1 2}}|{{pad "" 1 2}}|{{truncate "abcdef" 3}}', ' x  ||abc'],
  ['{{.Name | printf "%s-%d" | upper}}', '/WEB-%!D(MISSING)'],
  ['{{printf "%-6s|%6s|%03d|%.2f|%q|%v|%t|%x|%%" "ab" "cd" 7 1.5 "q" .List true 255}}', 'ab    |    cd|007|1.50|"q"|[a b c]|true|ff|%'],
  ['{{print 1 2 "a" "b" 3}}{{println "x" 1}}', '1 2a b3x 1\n'.replace('a b', 'ab')],
  ['{{.Greet "you"}} {{"you" | .Greet}}', 'hello you hello you'],
  ['{{"a\\n\\t\\"b\\""}}{{`raw\\n`}}', 'a\n\t"b"raw\\n'],
  ["{{true}} {{1.5}} {{0x10}} {{'a'}}", 'true 1.5 16 97'],
];

test.each(shown)('%s', (template, text) => {
  expect(compileTemplate(template)(value)).toBe(text);
});

test("a field that differs by case alone is found, as the fields of Docker's structs are", () => {
  expect(compileTemplate('{{.Server.APIVersion}} {{.ID}}')({ Server: { ApiVersion: '1.51' }, Id: 'x' })).toBe('1.51 x');
});

const refused: ReadonlyArray<readonly [template: string, message: string]> = [
  ['{{.Name', 'template: :1: unclosed action'],
  ['{{nope}}', 'template: :1: function "nope" not defined'],
  ['{{if .Name}}', 'template: :1: unexpected EOF'],
  ['{{end}}', 'template: :1: unexpected {{end}}'],
  ['{{$x}}', 'template: :1: undefined variable "$x"'],
  ['{{}}', 'template: :1: missing value for command'],
  ['{{"abc}}', 'template: :1: unterminated quoted string'],
  ['{{.Foo}}', 'template: :1:2: executing "" at <.Foo>: map has no entry for key "Foo"'],
  ['x {{.State.Foo.Bar}}', 'template: :1:14: executing "" at <.State.Foo.Bar>: map has no entry for key "Foo"'],
  ['\n{{.Nothing.Foo}}', 'template: :2:10: executing "" at <.Nothing.Foo>: nil pointer evaluating interface {}.Foo'],
  ['{{index .List 9}}', 'template: :1:2: executing "" at <index>: error calling index: reflect: slice index out of range'],
];

test.each(refused)('%s is refused', (template, message) => {
  expect(() => compileTemplate(template)(value)).toThrow(message);
});
