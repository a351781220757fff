import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../base/index.ts';
import { ownCgroupParent, parseListen, readDaemonOptions } from './daemon-options.ts';

const directory = mkdtempSync(join(tmpdir(), 'options-'));
const file = join(directory, 'daemon.json');
afterAll(() => rmSync(directory, { recursive: true }));

function refusal(work: () => unknown): string {
  try {
    work();
    return 'accepted';
  } catch (error) {
    return messageOf(error);
  }
}

test('without a word', () => {
  expect(readDaemonOptions(['--config-file', emptyFile()])).toMatchObject({
    listen: [{ kind: 'unix', path: '/run/berth/berth.sock' }],
    dataRoot: '/var/lib/berth',
    execRoot: '/run/berth',
    pidfile: '/run/berth/berth.pid',
    group: 'berth',
    logLevel: 'info',
    cgroupParent: '/berth',
  });
});

test('flags in all their forms', () => {
  const options = readDaemonOptions([
    ...['-H', 'unix:///a.sock', '-Hunix:///b.sock', '--host=tcp://127.0.0.1:99', '--data-root', '/d', '--exec-root=/r', '-D', '-p', '/p'],
    ...[
      '--log-opt',
      'max-size=1m',
      '--log-opt=max-file=2',
      '--default-ulimit',
      'nofile=1:2',
      '--label',
      'a=b',
      '--init',
      '--live-restore=false',
    ],
    ...['--default-shm-size', '1m', '--add-runtime', 'crun=/usr/bin/crun', '--config-file', emptyFile()],
  ]);
  expect(options.listen).toEqual([
    { kind: 'unix', path: '/a.sock' },
    { kind: 'unix', path: '/b.sock' },
    { kind: 'tcp', hostname: '127.0.0.1', port: 99 },
  ]);
  expect(options).toMatchObject({ dataRoot: '/d', execRoot: '/r', pidfile: '/p', logLevel: 'debug', ignored: ['live-restore'] });
  expect(options.defaults).toMatchObject({
    logOptions: { 'max-size': '1m', 'max-file': '2' },
    ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }],
    labels: ['a=b'],
    init: true,
    shmSizeBytes: 1 << 20,
    runtimes: { crun: { path: '/usr/bin/crun', args: [] } },
  });
});

test.each([
  [['--nonesuch'], 'unknown flag: --nonesuch'],
  [['-z'], "unknown shorthand flag: 'z' in -z"],
  [['--host'], 'flag needs an argument: --host'],
  [['word'], '"berth daemon" accepts no arguments: word'],
  [['--debug=maybe'], 'invalid argument "maybe" for "--debug" flag: invalid syntax'],
  [['--log-level', 'loud'], 'unable to parse logging level: loud'],
  [['--default-ulimit', 'x'], 'invalid ulimit argument: x'],
  [['--default-ipc-mode', 'x'], 'invalid argument "x" for "--default-ipc-mode": use private or shareable'],
  [['-H', 'nonsense'], 'invalid argument "nonsense" for "-H, --host" flag: invalid bind address format: nonsense'],
])('%j is refused', (words, message) => {
  expect(refusal(() => readDaemonOptions(['--config-file', emptyFile(), ...words]))).toBe(message);
});

describe('the configuration file', () => {
  const start = `unable to configure the Docker daemon with file ${file}: `;
  const read = (text: string, words: readonly string[] = []) => {
    writeFileSync(file, text);
    return refusal(() => readDaemonOptions(['--config-file', file, ...words]));
  };

  test.each([
    ['', 'accepted'],
    ['{"hosts":["unix:///x"],"log-opts":{"a":"b"},"features":{"x":true}}', 'accepted'],
    ['{bad', `${start}invalid JSON: `],
    ['[]', `${start}the file must hold a JSON object`],
    ['{"nonesuch":1}', `${start}the following directives don't match any configuration option: nonesuch`],
    ['{"debug":"x"}', `${start}json: cannot unmarshal string into Go struct field Config.debug of type bool`],
    ['{"hosts":"x"}', `${start}json: cannot unmarshal string into Go struct field Config.hosts of type []string`],
  ])('%s', (text, message) => {
    expect(read(text)).toStartWith(message);
  });

  test('flag and file must not say the same', () => {
    expect(read('{"hosts":["unix:///z"]}', ['-H', 'unix:///s'])).toBe(
      `${start}the following directives are specified both as a flag and in the configuration file: hosts: (from flag: [unix:///s], from file: [unix:///z])`,
    );
  });

  test('a file that was named must be there', () => {
    expect(refusal(() => readDaemonOptions(['--config-file', '/nonesuch.json']))).toEndWith(
      'open /nonesuch.json: no such file or directory',
    );
  });

  test('ulimits and runtimes have forms of their own', () => {
    writeFileSync(
      file,
      '{"default-ulimits":{"nofile":{"Name":"nofile","Soft":3,"Hard":4}},"runtimes":{"x":{"path":"/x","runtimeArgs":["-v"]}}}',
    );
    const { defaults } = readDaemonOptions(['--config-file', file]);
    expect(defaults).toMatchObject({ ulimits: [{ Name: 'nofile', Soft: 3, Hard: 4 }], runtimes: { x: { path: '/x', args: ['-v'] } } });
  });
});

test('TCP without TLS is for this machine alone', () => {
  expect(parseListen('tcp://localhost')).toEqual({ kind: 'tcp', hostname: 'localhost', port: 2375 });
  expect(parseListen('tcp://[::1]:5')).toEqual({ kind: 'tcp', hostname: '::1', port: 5 });
  expect(refusal(() => parseListen('tcp://0.0.0.0:2375'))).toContain('only loopback addresses');
  expect(refusal(() => parseListen('tcp://127.example.com:2375'))).toContain('only loopback addresses');
});

test('every data root has its own cgroup parent', () => {
  expect(ownCgroupParent('/var/lib/berth')).toBe('/berth');
  expect(ownCgroupParent('/a')).toMatch(/^\/berth-[0-9a-f]{8}$/);
  expect(ownCgroupParent('/a')).not.toBe(ownCgroupParent('/b'));
});

function emptyFile(): string {
  const path = join(directory, 'empty.json');
  writeFileSync(path, '');
  return path;
}
