import type { ContentSource, ContentTarget } from '../content/index.ts';
import type { Descriptor, Digest, Reference } from '../spec/index.ts';

/** Who asks. An identity token is traded for a registry token; a registry token is sent as it is (X-Registry-Auth of Docker's API). */
export interface RegistryCredentials {
  readonly username?: string;
  readonly password?: string;
  readonly identityToken?: string;
  readonly registryToken?: string;
}

/** A manifest or index as a registry sent it, checked against its digest. */
export interface FetchedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

interface Options {
  readonly signal: AbortSignal;
}

/** How a blob came to be in the registry. */
export type PushOutcome = 'exists' | 'mounted' | 'pushed';

export interface PushBlobOptions extends Options {
  /** Repositories of the same registry that may have the blob. */
  readonly mountFrom?: readonly string[];
  /** Called with the bytes that were handed over so far. */
  readonly progress?: (bytes: number) => void;
}

/** One repository of one registry: blobs and manifests by the OCI distribution-spec 1.1, which Docker's registries speak too. */
export interface Repository extends ContentSource, ContentTarget {
  /**
   * What a tag or digest names, without its bytes; null when the registry does not say.
   * @throws {EngineError} NotFound, Unauthorized, Forbidden, in Docker's words.
   */
  head(tagOrDigest: string, options: Options): Promise<Pick<Descriptor, 'digest' | 'mediaType'> | null>;
  /** The manifest a tag or digest names. @throws as `head`; InvalidArgument, when it is not what its digest says or over 4 MiB. */
  fetch(tagOrDigest: string, options: Options): Promise<FetchedManifest>;
  /** A blob's bytes from `offset` on, unverified. A connection that breaks or stalls is taken up again where it was. */
  openFrom(descriptor: Descriptor, offset: number, options: Options): Promise<ReadableStream<Uint8Array>>;
  /** Brings a blob in, unless it is there. `open` gives its bytes from an offset on; an upload that breaks goes on from where the registry got to. */
  push(
    descriptor: Descriptor,
    open: (offset: number) => Promise<ReadableStream<Uint8Array>>,
    options: PushBlobOptions,
  ): Promise<PushOutcome>;
  /** Stores a manifest under a tag or its digest. */
  putManifest(tagOrDigest: string, mediaType: string, bytes: Uint8Array<ArrayBuffer>, options: Options): Promise<void>;
  /** Every tag, page by page. */
  tags(options: Options): AsyncIterable<string>;
  /** What points at a manifest: signatures, attestations. Empty when the registry knows none. */
  referrers(digest: Digest, options: Options): Promise<readonly Descriptor[]>;
  /** What the registry said last of its rate limit, `100;w=21600`. */
  readonly rateLimit: { readonly limit: string; readonly remaining: string } | null;
}

export interface RepositoryOptions {
  readonly credentials?: RegistryCredentials;
  readonly access?: 'pull' | 'push';
}

export interface SearchResult {
  readonly name: string;
  readonly description: string;
  readonly stars: number;
  readonly official: boolean;
  readonly automated: boolean;
}

/** Every registry there is. */
export interface Registry {
  /** The repository of `reference`. Nothing is asked yet. @throws {EngineError} Forbidden, when policy blocks it. */
  repository(reference: Reference, options?: RepositoryOptions): Repository;
  /** Tries credentials. Returns an identity token where the registry gives one, else ''. @throws {EngineError} Unauthorized. */
  login(server: string, credentials: RegistryCredentials, options: Options): Promise<string>;
  /** Repositories a word finds: Docker Hub's search, or a plain registry's catalog. */
  search(term: string, limit: number, credentials: RegistryCredentials | undefined, options: Options): Promise<readonly SearchResult[]>;
  /** Which hosts will be asked for `reference`, in order, and why. */
  explain(reference: Reference): readonly ExplainedEndpoint[];
  /** What holds now. */
  readonly policy: RegistryPolicy;
  /** Replaces mirrors and rules; what runs goes on with the old ones. */
  configure(policy: RegistryPolicy): void;
}

export interface ExplainedEndpoint {
  readonly url: string;
  readonly why: string;
}

/** What an administrator says of registries. */
export interface RegistryPolicy {
  /** Asked before Docker Hub, in order: dockerd's `registry-mirrors`. */
  readonly mirrors?: readonly string[];
  /** `host[:port]` or CIDR: TLS is not verified, and plain HTTP is tried. 127.0.0.0/8 and ::1 always are. */
  readonly insecure?: readonly string[];
  /** The longest prefix wins. */
  readonly rules?: readonly RegistryRule[];
}

/** What holds for references that start with `prefix`, whole components: `docker.io`, `example.com/team`. */
export interface RegistryRule {
  readonly prefix: string;
  /** Nothing is asked at all. */
  readonly blocked?: boolean;
  readonly insecure?: boolean;
  /** Asked first, in order: `mirror.example/cache` stands for the prefix, so a mirror may have other paths. */
  readonly mirrors?: ReadonlyArray<{ readonly location: string; readonly insecure?: boolean }>;
  /** Never ask the registry itself. */
  readonly mirrorsOnly?: boolean;
}

/** How long things may take; milliseconds. */
export interface RegistryTiming {
  /** Until an answer's head is there. */
  readonly answerMs: number;
  /** Without a byte of a body. */
  readonly stallMs: number;
  /** Pauses between attempts; one more attempt than pauses. */
  readonly pausesMs: readonly number[];
  /** The longest `Retry-After` that is waited for. */
  readonly longestPauseMs: number;
}

export interface RegistryOptions {
  readonly policy?: RegistryPolicy;
  readonly userAgent?: string;
  /** Folders with a folder `host:port` each: `*.crt` authorities, `*.cert` and `*.key` client certificates. */
  readonly certificateDirectories?: readonly string[];
  /** Variables HTTP_PROXY, HTTPS_PROXY, NO_PROXY and their lower-case forms are read from it. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly timing?: Partial<RegistryTiming>;
}
