import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FakeRegistry } from '../../src/registry/fake-registry.ts';
import { digestOf, mediaTypes } from '../../src/spec/index.ts';
import {
  berthPath,
  busyboxTar,
  cleanEnvironment,
  eventually,
  importBusybox,
  ok,
  startEngine,
  TestRegistry,
  TokenService,
  type TestEngine,
} from '../harness/index.ts';

let engine: TestEngine;
let registry: TestRegistry;
beforeAll(async () => {
  engine = await startEngine({ network: 'shared' });
  registry = await TestRegistry.start();
  await importBusybox(engine);
}, 120_000);
afterAll(async () => {
  await registry?.[Symbol.asyncDispose]();
  await engine?.[Symbol.asyncDispose]();
}, 120_000);

const id = (name: string): Promise<string> => engine.dockerOk(['image', 'inspect', '-f', '{{.Id}}', name]);
const skopeo = (words: readonly string[]): Promise<string> =>
  ok([
    'skopeo',
    '--insecure-policy',
    ...words.slice(0, 1),
    ...(words[0] === 'copy' ? ['-q', '--src-tls-verify=false', '--dest-tls-verify=false'] : ['--tls-verify=false']),
    ...words.slice(1),
  ]);

test('an image goes to a registry and comes back the same, with docker and with berth', async () => {
  for (const client of ['docker', 'berth'] as const) {
    const call = (words: readonly string[]) => (client === 'docker' ? engine.dockerOk(words) : engine.berthOk(words));
    const name = `${registry.host}/team/${client}:v1`;
    await call(['tag', 'busybox', name]);
    const before = await id(name);
    const pushed = await call(['push', name]);
    expect(pushed).toContain(`The push refers to repository [${registry.host}/team/${client}]`);
    const digest = /^v1: digest: (sha256:[0-9a-f]{64}) size: \d+$/m.exec(pushed)?.[1] ?? '';
    expect(await call(['push', name])).toContain(': Layer already exists');
    expect(JSON.parse(await call(['image', 'inspect', '-f', '{{json .RepoDigests}}', name]))).toContain(
      `${registry.host}/team/${client}@${digest}`,
    );
    await call(['rmi', name]);
    const pulled = await call(['pull', name]);
    expect(pulled).toContain('v1: Pulling from team/');
    expect(pulled).toContain(`Digest: ${digest}\nStatus: Downloaded newer image for ${name}\n${name}`);
    expect(await id(name)).toBe(before);
    expect(await call(['pull', name])).toContain(`Status: Image is up to date for ${name}`);
    expect(await call(['run', '--rm', `${registry.host}/team/${client}@${digest}`, 'echo', 'ran'])).toBe('ran');
    expect(await call(['images', '--digests', '--format', '{{.Digest}}', `${registry.host}/team/${client}`])).toBe(digest);
    await call(['rmi', name]);
    expect(await call(['pull', '-q', `${registry.host}/team/${client}@${digest}`])).toBe(`${registry.host}/team/${client}@${digest}`);
    expect(await id(`${registry.host}/team/${client}@${digest}`)).toBe(before);
  }
});

test('an image nobody has here is pulled by run', async () => {
  const name = `${registry.host}/team/run:1`;
  await engine.dockerOk(['tag', 'busybox', name]);
  expect(await engine.dockerOk(['push', name])).toMatch(/Mounted|Pushed|already exists/);
  await engine.dockerOk(['rmi', name]);
  const ran = await engine.berth(['run', '--rm', name, 'echo', 'ran']);
  expect(ran).toMatchObject({ code: 0, stdout: 'ran\n' });
  expect(ran.stderr).toContain(`Unable to find image '${name}' locally`);
});

test('skopeo reads what berth pushed, and berth what skopeo did, packed as gzip and zstd', async () => {
  const name = `${registry.host}/other/first:1`;
  await engine.dockerOk(['tag', 'busybox', name]);
  await engine.dockerOk(['push', name]);
  const digest = (await skopeo(['inspect', '--format', '{{.Digest}}', `docker://${name}`])) as string;
  expect(await engine.dockerOk(['image', 'inspect', '-f', '{{index .RepoDigests 0}}', name])).toContain('@sha256:');
  await skopeo(['copy', `docker://${name}`, `oci:${engine.root}/layout:1`]);
  await skopeo(['copy', `oci:${engine.root}/layout:1`, `docker://${registry.host}/other/same:1`]);
  expect(await skopeo(['inspect', '--format', '{{.Digest}}', `docker://${registry.host}/other/same:1`])).toBe(digest);
  for (const format of ['gzip', 'zstd']) {
    const other = `${registry.host}/other/${format}:1`;
    await skopeo(['copy', '--dest-compress-format', format, '--dest-compress', `docker://${name}`, `dir:${engine.root}/${format}`]);
    await skopeo(['copy', `dir:${engine.root}/${format}`, `docker://${other}`]);
    const wanted = await skopeo(['inspect', '--format', '{{.Digest}}', `docker://${other}`]);
    expect(await engine.dockerOk(['pull', other])).toContain(`Digest: ${wanted}`);
    expect(await engine.dockerOk(['run', '--rm', other, 'echo', format])).toBe(format);
    // What was pulled goes on as it came, byte for byte.
    await engine.dockerOk(['tag', other, `${registry.host}/again/${format}:1`]);
    expect(await engine.dockerOk(['push', `${registry.host}/again/${format}:1`])).toContain(wanted);
  }
}, 120_000);

test('what is not there, or not reachable, is said as Docker says it', async () => {
  for (const call of [engine.docker.bind(engine), engine.berth.bind(engine)]) {
    const missing = await call(['pull', `${registry.host}/team/docker:nope`]);
    expect(missing.stderr).toContain(`manifest for ${registry.host}/team/docker:nope not found: manifest unknown: manifest unknown`);
    expect(missing.code).toBe(1);
    expect((await call(['pull', '127.0.0.1:1/x'])).stderr).toContain('connect: connection refused');
    expect(
      (await call(['push', `${registry.host}/not/here`])).stderr + (await call(['push', `${registry.host}/not/here`])).stdout,
    ).toContain(`An image does not exist locally with the tag: ${registry.host}/not/here`);
  }
});

test('all tags of a repository', async () => {
  for (const tag of ['a', 'b']) await engine.dockerOk(['tag', 'busybox', `${registry.host}/all/tags:${tag}`]);
  expect(await engine.dockerOk(['push', '-a', `${registry.host}/all/tags`])).toMatch(/^a: digest: [^]*^b: digest: /m);
  for (const tag of ['a', 'b']) await engine.dockerOk(['rmi', `${registry.host}/all/tags:${tag}`]);
  await engine.dockerOk(['pull', '-a', `${registry.host}/all/tags`]);
  expect((await engine.dockerOk(['images', '--format', '{{.Tag}}', `${registry.host}/all/tags`])).split('\n').sort()).toEqual(['a', 'b']);
  await engine.berthOk(['rmi', `${registry.host}/all/tags:a`]);
  await engine.berthOk(['pull', '-a', `${registry.host}/all/tags`]);
  expect((await engine.dockerOk(['images', '--format', '{{.Tag}}', `${registry.host}/all/tags`])).split('\n').sort()).toEqual(['a', 'b']);
});

test('search and distribution inspect', async () => {
  expect(await engine.dockerOk(['search', '--format', '{{.Name}}', `${registry.host}/team/dock`])).toBe('team/docker');
  expect(await engine.berthOk(['search', '--format', '{{.Name}}', `${registry.host}/team/dock`])).toBe('team/docker');
  const inspected = await (await engine.api('GET', `/distribution/${registry.host}/team/docker:v1/json`)).json();
  expect(inspected).toMatchObject({ Descriptor: { mediaType: mediaTypes.ociManifest }, Platforms: [{ os: 'linux' }] });
  expect(await engine.berthOk(['registry', 'explain', `${registry.host}/x`])).toContain(`http://${registry.host}/v2/x`);
});

test('the image for a platform is chosen out of an index', async () => {
  await using fake = new FakeRegistry();
  const tar = new Uint8Array(await Bun.file(await busyboxTar()).arrayBuffer());
  const layers = [{ diffId: digestOf(tar), descriptor: fake.putBlob(tar) }];
  const manifests = ['arm64', 'amd64'].map((architecture) => {
    const platform = { os: 'linux', architecture };
    return { ...fake.putImage('multi', architecture, layers, platform), platform };
  });
  fake.putManifest('multi', 'latest', { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }, mediaTypes.ociIndex);
  const pull = async (platform: string) => {
    await engine.dockerOk(['pull', '--platform', platform, `${fake.host}/multi`]);
    return engine.dockerOk(['image', 'inspect', '-f', '{{.Architecture}}', `${fake.host}/multi`]);
  };
  expect(await pull('linux/arm64')).toBe('arm64');
  expect(await pull('linux/amd64')).toBe('amd64');
  expect((await engine.docker(['pull', '--platform', 'linux/s390x', `${fake.host}/multi`])).stderr).toContain(
    'no matching manifest for linux/s390x in the manifest list entries',
  );
});

test('manifest create, annotate, push and inspect', async () => {
  const list = `${registry.host}/lists/both:1`;
  for (const tag of ['a', 'b']) {
    await engine.dockerOk(['tag', 'busybox', `${registry.host}/lists/parts:${tag}`]);
    await engine.dockerOk(['push', `${registry.host}/lists/parts:${tag}`]);
  }
  const parts = ['a', 'b'].map((tag) => `${registry.host}/lists/parts:${tag}`);
  expect(await engine.berthOk(['manifest', 'create', list, ...parts])).toBe(`Created manifest list ${list}`);
  expect((await engine.berth(['manifest', 'create', list, ...parts])).stderr).toContain('with no --amend flag');
  await engine.berthOk(['manifest', 'annotate', '--arch', 'arm64', list, parts[1]!]);
  const digest = await engine.berthOk(['manifest', 'push', '-p', list]);
  expect(await skopeo(['inspect', '--format', '{{.Digest}}', `docker://${list}`])).toBe(digest);
  const inspected = JSON.parse(await engine.berthOk(['manifest', 'inspect', list]));
  expect(inspected.manifests.map((each: { platform: { architecture: string } }) => each.platform.architecture)).toEqual(['amd64', 'arm64']);
  expect(JSON.parse(await engine.dockerOk(['manifest', 'inspect', '--insecure', list]))).toEqual(inspected);
  expect(await engine.dockerOk(['pull', list])).toContain(`Digest: ${digest}`);
  expect((await engine.berth(['manifest', 'push', list])).stderr).toContain(`No such manifest: ${list}`);
});

test('after kill -9 in the middle of a pull the next engine goes on where it was', async () => {
  await using fake = new FakeRegistry();
  // A layer this engine has not seen.
  writeFileSync(join(engine.root, 'random'), crypto.getRandomValues(new Uint8Array(60_000)));
  copyFileSync(await busyboxTar(), join(engine.root, 'big.tar'));
  await ok(['tar', '-C', engine.root, '-rf', join(engine.root, 'big.tar'), 'random']);
  const tar = new Uint8Array(await Bun.file(join(engine.root, 'big.tar')).arrayBuffer());
  const layer = fake.putBlob(tar);
  fake.putImage('big', '1', [{ diffId: digestOf(tar), descriptor: layer }]);
  const half = tar.length - 100_000;
  fake.lie = (_, url) =>
    url.pathname.endsWith(layer.digest)
      ? new Response(new ReadableStream({ start: (controller) => controller.enqueue(tar.slice(0, half)) }), {
          headers: { 'Content-Length': String(tar.length) },
        })
      : undefined;
  const pulling = engine.docker(['pull', `${fake.host}/big:1`]);
  const partial = join(engine.root, 'data/content/ingest', `partial-${layer.digest.slice(7)}`);
  await eventually('half of the layer is here', () => Bun.file(partial).size > 1_000_000);
  await engine.kill();
  expect((await pulling).code).toBe(1);
  fake.lie = () => undefined;
  await engine.start();
  expect((await engine.docker(['image', 'inspect', `${fake.host}/big:1`])).code).toBe(1);
  await engine.dockerOk(['pull', `${fake.host}/big:1`]);
  const last = fake.asked.findLast(({ path }) => path.endsWith(layer.digest));
  expect(last?.headers.get('range')).toMatch(/^bytes=[1-9]\d{5,}-/);
  expect(await engine.dockerOk(['run', '--rm', `${fake.host}/big:1`, 'echo', 'whole'])).toBe('whole');
  expect(readdirSync(join(engine.root, 'data/content/ingest'))).toEqual([]);
});

test('a registry that lies gets a clear error, and nothing is left', async () => {
  await using fake = new FakeRegistry();
  const tar = new Uint8Array(await Bun.file(await busyboxTar()).arrayBuffer());
  const good = fake.putBlob(tar.slice(0, tar.length - 1024));
  fake.putImage('liar', '1', [{ diffId: digestOf(tar), descriptor: good }]);
  const before = await engine.dockerOk(['images', '-aq']);
  expect((await engine.docker(['pull', `${fake.host}/liar:1`])).stderr).toContain('layer does not match its digest');
  fake.lie = (_, url) => (url.pathname.endsWith(good.digest) ? new Response(tar) : undefined);
  expect((await engine.docker(['pull', `${fake.host}/liar:1`])).stderr).toContain('has more than');
  fake.lie = () => new Response('x'.repeat(5 * 1024 * 1024));
  expect((await engine.docker(['pull', `${fake.host}/liar:1`])).stderr).toContain('larger than 4194304 bytes');
  expect(await engine.dockerOk(['images', '-aq'])).toBe(before);
  expect(readdirSync(join(engine.root, 'data/content/ingest'))).toEqual([]);
});

describe('a registry with passwords', () => {
  let closed: TestRegistry;
  beforeAll(async () => {
    closed = await TestRegistry.start({ user: { name: 'alice', password: 'wonder:land' } });
  });
  afterAll(async () => await closed[Symbol.asyncDispose]());

  test.each(['docker', 'berth'] as const)('%s logs in, pushes, pulls and logs out', async (client) => {
    const call = (words: readonly string[], stdin = '') =>
      client === 'docker' ? engine.docker(words, { stdin }) : engine.berth(words, { stdin });
    const name = `${closed.host}/secret/${client}:1`;
    await engine.dockerOk(['tag', 'busybox', name]);
    expect((await call(['push', name])).both).toContain('no basic auth credentials');
    const wrong = await call(['login', '-u', 'alice', '--password-stdin', closed.host], 'wrong');
    expect(wrong.both).toContain(`login attempt to http://${closed.host}/v2/ failed with status: 401 Unauthorized`);
    expect(wrong.code).toBe(1);
    expect((await call(['login', '-u', 'alice', '--password-stdin', closed.host], 'wonder:land\n')).both).toContain('Login Succeeded');
    const config = JSON.parse(await Bun.file(join(engine.root, 'config/config.json')).text());
    expect(config.auths[closed.host]).toEqual({ auth: btoa('alice:wonder:land') });
    expect(await call(['push', name])).toMatchObject({ code: 0 });
    await engine.dockerOk(['rmi', name]);
    expect(await call(['run', '--rm', name, 'echo', 'ran'])).toMatchObject({ code: 0, stdout: 'ran\n' });
    expect((await call(['logout', closed.host])).stdout).toBe(`Removing login credentials for ${closed.host}\n`);
    await engine.dockerOk(['rmi', name]);
    expect((await call(['pull', name])).both).toContain('no basic auth credentials');
    expect(engine.log).not.toContain('wonder');
  });

  test('berth keeps credentials with a helper where config.json names one', async () => {
    const bin = join(engine.root, 'bin');
    mkdirSync(bin, { recursive: true });
    const helper = join(bin, 'docker-credential-test');
    const kept = join(engine.root, 'kept');
    writeFileSync(
      helper,
      `#!/bin/sh\ncase $1 in store) cat >${kept};; get) cat >/dev/null; cat ${kept} 2>/dev/null || { echo credentials not found in native keychain; exit 1; };; erase) rm -f ${kept};; esac\n`,
    );
    chmodSync(helper, 0o755);
    const folder = join(engine.root, 'with-helper');
    mkdirSync(folder);
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ credsStore: 'test', other: 'stays' }));
    const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}`, DOCKER_CONFIG: folder };
    const name = `${closed.host}/secret/helper:1`;
    await engine.dockerOk(['tag', 'busybox', name]);
    expect(await engine.berth(['login', '-u', 'alice', '-p', 'wonder:land', closed.host], { env })).toMatchObject({ code: 0 });
    expect(JSON.parse(await Bun.file(kept).text())).toEqual({ ServerURL: closed.host, Username: 'alice', Secret: 'wonder:land' });
    expect(JSON.parse(await Bun.file(join(folder, 'config.json')).text())).toEqual({
      credsStore: 'test',
      other: 'stays',
      auths: { [closed.host]: {} },
    });
    expect(await engine.berth(['push', '-q', name], { env })).toMatchObject({ code: 0, stdout: `${name}\n` });
    expect(await engine.berth(['logout', closed.host], { env })).toMatchObject({ code: 0 });
    expect((await engine.berth(['pull', name], { env })).stderr).toContain('no basic auth credentials');
  });
});

test('a registry with a token service', async () => {
  await using service = await TokenService.start({ name: 'alice', password: 'wonder:land' });
  await using tokens = await TestRegistry.start({ tokens: service });
  const name = `${tokens.host}/team/tokens:1`;
  await engine.dockerOk(['tag', 'busybox', name]);
  expect((await engine.docker(['push', name])).both).toMatch(/denied: |unauthorized: /);
  expect((await engine.docker(['login', '-u', 'alice', '--password-stdin', tokens.host], { stdin: 'wrong' })).both).toContain(
    'unauthorized: incorrect username or password',
  );
  await engine.dockerOk(['login', '-u', 'alice', '--password-stdin', tokens.host], { stdin: 'wonder:land' });
  await engine.dockerOk(['push', name]);
  expect(service.given).toContain('repository:team/tokens:pull,push');
  await engine.dockerOk(['rmi', name]);
  await engine.dockerOk(['logout', tokens.host]);
  // Everybody may pull.
  expect(await engine.berthOk(['pull', name])).toContain('Status: Downloaded newer image');
  expect(service.given.at(-1)).toBe('repository:team/tokens:pull');
}, 60_000);

test('a registry with a private authority', async () => {
  await using secured = await TestRegistry.start({ tls: true });
  await using other = await startEngine({ network: 'shared', flags: ['--certs-dir', secured.certificates] });
  await importBusybox(other);
  const name = `${secured.host}/tls/busybox:1`;
  await other.dockerOk(['tag', 'busybox', name]);
  expect(await other.dockerOk(['push', name])).toContain('1: digest: sha256:');
  await other.dockerOk(['rmi', name]);
  await other.dockerOk(['pull', name]);
  expect(await other.dockerOk(['run', '--rm', name, 'echo', 'ran'])).toBe('ran');
}, 60_000);

test('mirrors and rules are read again on SIGHUP', async () => {
  const policy = join(engine.root, 'policy.json');
  writeFileSync(
    policy,
    JSON.stringify({
      rules: [{ prefix: 'docker.io', mirrors: [{ location: `${registry.host}/cache`, insecure: true }], mirrorsOnly: true }],
    }),
  );
  await using other = await startEngine({ network: 'shared', flags: ['--registry-policy', policy] });
  await engine.dockerOk(['tag', 'busybox', `${registry.host}/cache/library/thing:1`]);
  await engine.dockerOk(['push', `${registry.host}/cache/library/thing:1`]);
  expect(await other.dockerOk(['pull', 'thing:1'])).toContain('Status: Downloaded newer image for thing:1');
  expect(await other.dockerOk(['run', '--rm', 'thing:1', 'echo', 'ran'])).toBe('ran');
  writeFileSync(policy, JSON.stringify({ rules: [{ prefix: 'docker.io', blocked: true }] }));
  process.kill(other.pid, 'SIGHUP');
  await eventually('the policy was read', () => other.log.includes('Registry policy was read again'));
  expect((await other.docker(['pull', 'thing:2'])).stderr).toContain('registry docker.io is blocked by this engine');
}, 60_000);

test('the images of this machine are a registry for others, and pulled through it', async () => {
  const policy = join(engine.root, 'through.json');
  const rule = { prefix: 'docker.io', mirrors: [{ location: `${registry.host}/hub`, insecure: true }], mirrorsOnly: true };
  writeFileSync(policy, JSON.stringify({ rules: [rule] }));
  await using middle = await startEngine({ network: 'shared', flags: ['--registry-policy', policy] });
  await importBusybox(middle);
  const serving = Bun.spawn({
    cmd: [berthPath, 'registry', 'serve', '--listen', '127.0.0.1:0', '--pull-through'],
    env: { ...cleanEnvironment(), ...middle.environment },
    stdout: 'pipe',
    stderr: 'inherit',
  });
  let said = '';
  const reading = (async () => {
    for await (const bytes of serving.stdout) said += Buffer.from(bytes).toString();
  })();
  const url = await eventually('it serves', () => /Serving images on (\S+)/.exec(said)?.[1]);
  const host = url.replace('http://', '');
  await using other = await startEngine({ network: 'shared' });
  expect(await other.dockerOk(['pull', `${host}/busybox:latest`])).toContain('Status: Downloaded newer image');
  expect(await other.dockerOk(['image', 'inspect', '-f', '{{.Id}}', `${host}/busybox`])).toBe(
    await middle.dockerOk(['image', 'inspect', '-f', '{{.Id}}', 'busybox']),
  );
  await skopeo(['copy', `docker://${host}/busybox:latest`, `dir:${engine.root}/served`]);
  expect(await other.dockerOk(['search', '--format', '{{.Name}}', `${host}/busy`])).toContain('busybox');
  // Not there, but where that engine gets images from.
  await engine.dockerOk(['tag', 'busybox', `${registry.host}/hub/library/through:1`]);
  await engine.dockerOk(['push', `${registry.host}/hub/library/through:1`]);
  expect(await other.dockerOk(['pull', `${host}/library/through:1`])).toContain('Status: Downloaded newer image');
  expect(await middle.dockerOk(['images', '-q', 'through:1'])).toMatch(/^[0-9a-f]{12}$/);
  expect((await other.docker(['pull', `${host}/not/there:1`])).stderr).toContain('not found');
  expect((await other.docker(['push', `${host}/busybox:latest`])).both).toContain('read-only');
  serving.kill('SIGTERM');
  await serving.exited;
  await reading;
  await eventually('it no longer serves', () =>
    fetch(url).then(
      () => false,
      () => true,
    ),
  );
}, 60_000);
