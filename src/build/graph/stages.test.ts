import { expect, test } from 'bun:test';
import { isPredeclared, parseDockerfile, planStages, readInstructions, type StageInputs, type StagePlan } from '../index.ts';

const amd64 = { os: 'linux', architecture: 'amd64' };

function plan(source: string, inputs: Partial<StageInputs> = {}): StagePlan {
  const ast = parseDockerfile(source);
  return planStages(readInstructions(ast), {
    escape: ast.directives.escape,
    arguments: new Map(),
    buildPlatform: amd64,
    targetPlatform: amd64,
    ...inputs,
  });
}

function names(source: string, inputs: Partial<StageInputs> = {}): ReadonlyArray<string | number> {
  return plan(source, inputs).stages.map(({ name, index }) => name ?? index);
}

test('only what the target needs, in the order of need', () => {
  const source = [
    'FROM x AS unused',
    'FROM x AS tools',
    'FROM x AS sources',
    'FROM sources AS build',
    'RUN --mount=from=tools,target=/t true',
    'FROM scratch',
    'COPY --from=build /a /a',
    'COPY --from=2 /b /b',
    'COPY --from=alpine:3 /c /c',
  ].join('\n');
  expect(names(source)).toEqual(['sources', 'tools', 'build', 4]);
  expect(names(source, { target: 'TOOLS' })).toEqual(['tools']);
  expect(names(source, { target: '3' })).toEqual(['sources', 'tools', 'build']);
  expect([...(plan(source).stages.at(-1)?.sources ?? [])]).toEqual([
    ['build', { kind: 'stage', index: 3 }],
    ['2', { kind: 'stage', index: 2 }],
    ['alpine:3', { kind: 'image', reference: 'alpine:3' }],
  ]);
});

test('a base is a stage above, else an image', () => {
  const { stages } = plan('FROM busybox AS busybox\nFROM busybox');
  expect(stages.map(({ base }) => base)).toEqual([
    { kind: 'image', reference: 'busybox' },
    { kind: 'stage', index: 0 },
  ]);
});

test('arguments before FROM, given and by platform', () => {
  const source = 'ARG TAG=1\nARG IMAGE=a:${TAG}\nARG UNSET\nFROM --platform=$BUILDPLATFORM $IMAGE-$TARGETARCH';
  const [stage] = plan(source, { targetPlatform: { os: 'linux', architecture: 'arm64' } }).stages;
  expect(stage?.base).toEqual({ kind: 'image', reference: 'a:1-arm64' });
  expect(stage?.platform.architecture).toBe('amd64');
  const given = plan(source, { arguments: new Map([['TAG', '2']]) });
  expect([...given.globals]).toEqual([
    ['TAG', '2'],
    ['IMAGE', 'a:2'],
  ]);
});

test.each([
  ['FROM a AS x\nCOPY --from=y a b\nFROM x AS y', 'circular dependency detected on stage: x', {}],
  ['FROM a AS x\nCOPY --from=x a b', 'circular dependency detected on stage: x', {}],
  ['FROM a\nCOPY --from=7 a b', 'dockerfile parse error on line 2: invalid from flag value 7: no stage has this number', {}],
  ['FROM $NONE', 'dockerfile parse error on line 1: base name ($NONE) should not be blank', {}],
  ['FROM --platform=$NONE a', 'empty platform value from expression $NONE', {}],
  ['FROM a AS build', 'target stage "biuld" could not be found (did you mean build?)', { target: 'biuld' }],
  ['ARG A=1', 'dockerfile contains no stages to build', {}],
])('refuses %j', (source, message, inputs) => {
  expect(() => plan(source, inputs)).toThrow(message);
});

test('ten thousand stages in a row', () => {
  const source = Array.from({ length: 10_000 }, (_, index) => `FROM ${index === 0 ? 'a' : `s${index - 1}`} AS s${index}`).join('\n');
  expect(plan(source).stages.length).toBe(10_000);
});

test('proxy arguments need no ARG', () => {
  expect(['HTTP_PROXY', 'https_proxy', 'Http_Proxy', 'OTHER'].map(isPredeclared)).toEqual([true, true, false, false]);
});
