import { digestOf, mediaTypes, type Descriptor } from '../spec/index.ts';

/** One request a fake registry got. */
export interface AskedOf {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
}

/** What a test wants instead of the truth; undefined: the truth. */
export type Lie = (request: Request, url: URL) => Response | Promise<Response> | undefined;

/** A registry in memory for tests, which speaks the distribution-spec and lies on demand. */
export class FakeRegistry implements AsyncDisposable {
  readonly blobs = new Map<string, Uint8Array<ArrayBuffer>>();
  /** By `name:tag-or-digest`. */
  readonly manifests = new Map<string, { readonly type: string; readonly bytes: Uint8Array<ArrayBuffer> }>();
  readonly asked: AskedOf[] = [];
  lie: Lie = () => undefined;
  /** Answers ranges as blobs stores do. */
  ranges = true;
  readonly #uploads = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly #server: Bun.Server<undefined>;

  constructor(tls?: { readonly cert: string; readonly key: string; readonly ca?: string; readonly requestCert?: boolean }) {
    this.#server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      idleTimeout: 0,
      maxRequestBodySize: 4 * 1024 ** 3,
      ...(tls === undefined ? {} : { tls: { ...tls, rejectUnauthorized: tls.requestCert === true } }),
      fetch: (request) => this.#answer(request),
    });
  }

  /** `127.0.0.1:port`. */
  get host(): string {
    return `127.0.0.1:${this.#server.port}`;
  }

  get origin(): string {
    return this.#server.url.origin;
  }

  putBlob(bytes: Uint8Array<ArrayBuffer>, mediaType: string = mediaTypes.ociLayer): Descriptor {
    const digest = digestOf(bytes);
    this.blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  }

  putJson(value: unknown, mediaType: string): Descriptor {
    return this.putBlob(new TextEncoder().encode(JSON.stringify(value)), mediaType);
  }

  putManifest(name: string, tag: string, value: unknown, type: string = mediaTypes.ociManifest): Descriptor {
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    const digest = digestOf(bytes);
    for (const each of [tag, digest]) this.manifests.set(`${name}:${each}`, { type, bytes });
    return { mediaType: type, digest, size: bytes.length };
  }

  /** An image of these layers' tars, packed as they are given. */
  putImage(
    name: string,
    tag: string,
    layers: ReadonlyArray<{ readonly diffId: string; readonly descriptor: Descriptor }>,
    platform = { os: 'linux', architecture: 'amd64' },
  ): Descriptor {
    const config = this.putJson(
      { ...platform, config: { Cmd: ['sh'] }, rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) } },
      mediaTypes.ociConfig,
    );
    return this.putManifest(name, tag, {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config,
      layers: layers.map((layer) => layer.descriptor),
    });
  }

  /** How often a request whose `METHOD path` contains `text` was got. */
  count(text: string): number {
    return this.asked.filter(({ method, path }) => `${method} ${path}`.includes(text)).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    this.asked.push({ method: request.method, path: url.pathname + url.search, headers: request.headers });
    const lied = await this.lie(request, url);
    if (lied !== undefined) return lied;
    const { pathname } = url;
    if (pathname === '/v2/') return Response.json({});
    const match = /^\/v2\/(.+)\/(manifests|blobs\/uploads|blobs|tags|referrers)\/(.*)$/.exec(pathname);
    if (match === null) return failure(404, 'NAME_UNKNOWN', 'repository name not known to registry');
    const [, name = '', kind, what = ''] = match;
    if (kind === 'manifests')
      return request.method === 'PUT' ? this.#keepManifest(request, name, what) : this.#manifest(request, name, what);
    if (kind === 'blobs') return this.#blob(request, what);
    if (kind === 'tags') return this.#tags(name);
    if (kind === 'referrers') return failure(404, 'UNSUPPORTED', 'no referrers');
    return this.#upload(request, url, name, what);
  }

  #manifest(request: Request, name: string, what: string): Response {
    const found = this.manifests.get(`${name}:${what}`);
    if (found === undefined) return failure(404, 'MANIFEST_UNKNOWN', 'manifest unknown');
    const headers = { 'Content-Type': found.type, 'Docker-Content-Digest': digestOf(found.bytes) };
    return new Response(request.method === 'HEAD' ? null : found.bytes, { headers });
  }

  async #keepManifest(request: Request, name: string, what: string): Promise<Response> {
    const bytes = new Uint8Array(await request.arrayBuffer());
    const digest = digestOf(bytes);
    for (const each of [what, digest]) this.manifests.set(`${name}:${each}`, { type: request.headers.get('content-type') ?? '', bytes });
    return new Response(null, { status: 201, headers: { 'Docker-Content-Digest': digest } });
  }

  #blob(request: Request, digest: string): Response {
    const bytes = this.blobs.get(digest);
    if (bytes === undefined) return failure(404, 'BLOB_UNKNOWN', 'blob unknown to registry');
    const range = this.ranges ? /^bytes=(\d+)-/.exec(request.headers.get('range') ?? '') : null;
    if (request.method === 'HEAD') return new Response(null, { headers: { 'Content-Length': String(bytes.length) } });
    if (range === null) return new Response(bytes);
    const from = Number(range[1]);
    if (from >= bytes.length) return new Response(null, { status: 416 });
    return new Response(bytes.slice(from), {
      status: 206,
      headers: { 'Content-Range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` },
    });
  }

  #tags(name: string): Response {
    const tags = [...this.manifests.keys()]
      .filter((key) => key.startsWith(`${name}:`) && !key.includes(':sha256:'))
      .map((key) => key.slice(name.length + 1));
    return Response.json({ name, tags });
  }

  async #upload(request: Request, url: URL, name: string, id: string): Promise<Response> {
    const at = (key: string): string => `/v2/${name}/blobs/uploads/${key}`;
    if (request.method === 'POST') {
      const mount = url.searchParams.get('mount');
      if (mount !== null && this.blobs.has(mount))
        return new Response(null, { status: 201, headers: { Location: `/v2/${name}/blobs/${mount}` } });
      const key = crypto.randomUUID();
      this.#uploads.set(key, new Uint8Array(0));
      return new Response(null, { status: 202, headers: { Location: at(key) } });
    }
    const before = this.#uploads.get(id);
    if (before === undefined) return failure(404, 'BLOB_UPLOAD_UNKNOWN', 'upload unknown');
    const range = (): string => `0-${Math.max((this.#uploads.get(id)?.length ?? 0) - 1, 0)}`;
    if (request.method === 'GET') return new Response(null, { status: 204, headers: { Location: at(id), Range: range() } });
    const whole = new Uint8Array(Buffer.concat([before, new Uint8Array(await request.arrayBuffer())]));
    this.#uploads.set(id, whole);
    if (request.method === 'PATCH') return new Response(null, { status: 202, headers: { Location: at(id), Range: range() } });
    const digest = url.searchParams.get('digest') ?? '';
    if (digestOf(whole) !== digest) return failure(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
    this.blobs.set(digest, whole);
    return new Response(null, { status: 201, headers: { 'Docker-Content-Digest': digest } });
  }
}

/** A registry's error, distribution-spec's shape. */
export function failure(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}): Response {
  return Response.json({ errors: [{ code, message }] }, { status, headers: { ...headers } });
}
