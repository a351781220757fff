import { EngineError } from '../base/index.ts';
import { mediaTypes, parseImageIndex, parseImageManifest, type Descriptor, type Digest } from '../spec/index.ts';
import type { ContentSource, ContentTarget } from './contract.ts';
import { Verifier } from './verify.ts';

/** Caps on what an index can make us fetch. */
export interface GraphLimits {
  /** Levels of index inside index. */
  readonly maxDepth: number;
  /** Blobs in all. */
  readonly maxBlobs: number;
  /** Bytes of one index or manifest. */
  readonly maxManifestBytes: number;
}

export const defaultGraphLimits: GraphLimits = { maxDepth: 4, maxBlobs: 10_000, maxManifestBytes: 4 * 1024 * 1024 };

export interface CopyGraphOptions {
  readonly signal: AbortSignal;
  readonly limits?: GraphLimits;
  /** Which children of an index to bring (default: all). */
  readonly select?: (children: readonly Descriptor[]) => readonly Descriptor[];
  /** How many blobs move at once (default 3, as Docker). */
  readonly concurrency?: number;
}

const indexTypes: ReadonlySet<string> = new Set([mediaTypes.ociIndex, mediaTypes.dockerIndex]);
const manifestTypes: ReadonlySet<string> = new Set([mediaTypes.ociManifest, mediaTypes.dockerManifest]);

/** Brings one blob from `source` to `target`; does nothing when the target has it. */
export async function copyBlob(
  source: ContentSource,
  target: ContentTarget,
  descriptor: Descriptor,
  options: { readonly signal: AbortSignal },
): Promise<void> {
  if (await target.has(descriptor, options)) return;
  await target.write(descriptor, await source.open(descriptor, options), options);
}

/**
 * Brings a blob and everything under it (index → manifests → config and layers), children first: what the target has is whole at any time.
 * Pull and push are this.
 * @throws {EngineError} InvalidArgument, for broken manifests and past the limits; what source and target throw.
 */
export async function copyGraph(source: ContentSource, target: ContentTarget, root: Descriptor, options: CopyGraphOptions): Promise<void> {
  await new GraphCopy(source, target, options).copy(root, 0);
}

class GraphCopy {
  readonly #source: ContentSource;
  readonly #target: ContentTarget;
  readonly #options: CopyGraphOptions;
  readonly #limits: GraphLimits;
  readonly #seen = new Set<Digest>();

  constructor(source: ContentSource, target: ContentTarget, options: CopyGraphOptions) {
    this.#source = source;
    this.#target = target;
    this.#options = options;
    this.#limits = options.limits ?? defaultGraphLimits;
  }

  async copy(descriptor: Descriptor, depth: number): Promise<void> {
    if (this.#seen.has(descriptor.digest)) return;
    this.#seen.add(descriptor.digest);
    if (this.#seen.size > this.#limits.maxBlobs) throw new EngineError('InvalidArgument', 'image has too many blobs');
    if (!indexTypes.has(descriptor.mediaType) && !manifestTypes.has(descriptor.mediaType))
      return copyBlob(this.#source, this.#target, descriptor, this.#options);
    if (depth > this.#limits.maxDepth) throw new EngineError('InvalidArgument', 'image index is nested too deeply');
    const bytes = await this.#readSmall(descriptor);
    if (indexTypes.has(descriptor.mediaType)) {
      const children = parseImageIndex(bytes).manifests;
      for (const child of this.#options.select?.(children) ?? children) await this.copy(child, depth + 1);
    } else {
      const { config, layers } = parseImageManifest(bytes);
      await this.#copyAll([config, ...layers]);
    }
    if (await this.#target.has(descriptor, this.#options)) return;
    await this.#target.write(descriptor, new Blob([bytes]).stream(), this.#options);
  }

  // A first failure stops the others too.
  async #copyAll(descriptors: readonly Descriptor[]): Promise<void> {
    const stop = new AbortController();
    const signal = AbortSignal.any([this.#options.signal, stop.signal]);
    const queue = [...descriptors];
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        signal.throwIfAborted();
        if (this.#seen.has(next.digest)) continue;
        this.#seen.add(next.digest);
        if (this.#seen.size > this.#limits.maxBlobs) throw new EngineError('InvalidArgument', 'image has too many blobs');
        await copyBlob(this.#source, this.#target, next, { signal });
      }
    };
    const workers = Array.from({ length: this.#options.concurrency ?? 3 }, async () => {
      try {
        await work();
      } catch (error) {
        stop.abort(error);
        throw error;
      }
    });
    const failed = (await Promise.allSettled(workers)).find((result) => result.status === 'rejected');
    if (failed !== undefined) throw stop.signal.reason;
  }

  async #readSmall(descriptor: Descriptor): Promise<Uint8Array<ArrayBuffer>> {
    if (descriptor.size > this.#limits.maxManifestBytes)
      throw new EngineError('InvalidArgument', `manifest ${descriptor.digest} is larger than ${this.#limits.maxManifestBytes} bytes`);
    const verifier = new Verifier(descriptor);
    const whole = new Uint8Array(descriptor.size);
    let at = 0;
    for await (const chunk of await this.#source.open(descriptor, this.#options)) {
      this.#options.signal.throwIfAborted();
      verifier.push(chunk);
      whole.set(chunk, at);
      at += chunk.length;
    }
    verifier.end();
    return whole;
  }
}
