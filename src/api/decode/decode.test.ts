import { describe, expect, test } from 'bun:test';
import * as fc from 'fast-check';
import { EngineError } from '../../base/index.ts';
import {
  containerConfigNames,
  decodeCreate,
  decodeExecCreate,
  decodeExecStart,
  decodeUpdate,
  hostConfigNames,
  parseJson,
} from './index.ts';

const create = (body: unknown, minor = 51, cgroupVersion: 1 | 2 = 2) =>
  decodeCreate(body, { minor, name: '', platform: '', cgroupVersion });
const into = 'invalid JSON: json: cannot unmarshal';

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof EngineError && error.code === 'InvalidArgument') return error.message;
    throw error;
  }
  return 'accepted';
}

describe('parseJson says what Go says', () => {
  test.each([
    ['', 'invalid JSON: got EOF while reading request body'],
    [' \n', 'invalid JSON: got EOF while reading request body'],
    ['{', 'invalid JSON: unexpected EOF'],
    ['{"a":"b', 'invalid JSON: unexpected EOF'],
    ['{} {}', 'unexpected content after JSON'],
    ['{"a":"}"} x', 'unexpected content after JSON'],
    ['1 2', 'unexpected content after JSON'],
    ['xyz', "invalid JSON: invalid character 'x' looking for beginning of value"],
    ['{"a":}', 'invalid JSON: invalid character in JSON text'],
    ['{"a":'.repeat(50_000), 'invalid JSON: unexpected EOF'],
  ])('%.20p', (text, message) => {
    expect(refusal(() => parseJson(text))).toBe(message);
  });

  test('every JSON text is read, and no text does more than be refused', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => expect(parseJson(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)))));
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', '1', 'n', ' ') }),
        (text) => void refusal(() => parseJson(text)),
      ),
    );
  });
});

describe('create', () => {
  test.each([
    [{ Image: 'x', Tty: 'yes' }, `${into} string into Go struct field CreateRequest.Tty of type bool`],
    [{ Image: 1 }, `${into} number into Go struct field CreateRequest.Image of type string`],
    [{ Image: 'x', Env: 'A=1' }, `${into} string into Go struct field CreateRequest.Env of type []string`],
    [{ Image: 'x', Env: [1] }, `${into} number into Go struct field CreateRequest.Env of type string`],
    [{ Image: 'x', Labels: ['a'] }, `${into} array into Go struct field CreateRequest.Labels of type map[string]string`],
    [{ Image: 'x', HostConfig: 'y' }, `${into} string into Go struct field CreateRequest.HostConfig of type container.HostConfig`],
    [{ Image: 'x', HostConfig: { Memory: 'a lot' } }, `${into} string into Go struct field CreateRequest.HostConfig.Memory of type int64`],
    [{ Image: 'x', HostConfig: { Memory: 1.5 } }, `${into} number 1.5 into Go struct field CreateRequest.HostConfig.Memory of type int64`],
    [
      { Image: 'x', HostConfig: { Memory: 1e300 } },
      `${into} number 1e+300 into Go struct field CreateRequest.HostConfig.Memory of type int64`,
    ],
    [
      { Image: 'x', HostConfig: { BlkioWeight: 70000 } },
      `${into} number 70000 into Go struct field CreateRequest.HostConfig.BlkioWeight of type uint16`,
    ],
    [
      { Image: 'x', HostConfig: { Mounts: [{ Type: 3 }] } },
      `${into} number into Go struct field CreateRequest.HostConfig.Mounts.Type of type string`,
    ],
    [{ Image: 'x', Cmd: 5 }, `${into} number into Go struct field CreateRequest.Cmd of type string`],
    [[], `${into} array into Go value of type container.CreateRequest`],
    ['x', `${into} string into Go value of type container.CreateRequest`],
    [{}, 'config cannot be empty in order to create a container'],
    [null, 'config cannot be empty in order to create a container'],
    [undefined, 'config cannot be empty in order to create a container'],
    [{ HostConfig: {} }, 'config cannot be empty in order to create a container'],
  ])('%j', (body, message) => {
    expect(refusal(() => create(body))).toBe(message);
  });

  test('names match without case, unknown fields are ignored, a word is a list', () => {
    const { config, hostConfig } = create({
      image: 'x',
      CMD: 'true',
      entryPoint: ['a', 'b'],
      hostconfig: { MEMORY: 7 },
      nonesuch: { a: [1] },
    });
    expect(config).toMatchObject({ Image: 'x', Cmd: ['true'], Entrypoint: ['a', 'b'] });
    expect(hostConfig.Memory).toBe(7);
  });

  test('null is the zero value', () => {
    const { config, hostConfig, endpoints } = create({
      Image: 'x',
      Tty: null,
      Env: null,
      Cmd: null,
      Labels: null,
      HostConfig: null,
      NetworkingConfig: null,
    });
    expect(config).toMatchObject({ Tty: false, Env: [], Cmd: null, Labels: {}, Volumes: null });
    expect(hostConfig).toMatchObject({ Binds: null, NetworkMode: 'default', PidsLimit: null, MemorySwappiness: null, MaskedPaths: null });
    expect(endpoints).toEqual({});
  });

  test('`__proto__` is a label like any other', () => {
    const { config } = create(JSON.parse('{"Image":"x","Labels":{"__proto__":"polluted"}}'));
    expect(Object.keys(config.Labels)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('defaults depend on the version', () => {
    const mounts = [{ Type: 'bind', Target: '/x', BindOptions: { CreateMountpoint: true } }];
    const of = (minor: number) =>
      create({ Image: 'x', HostConfig: { AutoRemove: true, Annotations: { a: 'b' }, Mounts: mounts, PidsLimit: -1 } }, minor, 1).hostConfig;
    expect(of(51)).toMatchObject({ AutoRemove: true, IpcMode: '', CgroupnsMode: '', Annotations: { a: 'b' }, PidsLimit: null });
    expect(of(51).Mounts![0]!.BindOptions).toEqual({ CreateMountpoint: true });
    expect(of(43).Mounts![0]!.BindOptions).toEqual({ CreateMountpoint: true, ReadOnlyNonRecursive: true });
    expect(of(42)).not.toHaveProperty('Annotations');
    expect(of(41).Mounts![0]!.BindOptions).toEqual({ ReadOnlyNonRecursive: true });
    expect(of(40)).toMatchObject({ CgroupnsMode: 'host', IpcMode: '' });
    expect(of(39)).toMatchObject({ CgroupnsMode: 'host', IpcMode: 'shareable' });
    expect(of(24)).toMatchObject({ AutoRemove: false });
    expect(create({ Image: 'x' }, 40, 2).hostConfig.CgroupnsMode).toBe('');
  });

  test('any JSON is decoded or refused, never anything else', () => {
    const keys = fc.constantFrom('HostConfig', 'NetworkingConfig', ...containerConfigNames, ...hostConfigNames);
    const value = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        fc.jsonValue({ maxDepth: 1 }),
        fc.dictionary(keys, tie('node')),
        fc.array(tie('node'), { maxLength: 3 }),
      ),
    })).node;
    fc.assert(
      fc.property(value, (body) => void refusal(() => create(body))),
      { numRuns: 500 },
    );
  });
});

test('exec, exec start and update', () => {
  expect(refusal(() => decodeExecCreate({}, 51))).toBe('No exec command specified');
  expect(decodeExecCreate({ Cmd: ['a'], Tty: true, ConsoleSize: [3, 4] }, 51)).toMatchObject({
    command: ['a'],
    terminal: true,
    consoleSize: { rows: 3, columns: 4 },
  });
  expect(decodeExecCreate({ Cmd: ['a'], ConsoleSize: [3, 4] }, 41)).not.toHaveProperty('consoleSize');
  expect(refusal(() => decodeExecStart({ ConsoleSize: [1, 2] }, 51))).toBe('Cannot use ConsoleSize without a TTY');
  expect(decodeExecStart(undefined, 51)).toEqual({ detach: false, terminal: false });
  expect(decodeUpdate({ Memory: 5, CpuShares: 0, PidsLimit: 0, RestartPolicy: { Name: 'always' } })).toEqual({
    Memory: 5,
    PidsLimit: 0,
    RestartPolicy: { Name: 'always', MaximumRetryCount: 0 },
  });
});
