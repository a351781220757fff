import { EngineError } from '../base/index.ts';
import { verify } from '../content/index.ts';
import { withDigest, withTag, isDigest, type Descriptor, type Digest, type Reference } from '../spec/index.ts';
import { openBlob } from './blob-bytes.ts';
import type { FetchedManifest, PushBlobOptions, PushOutcome, RegistryCredentials, Repository } from './contract.ts';
import { endpointsOf } from './endpoints.ts';
import type { RegistryPolicy } from './contract.ts';
import { listNames } from './lists.ts';
import { fetchManifest, fetchReferrers, headManifest, manifestTypes, maximumManifestBytes, putManifest } from './manifests.ts';
import { Places, type Wire } from './places.ts';
import { drop, readCapped } from './read-capped.ts';
import { ConnectionError, RegistryError, toEngineError, toPushError } from './registry-error.ts';
import { uploadBlob } from './upload.ts';

interface Options {
  readonly signal: AbortSignal;
}

/** See `Registry.repository`. */
export class OpenRepository implements Repository {
  readonly #reference: Reference;
  readonly #wire: Wire;
  readonly #places: Places;

  constructor(wire: Wire, policy: RegistryPolicy, reference: Reference, credentials: RegistryCredentials, access: 'pull' | 'push') {
    this.#reference = reference;
    this.#wire = wire;
    const actions = access === 'push' ? 'pull,push' : 'pull';
    this.#places = new Places(wire, endpointsOf(reference, policy, access), credentials, (path) => [`repository:${path}:${actions}`]);
  }

  get rateLimit(): { readonly limit: string; readonly remaining: string } | null {
    return this.#places.rateLimit;
  }

  head(name: string, options: Options): Promise<Pick<Descriptor, 'digest' | 'mediaType'> | null> {
    return this.#pulling(name, options, () => this.#places.at(options.signal, (place) => headManifest(place, name, options)));
  }

  fetch(name: string, options: Options): Promise<FetchedManifest> {
    return this.#pulling(name, options, () => this.#places.at(options.signal, (place) => fetchManifest(place, name, options)));
  }

  async open(descriptor: Descriptor, options: Options): Promise<ReadableStream<Uint8Array>> {
    if (!manifestTypes.has(descriptor.mediaType)) return this.openFrom(descriptor, 0, options);
    return new Blob([(await this.fetch(descriptor.digest, options)).bytes]).stream();
  }

  openFrom(descriptor: Descriptor, offset: number, { signal }: Options): Promise<ReadableStream<Uint8Array>> {
    const { timing } = this.#wire;
    return this.#pulling(descriptor.digest, { signal }, () =>
      this.#places.at(signal, ({ session, base }) =>
        openBlob({ session, timing, path: `${base}/blobs/${descriptor.digest}`, descriptor, offset, signal }),
      ),
    );
  }

  async has(descriptor: Descriptor, { signal }: Options): Promise<boolean> {
    const kind = manifestTypes.has(descriptor.mediaType) ? 'manifests' : 'blobs';
    return this.#pushing({ signal }, () =>
      this.#places.at(signal, async ({ session, base }) => {
        const response = await session.request('HEAD', `${base}/${kind}/${descriptor.digest}`, { signal, accept: [200, 404] });
        drop(response);
        return response.status === 200;
      }),
    );
  }

  async write(descriptor: Descriptor, bytes: ReadableStream<Uint8Array>, options: Options): Promise<void> {
    if (manifestTypes.has(descriptor.mediaType)) {
      const whole = await readCapped(new Response(verify(bytes, descriptor)), maximumManifestBytes, options.signal);
      return this.putManifest(descriptor.digest, descriptor.mediaType, whole, options);
    }
    let taken = false;
    const once = async (): Promise<ReadableStream<Uint8Array>> => {
      if (taken) throw new EngineError('Unavailable', `the upload of ${descriptor.digest} broke off`);
      taken = true;
      return verify(bytes, descriptor);
    };
    try {
      await this.push(descriptor, once, options);
    } finally {
      if (!taken) await bytes.cancel().catch(() => undefined);
    }
  }

  async push(
    descriptor: Descriptor,
    open: (offset: number) => Promise<ReadableStream<Uint8Array>>,
    options: PushBlobOptions,
  ): Promise<PushOutcome> {
    if (await this.has(descriptor, options)) return 'exists';
    const { timing } = this.#wire;
    return this.#pushing(options, () =>
      this.#places.at(options.signal, ({ session, base }) => uploadBlob({ session, timing, base, descriptor, open, options })),
    );
  }

  putManifest(name: string, mediaType: string, bytes: Uint8Array<ArrayBuffer>, options: Options): Promise<void> {
    return this.#pushing(options, () => this.#places.at(options.signal, (place) => putManifest(place, name, mediaType, bytes, options)));
  }

  async *tags(options: Options): AsyncGenerator<string, void, void> {
    // Pages are read as they are asked for, so only the first one chooses the place.
    const first = await this.#pulling('', options, () =>
      this.#places.at(options.signal, async (place) => {
        const names = listNames(place, `${place.base}/tags/list?n=1000`, 'tags', options);
        return { names, next: await names.next() };
      }),
    );
    if (first.next.done !== true) yield first.next.value;
    yield* first.names;
  }

  referrers(digest: Digest, options: Options): Promise<readonly Descriptor[]> {
    return this.#pulling(digest, options, () => this.#places.at(options.signal, (place) => fetchReferrers(place, digest, options)));
  }

  async #pulling<T>(name: string, { signal }: Options, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      const named = name === '' ? this.#reference : isDigest(name) ? withDigest(this.#reference, name) : withTag(this.#reference, name);
      throw connection(toEngineError(error, named));
    }
  }

  async #pushing<T>({ signal }: Options, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      throw connection(toPushError(error));
    }
  }
}

/** A broken connection as callers of the room see it. */
export function connection(error: unknown): unknown {
  if (error instanceof ConnectionError) return new EngineError('Unavailable', error.message, { cause: error });
  if (error instanceof RegistryError) return toPushError(error);
  return error;
}
