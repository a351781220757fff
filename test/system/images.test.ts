import { afterAll, beforeAll, expect, test } from 'bun:test';
import { busyboxTar, importBusybox, importDebian, ok, startEngine, type TestEngine } from '../harness/index.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
  await importBusybox(engine);
}, 120_000);
afterAll(async () => await engine[Symbol.asyncDispose](), 120_000);

test('images, inspect, history, tag, rmi, through both clients', async () => {
  await engine.dockerOk(['tag', 'busybox', 'other/name:v1']);
  for (const client of ['docker', 'berth'] as const) {
    const call = (words: readonly string[]) => (client === 'docker' ? engine.dockerOk(words) : engine.berthOk(words));
    expect((await call(['images', '--format', '{{.Repository}}:{{.Tag}}'])).split('\n')).toContain('other/name:v1');
    expect(await call(['image', 'inspect', '-f', '{{json .Config.Cmd}}', 'busybox'])).toBe('["sh"]');
    expect(await call(['history', '-q', 'busybox'])).toMatch(/^[0-9a-f]{12}$/);
    expect(await call(['images', '-q', 'busybox'])).toMatch(/^[0-9a-f]{12}$/);
  }
  // The docker client shows the names of one image in the random order of a Go map.
  const rows = (text: string) =>
    text
      .replace(/\d+ seconds? ago|Less than a second ago/g, 'N')
      .replace(/ {2,}/g, '  ')
      .split('\n')
      .sort();
  expect(rows(await engine.berthOk(['images']))).toEqual(rows(await engine.dockerOk(['images'])));
  expect(await engine.dockerOk(['rmi', 'other/name:v1'])).toBe('Untagged: other/name:v1');
  expect((await engine.docker(['rmi', 'other/name:v1'])).stderr).toContain('No such image: other/name:v1');
});

test('an image in use is not removed', async () => {
  await engine.dockerOk(['create', '--name', 'user', 'busybox', 'true']);
  const refused = await engine.docker(['rmi', 'busybox']);
  expect(refused.stderr).toContain('conflict: unable to remove repository reference "busybox" (must force) - container');
  expect(refused.code).toBe(1);
  await engine.dockerOk(['rm', 'user']);
});

test('save and load bring back the same image', async () => {
  const id = await engine.dockerOk(['image', 'inspect', '-f', '{{.Id}}', 'busybox']);
  await engine.dockerOk(['save', '-o', `${engine.root}/saved.tar`, 'busybox']);
  await engine.dockerOk(['rmi', 'busybox']);
  expect(await engine.dockerOk(['load', '-i', `${engine.root}/saved.tar`])).toBe('Loaded image: busybox:latest');
  expect(await engine.dockerOk(['image', 'inspect', '-f', '{{.Id}}', 'busybox'])).toBe(id);
  expect(await engine.dockerOk(['run', '--rm', 'busybox', 'echo', 'loaded'])).toBe('loaded');
  await ok(['gzip', '-kf', `${engine.root}/saved.tar`]);
  expect(await engine.berthOk(['load', '-i', `${engine.root}/saved.tar.gz`])).toContain('Loaded image: busybox:latest');
});

test('skopeo and umoci read what berth saved, and berth reads what they wrote', async () => {
  await engine.dockerOk(['save', '-o', `${engine.root}/out.tar`, 'busybox']);
  await ok(['skopeo', '--insecure-policy', 'copy', '-q', `docker-archive:${engine.root}/out.tar`, `oci:${engine.root}/layout:moved`]);
  await ok(['umoci', 'unpack', '--image', `${engine.root}/layout:moved`, `${engine.root}/unpacked`]);
  expect(await ok([`${engine.root}/unpacked/rootfs/bin/busybox`, 'echo', 'unpacked'])).toBe('unpacked');
  await ok([
    'skopeo',
    '--insecure-policy',
    'copy',
    '-q',
    `oci:${engine.root}/layout:moved`,
    `docker-archive:${engine.root}/back.tar:back/again:1`,
  ]);
  expect(await engine.dockerOk(['load', '-i', `${engine.root}/back.tar`])).toContain('back/again:1');
  await ok(['tar', '-C', `${engine.root}/layout`, '-cf', `${engine.root}/layout.tar`, '.']);
  await engine.dockerOk(['load', '-i', `${engine.root}/layout.tar`]);
  expect(await engine.dockerOk(['run', '--rm', 'back/again:1', 'echo', 'same'])).toBe('same');
});

test('a committed container is an image with its changes', async () => {
  await engine.dockerOk(['run', '--name', 'changed', 'busybox', 'sh', '-c', 'echo new > /new; rm -r /home']);
  await engine.dockerOk(['commit', '-m', 'why', '-c', 'ENV A=b', 'changed', 'committed:1']);
  expect(await engine.dockerOk(['run', '--rm', 'committed:1', 'sh', '-c', 'cat /new; ls /home 2>&1; echo $A'])).toMatch(
    /^new\n.*No such file.*\nb$/,
  );
  expect(await engine.dockerOk(['history', '--format', '{{.Comment}}', 'committed:1'])).toContain('why');
  await engine.dockerOk(['save', '-o', `${engine.root}/committed.tar`, 'committed:1']);
  await engine.dockerOk(['rm', 'changed']);
  await engine.dockerOk(['rmi', 'committed:1']);
  await engine.dockerOk(['load', '-i', `${engine.root}/committed.tar`]);
  expect(await engine.dockerOk(['run', '--rm', 'committed:1', 'cat', '/new'])).toBe('new');
  await engine.dockerOk(['rmi', 'committed:1']);
});

test('a real Debian runs a real program', async () => {
  await importDebian(engine, ['python3-minimal'], 'debian-python:latest');
  const program = 'import os, socket; print(sum(range(1000)), os.getpid(), open("/etc/debian_version").read().strip() != "")';
  expect(await engine.berthOk(['run', '--rm', 'debian-python', 'python3', '-c', program])).toBe('499500 1 True');
}, 600_000);

test.each([
  ['a truncated archive', async () => (await Bun.file(await busyboxTar()).bytes()).slice(0, 400_000)],
  ['no archive at all', async () => new TextEncoder().encode('hello'.repeat(1000))],
  ['an empty body', async () => new Uint8Array()],
])('%s is refused and leaves nothing', async (_name, bytes) => {
  const before = await engine.dockerOk(['images', '-aq']);
  const path = `${engine.root}/bad.tar`;
  await Bun.write(path, await bytes());
  expect((await engine.docker(['load', '-i', path])).code).toBe(1);
  expect(await engine.dockerOk(['images', '-aq'])).toBe(before);
});

test('hostile entries of a tar do not leave the root', async () => {
  const script = `
import tarfile, io, sys
t = tarfile.open(sys.argv[1], 'w')
def add(name, kind=tarfile.REGTYPE, link='', data=b'owned'):
    e = tarfile.TarInfo(name); e.type = kind; e.linkname = link; e.size = len(data) if kind == tarfile.REGTYPE else 0
    t.addfile(e, io.BytesIO(data) if kind == tarfile.REGTYPE else None)
add('../../../../../../../..' + sys.argv[2] + '/one')
add(sys.argv[2] + '/two')
add('out', tarfile.SYMTYPE, sys.argv[2]); add('out/three')
add('up', tarfile.SYMTYPE, '../../../../../../../../..' + sys.argv[2]); add('up/four')
add('hard', tarfile.LNKTYPE, '../../../../../../../..' + sys.argv[2] + '/target')
t.close()
`;
  const victim = `${engine.root}/victim`;
  await ok(['mkdir', '-p', victim]);
  await Bun.write(`${victim}/target`, 'untouched');
  await ok(['python3', '-c', script, `${engine.root}/hostile.tar`, victim]);
  await engine.docker(['import', `${engine.root}/hostile.tar`, 'hostile']);
  expect(await ok(['ls', victim])).toBe('target');
  expect(await Bun.file(`${victim}/target`).text()).toBe('untouched');
});
