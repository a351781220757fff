import { expect, test } from 'bun:test';
import { digestOf, mediaTypes, parseReference, type Descriptor, type Reference } from '../spec/index.ts';
import type { RegistryOptions, Repository, RepositoryOptions } from './contract.ts';
import { failure, FakeRegistry } from './fake-registry.ts';
import { openRegistry } from './index.ts';

const signal = new AbortController().signal;
const quick = { pausesMs: [1, 1, 1], answerMs: 20_000, stallMs: 20_000, longestPauseMs: 5 };

function open(
  fake: FakeRegistry,
  options: RepositoryOptions & { readonly registry?: RegistryOptions; readonly name?: string } = {},
): Repository {
  return openRegistry({ timing: quick, ...options.registry }).repository(referenceTo(fake, options.name), options);
}

function referenceTo(fake: FakeRegistry, name = 'team/app'): Reference {
  return parseReference(`${fake.host}/${name}`);
}

function patterned(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = (at * 31 + (at >> 8)) & 0xff;
  return bytes;
}

async function read(repository: Repository, descriptor: Descriptor, offset = 0): Promise<Uint8Array> {
  return new Response(await repository.openFrom(descriptor, offset, { signal })).bytes();
}

test('tags and digests become manifests, with what they say of themselves', async () => {
  await using fake = new FakeRegistry();
  const put = fake.putImage('team/app', 'v1', []);
  const repository = open(fake);
  const fetched = await repository.fetch('v1', { signal });
  expect(fetched.descriptor).toEqual(put);
  expect(digestOf(fetched.bytes)).toBe(put.digest);
  expect(await repository.head('v1', { signal })).toEqual({ digest: put.digest, mediaType: put.mediaType });
  expect((await repository.fetch(put.digest, { signal })).descriptor.digest).toBe(put.digest);
  expect(await Array.fromAsync(repository.tags({ signal }))).toEqual(['v1']);
  expect(await repository.referrers(put.digest, { signal })).toEqual([]);
});

test('what is not there is said in the words of Docker', async () => {
  await using fake = new FakeRegistry();
  const repository = open(fake);
  const name = `${fake.host}/team/app`;
  await expect(repository.fetch('nope', { signal })).rejects.toThrow(
    `manifest for ${name}:nope not found: manifest unknown: manifest unknown`,
  );
  fake.lie = () => failure(401, 'DENIED', 'requested access to the resource is denied');
  await expect(repository.fetch('v1', { signal })).rejects.toThrow(
    `pull access denied for ${name}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`,
  );
  fake.lie = () => failure(404, 'NAME_UNKNOWN', 'repository name not known to registry');
  await expect(repository.fetch('v1', { signal })).rejects.toMatchObject({ code: 'NotFound', detail: { registryCode: 'NAME_UNKNOWN' } });
  fake.lie = () => new Response('gateway\u001b[31m'.repeat(100_000), { status: 500 });
  await expect(repository.fetch('v1', { signal })).rejects.toMatchObject({ code: 'Unavailable' });
});

test('a manifest that is another one, or huge, or none, is refused', async () => {
  await using fake = new FakeRegistry();
  const put = fake.putImage('team/app', 'v1', []);
  const repository = open(fake);
  fake.lie = () => new Response('{}', { headers: { 'Content-Type': mediaTypes.ociManifest } });
  await expect(repository.fetch(put.digest, { signal })).rejects.toThrow('manifest verification failed for digest');
  fake.lie = () => new Response('{}', { headers: { 'Docker-Content-Digest': put.digest } });
  await expect(repository.fetch('v1', { signal })).rejects.toThrow('manifest verification failed for digest');
  fake.lie = () => new Response('hello', { headers: { 'Content-Type': 'text/html' } });
  await expect(repository.fetch('v1', { signal })).rejects.toThrow('invalid manifest: not JSON');
  fake.lie = () => new Response('{"schemaVersion":1}');
  await expect(repository.fetch('v1', { signal })).rejects.toThrow('schema 1 are not supported');
  let sent = 0;
  fake.lie = () =>
    new Response(
      new ReadableStream({
        pull(controller) {
          sent += 65536;
          controller.enqueue(new Uint8Array(65536).fill(0x20));
        },
      }),
    );
  await expect(repository.fetch('v1', { signal })).rejects.toThrow('larger than 4194304 bytes');
  expect(sent).toBeLessThan(64 * 1024 * 1024);
});

test('a blob that breaks off goes on where it was, with ranges and without', async () => {
  await using fake = new FakeRegistry();
  const bytes = patterned(3_000_000);
  const blob = fake.putBlob(bytes);
  for (const ranges of [true, false]) {
    fake.ranges = ranges;
    let cuts = 0;
    fake.lie = (request, url) => {
      if (!url.pathname.includes('/blobs/') || cuts >= 2) return undefined;
      const from = ranges ? Number(/bytes=(\d+)/.exec(request.headers.get('range') ?? '')?.[1] ?? 0) : 0;
      cuts++;
      const part = bytes.slice(from, from + 700_000);
      return ranges && from > 0
        ? new Response(part, { status: 206, headers: { 'Content-Range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` } })
        : new Response(part);
    };
    expect(digestOf(await read(open(fake), blob))).toBe(blob.digest);
    expect(cuts).toBe(2);
    fake.lie = () => undefined;
    expect(digestOf(await read(open(fake), blob, 1_234_567))).toBe(digestOf(bytes.slice(1_234_567)));
  }
});

test('a blob that stalls is asked for again; one that never comes is given up', async () => {
  await using fake = new FakeRegistry();
  const bytes = patterned(500_000);
  const blob = fake.putBlob(bytes);
  let stalls = 0;
  const stalled = (): Response => {
    stalls++;
    return new Response(new ReadableStream({ start: (controller) => controller.enqueue(bytes.slice(0, 1000)) }, { highWaterMark: 0 }));
  };
  fake.lie = (request, url) => (url.pathname.includes('/blobs/') && stalls === 0 ? stalled() : undefined);
  const repository = open(fake, { registry: { timing: { ...quick, stallMs: 150 } } });
  expect(digestOf(await read(repository, blob))).toBe(blob.digest);
  expect(stalls).toBe(1);
  fake.ranges = false;
  fake.lie = (request, url) => (url.pathname.includes('/blobs/') ? stalled() : undefined);
  await expect(read(repository, blob)).rejects.toThrow('no data for 0.15 s');
});

test('a blob shorter than it should be ends with an error', async () => {
  await using fake = new FakeRegistry();
  const blob = fake.putBlob(patterned(1000));
  await expect(read(open(fake), { ...blob, size: 5000 })).rejects.toThrow(`blob ${blob.digest} has less than 5000 bytes`);
});

test('an abort ends a blob that waits', async () => {
  await using fake = new FakeRegistry();
  const blob = fake.putBlob(patterned(1000));
  fake.lie = () => new Response(new ReadableStream({ start: (controller) => controller.enqueue(patterned(10)) }, { highWaterMark: 0 }));
  const abort = new AbortController();
  const stream = await open(fake).openFrom(blob, 0, { signal: abort.signal });
  const reader = stream.getReader();
  await reader.read();
  const waiting = reader.read();
  abort.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
});

test('a redirect to another host is followed without credentials; loops end', async () => {
  await using fake = new FakeRegistry();
  await using storage = new FakeRegistry();
  const blob = storage.putBlob(patterned(2000));
  fake.lie = (request, url) => {
    if (request.headers.get('authorization') === null)
      return new Response(null, { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="x"' } });
    if (!url.pathname.includes('/blobs/')) return undefined;
    return new Response(null, { status: 307, headers: { Location: `${storage.origin}/v2/other/blobs/${blob.digest}?signature=1` } });
  };
  const repository = open(fake, { credentials: { username: 'u', password: 'secret' } });
  expect(digestOf(await read(repository, blob))).toBe(blob.digest);
  expect(storage.asked.map(({ headers }) => headers.get('authorization'))).toEqual([null]);
  fake.lie = (_, url) => new Response(null, { status: 302, headers: { Location: `${url.pathname}?again` } });
  await expect(read(repository, blob)).rejects.toThrow('stopped after 10 redirects');
  fake.lie = () => new Response(null, { status: 302, headers: { Location: 'file:///etc/passwd' } });
  await expect(read(repository, blob)).rejects.toThrow('which is refused');
});

test('Basic: asked once, known from then on; without credentials Docker’s words', async () => {
  await using fake = new FakeRegistry();
  fake.putImage('team/app', 'v1', []);
  const right = `Basic ${btoa('u:p')}`;
  fake.lie = (request) =>
    request.headers.get('authorization') === right
      ? undefined
      : new Response(null, { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="x"' } });
  const repository = open(fake, { credentials: { username: 'u', password: 'p' } });
  await repository.fetch('v1', { signal });
  await repository.fetch('v1', { signal });
  // The first look at whether it speaks TLS never arrives as a request.
  expect(fake.count('GET /v2/team/app/manifests/v1')).toBe(3);
  await expect(open(fake).fetch('v1', { signal })).rejects.toThrow('no basic auth credentials');
  const before = fake.asked.length;
  await expect(open(fake, { credentials: { username: 'u', password: 'wrong' } }).fetch('v1', { signal })).rejects.toMatchObject({
    code: 'Unauthorized',
  });
  expect(fake.asked.length - before).toBe(2);
});

test('Bearer: tokens by scope, refreshed once when they no longer do', async () => {
  await using fake = new FakeRegistry();
  await using service = new FakeRegistry();
  fake.putImage('team/app', 'v1', []);
  let valid = 'one';
  service.lie = () => Response.json({ token: valid, expires_in: 300 });
  fake.lie = (request) =>
    request.headers.get('authorization') === `Bearer ${valid}`
      ? undefined
      : failure(401, 'UNAUTHORIZED', 'authentication required', {
          'WWW-Authenticate': `Bearer realm="${service.origin}/token?x=1",service="registry, \\"quoted\\"",scope="repository:team/app:pull"`,
        });
  const repository = open(fake, { credentials: { username: 'u', password: 'p' } });
  await repository.fetch('v1', { signal });
  await repository.fetch('v1', { signal });
  expect(service.asked.length).toBe(1);
  expect(service.asked[0]?.headers.get('authorization')).toBe(`Basic ${btoa('u:p')}`);
  const query = new URL(service.asked[0]!.path, service.origin).searchParams;
  expect(Object.fromEntries(query)).toEqual({ x: '1', service: 'registry, "quoted"', scope: 'repository:team/app:pull', account: 'u' });
  valid = 'two';
  await repository.fetch('v1', { signal });
  expect(service.asked.length).toBe(2);
  // One that refuses every token is left alone after the second.
  fake.lie = () =>
    failure(401, 'UNAUTHORIZED', 'authentication required', { 'WWW-Authenticate': `Bearer realm="${service.origin}/token"` });
  const before = fake.asked.length;
  await expect(repository.fetch('v1', { signal })).rejects.toThrow('unauthorized: authentication required');
  expect(fake.asked.length - before).toBe(2);
});

test('an identity token is traded; a token service that lies is named', async () => {
  await using fake = new FakeRegistry();
  await using service = new FakeRegistry();
  fake.putImage('team/app', 'v1', []);
  let body = '';
  service.lie = (request) => request.text().then((text) => ((body = text), Response.json({ access_token: 'good' })));
  fake.lie = (request) =>
    request.headers.get('authorization') === 'Bearer good'
      ? undefined
      : failure(401, 'UNAUTHORIZED', '', { 'WWW-Authenticate': `Bearer realm="${service.origin}/token",service="s"` });
  await open(fake, { credentials: { identityToken: 'refresh me' } }).fetch('v1', { signal });
  expect(Object.fromEntries(new URLSearchParams(body))).toMatchObject({
    grant_type: 'refresh_token',
    refresh_token: 'refresh me',
    service: 's',
  });
  await open(fake, { credentials: { registryToken: 'good' } }).fetch('v1', { signal });
  service.lie = () => Response.json({ token: 'a\r\nb' });
  await expect(open(fake).fetch('v1', { signal })).rejects.toThrow('did not include a token');
  service.lie = () => failure(401, 'UNAUTHORIZED', 'incorrect username or password');
  await expect(open(fake).fetch('v1', { signal })).rejects.toThrow('unauthorized: incorrect username or password');
  fake.lie = () => failure(401, 'UNAUTHORIZED', '', { 'WWW-Authenticate': 'Bearer realm="javascript:x"' });
  await expect(open(fake).fetch('v1', { signal })).rejects.toThrow('is not reached by TLS');
});

test('429 and 5xx are tried again, as often as the timing says', async () => {
  await using fake = new FakeRegistry();
  fake.putImage('team/app', 'v1', []);
  let left = 2;
  fake.lie = () => (left-- > 0 ? failure(left === 1 ? 429 : 503, 'TOOMANYREQUESTS', 'slow down', { 'Retry-After': '0' }) : undefined);
  await open(fake).fetch('v1', { signal });
  left = Number.POSITIVE_INFINITY;
  const before = fake.asked.length;
  await expect(open(fake).fetch('v1', { signal })).rejects.toThrow('toomanyrequests: slow down');
  expect(fake.asked.length - before).toBe(quick.pausesMs.length + 1);
});

test('a push: there already, mounted, sent, and sent on after a break', async () => {
  await using fake = new FakeRegistry();
  const repository = open(fake, { access: 'push' });
  const bytes = patterned(2_000_000);
  const blob: Descriptor = { mediaType: mediaTypes.ociLayer, digest: digestOf(bytes), size: bytes.length };
  const offsets: number[] = [];
  const from = async (offset: number): Promise<ReadableStream<Uint8Array>> => {
    offsets.push(offset);
    return new Blob([bytes.slice(offset)]).stream();
  };
  let seen = 0;
  expect(await repository.push(blob, from, { signal, progress: (sent) => (seen = sent) })).toBe('pushed');
  expect(seen).toBe(bytes.length);
  expect(await repository.push(blob, from, { signal })).toBe('exists');
  let mountable = true;
  fake.lie = (request) => (request.method === 'HEAD' && mountable ? new Response(null, { status: 404 }) : undefined);
  expect(await repository.push(blob, from, { signal, mountFrom: ['other/repo'] })).toBe('mounted');
  expect(offsets).toEqual([0]);
  fake.blobs.clear();
  mountable = false;
  let broken = false;
  fake.lie = (request, url) => {
    if (request.method !== 'PATCH' || broken) return undefined;
    broken = true;
    // Half of it gets there.
    return request.arrayBuffer().then(async (all) => {
      await fetch(url, { method: 'PATCH', body: all.slice(0, 900_000) });
      return new Response(null, { status: 502 });
    });
  };
  expect(await repository.push(blob, from, { signal })).toBe('pushed');
  expect(offsets).toEqual([0, 0, 900_000]);
  expect(digestOf(fake.blobs.get(blob.digest)!)).toBe(blob.digest);
});

test('bytes that are not the blob are not pushed', async () => {
  await using fake = new FakeRegistry();
  const repository = open(fake, { access: 'push' });
  const blob: Descriptor = { mediaType: mediaTypes.ociLayer, digest: digestOf('right'), size: 5 };
  await expect(repository.write(blob, new Blob(['wrong']).stream(), { signal })).rejects.toThrow();
  expect(fake.blobs.size).toBe(0);
  await repository.write(blob, new Blob(['right']).stream(), { signal });
  expect(fake.blobs.size).toBe(1);
});

test('mirrors are asked first and get no password; the registry is asked when they cannot', async () => {
  await using fake = new FakeRegistry();
  await using mirror = new FakeRegistry();
  fake.putImage('team/app', 'v1', []);
  mirror.lie = () => failure(429, 'TOOMANYREQUESTS', 'slow down');
  const policy = { rules: [{ prefix: fake.host, mirrors: [{ location: `${mirror.host}/cache` }] }] };
  const registry = openRegistry({ policy, timing: { ...quick, pausesMs: [] } });
  const options = { credentials: { username: 'u', password: 'p' } };
  await registry.repository(referenceTo(fake), options).fetch('v1', { signal });
  expect(mirror.count('/v2/cache/team/app/manifests/v1')).toBe(1);
  mirror.lie = () => undefined;
  const put = mirror.putImage('cache/team/app', 'v1', []);
  const before = fake.asked.length;
  expect((await registry.repository(referenceTo(fake), options).fetch('v1', { signal })).descriptor.digest).toBe(put.digest);
  expect(fake.asked.length).toBe(before);
  expect(mirror.asked.every(({ headers }) => headers.get('authorization') === null)).toBe(true);
  expect(registry.explain(referenceTo(fake)).map(({ url }) => url)).toEqual([
    `https://${mirror.host}/v2/cache/team/app`,
    `http://${mirror.host}/v2/cache/team/app`,
    `https://${fake.host}/v2/team/app`,
    `http://${fake.host}/v2/team/app`,
  ]);
  registry.configure({ rules: [{ prefix: fake.host, blocked: true }] });
  expect(() => registry.repository(referenceTo(fake))).toThrow(`registry ${fake.host} is blocked`);
});

test('login: Basic, and a token service that gives an identity token', async () => {
  await using fake = new FakeRegistry();
  await using service = new FakeRegistry();
  const registry = openRegistry({ timing: quick });
  const right = `Basic ${btoa('u:p')}`;
  fake.lie = (request) =>
    request.headers.get('authorization') === right
      ? undefined
      : new Response(null, { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="x"' } });
  expect(await registry.login(fake.host, { username: 'u', password: 'p' }, { signal })).toBe('');
  await expect(registry.login(fake.host, { username: 'u', password: 'no' }, { signal })).rejects.toThrow(
    `login attempt to http://${fake.host}/v2/ failed with status: 401 Unauthorized`,
  );
  service.lie = (request) =>
    request.headers.get('authorization') === right
      ? Response.json({ token: 't', refresh_token: 'keep' })
      : failure(401, 'UNAUTHORIZED', 'incorrect username or password');
  fake.lie = (request) =>
    request.headers.get('authorization') === 'Bearer t'
      ? undefined
      : new Response(null, { status: 401, headers: { 'WWW-Authenticate': `Bearer realm="${service.origin}/token"` } });
  expect(await registry.login(fake.host, { username: 'u', password: 'p' }, { signal })).toBe('keep');
  await expect(registry.login(fake.host, { username: 'u', password: 'no' }, { signal })).rejects.toThrow(
    'unauthorized: incorrect username or password',
  );
});

test('search of a registry without search looks through its catalog, page by page', async () => {
  await using fake = new FakeRegistry();
  fake.lie = (_, url) => {
    if (url.pathname !== '/v2/_catalog') return undefined;
    const last = url.searchParams.get('last');
    return Response.json(
      { repositories: last === null ? ['a/web', 'b'] : ['web/c'] },
      last === null ? { headers: { Link: '</v2/_catalog?last=b&n=2>; rel="next"' } } : {},
    );
  };
  const found = await openRegistry({ timing: quick }).search(`${fake.host}/web`, 25, undefined, { signal });
  expect(found.map(({ name }) => name)).toEqual(['a/web', 'web/c']);
});

test('nobody listens: the error names what was asked', async () => {
  const fake = new FakeRegistry();
  await fake[Symbol.asyncDispose]();
  await expect(open(fake).fetch('v1', { signal })).rejects.toThrow(
    `Get "http://${fake.host}/v2/team/app/manifests/v1": connect: connection refused`,
  );
});
