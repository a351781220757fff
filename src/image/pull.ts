import { availableParallelism } from 'node:os';
import { decompress } from '../archive/index.ts';
import { EngineError, shortId } from '../base/index.ts';
import { verify } from '../content/index.ts';
import { digestOf, mediaTypes, parseImageConfig, parseImageManifest, type Descriptor, type Digest } from '../spec/index.ts';
import { abortable } from './abortable.ts';
import type { Arrivals, Joined } from './arrivals.ts';
import type { Image, ImageProgress, RemoteImage } from './contract.ts';
import { Gate } from './gate.ts';
import type { PlannedImage } from './load-plan.ts';
import { chainsOf, storeImage, type LoadStores } from './load.ts';
import { counted, streamDigest } from './unpack.ts';

export interface PullStores extends LoadStores {
  readonly arrivals: Arrivals;
}

interface PullOptions {
  readonly signal: AbortSignal;
  readonly progress: (event: ImageProgress) => void;
}

const maximumConfigBytes = 16 * 1024 * 1024;
const configTypes: ReadonlySet<string> = new Set([mediaTypes.ociConfig, mediaTypes.dockerConfig]);

/**
 * Brings an image in: layers download side by side and are unpacked while they do, each apart, and stacked when those below are there.
 * Whole or not at all: a failure leaves what came of the blobs for the next try, and nothing that can be seen.
 */
export async function pullImage(stores: PullStores, remote: RemoteImage, options: PullOptions): Promise<Image> {
  const { collector } = stores;
  const { config, layers } = parseImageManifest(remote.manifest);
  if (!configTypes.has(config.mediaType))
    throw new EngineError('InvalidArgument', `unsupported media type ${config.mediaType}: it is an artifact, not an image`);
  const touched = new Set<Digest>([digestOf(remote.manifest), config.digest, ...layers.map((layer) => layer.digest)]);
  using _hold = await collector.hold(touched);
  let chains: readonly Digest[] = [];
  try {
    const planned = await planPull(stores, remote, config, layers, options);
    chains = chainsOf(planned.config);
    using _layers = await collector.hold(chains);
    await new LayerPull(stores, remote, planned.config.rootfs.diff_ids, layers, options).run();
    return await storeImage(stores, planned, layers, touched, { signal: options.signal });
  } catch (error) {
    _hold[Symbol.dispose]();
    await collector.collect([...touched, ...chains]);
    throw error;
  }
}

async function planPull(
  { content }: PullStores,
  remote: RemoteImage,
  descriptor: Descriptor,
  layers: readonly Descriptor[],
  options: PullOptions,
): Promise<PlannedImage> {
  if (descriptor.size > maximumConfigBytes)
    throw new EngineError('InvalidArgument', `image config is larger than ${maximumConfigBytes} bytes`);
  const bytes =
    content.size(descriptor.digest) === undefined
      ? await new Response(verify(abortable(await remote.openFrom(descriptor, 0, options), options.signal), descriptor)).bytes()
      : await content.read(descriptor.digest, maximumConfigBytes);
  const config = parseImageConfig(bytes);
  if (config.os !== '' && config.os !== 'linux')
    throw new EngineError('InvalidArgument', `image operating system ${JSON.stringify(config.os)} cannot be used on this platform`);
  if (config.rootfs.diff_ids.length !== layers.length)
    throw new EngineError(
      'InvalidArgument',
      `invalid image: its config has ${config.rootfs.diff_ids.length} layers, its manifest ${layers.length}`,
    );
  return { id: descriptor.digest, configBytes: bytes, config, layers: [], manifest: remote.manifest, names: remote.names };
}

/** The layers of one pull. */
class LayerPull {
  readonly #stores: PullStores;
  readonly #remote: RemoteImage;
  readonly #diffIds: readonly Digest[];
  readonly #chains: readonly Digest[];
  readonly #layers: readonly Descriptor[];
  readonly #progress: (event: ImageProgress) => void;
  readonly #outer: AbortSignal;
  readonly #stop = new AbortController();
  readonly #joined: Array<Joined | null> = [];

  constructor(stores: PullStores, remote: RemoteImage, diffIds: readonly Digest[], layers: readonly Descriptor[], options: PullOptions) {
    this.#stores = stores;
    this.#remote = remote;
    this.#diffIds = diffIds;
    this.#chains = chainsOf({ rootfs: { type: 'layers', diff_ids: diffIds } });
    this.#layers = layers;
    this.#progress = options.progress;
    this.#outer = options.signal;
  }

  async run(): Promise<void> {
    const signal = AbortSignal.any([this.#outer, this.#stop.signal]);
    const work: Array<Promise<unknown>> = [];
    // The first failure ends the rest.
    const watch = (promise: Promise<unknown>): void => {
      work.push(promise);
      promise.catch((error: unknown) => this.#stop.abort(error));
    };
    try {
      for (const [index, layer] of this.#layers.entries()) this.#tell(layer, this.#isHere(index) ? 'Already exists' : 'Pulling fs layer');
      for (const layer of this.#layers) watch(this.#download(layer, signal));
      await this.#unpackAll(watch, signal);
      await Promise.all(work);
    } catch (error) {
      this.#stop.abort(error);
      await Promise.allSettled(work);
      this.#outer.throwIfAborted();
      throw this.#stop.signal.reason;
    } finally {
      await Promise.all(this.#joined.map(async (joined) => await joined?.[Symbol.asyncDispose]()));
    }
  }

  // Whether there is nothing to do for a layer: its bytes are here, and known to unpack to what is here.
  #isHere(index: number): boolean {
    const { content, snapshots, records } = this.#stores;
    const { digest, size } = this.#layers[index]!;
    return content.size(digest) === size && snapshots.has(this.#chains[index]!) && records.isLayerBlob(this.#diffIds[index]!, digest);
  }

  async #download(layer: Descriptor, signal: AbortSignal): Promise<void> {
    const { content, arrivals } = this.#stores;
    if (content.size(layer.digest) === layer.size) return void this.#joined.push(null);
    const step = Math.max(layer.size / 100, 512 * 1024);
    let next = step;
    const joined = arrivals.join(layer, this.#remote.openFrom, (size) => {
      if (size < next) return;
      next = size + step;
      this.#tell(layer, 'Downloading', size);
    });
    this.#joined.push(joined);
    await orAborted(joined.done, signal);
    this.#tell(layer, 'Verifying Checksum');
    this.#tell(layer, 'Download complete');
  }

  // In order, so that the lowest one that is not done always has its turn.
  async #unpackAll(watch: (promise: Promise<unknown>) => void, signal: AbortSignal): Promise<void> {
    const gate = new Gate(Math.min(availableParallelism(), 4));
    let below: Promise<unknown> = Promise.resolve();
    let parent: Digest | null = null;
    for (const [index, layer] of this.#layers.entries()) {
      const place = await gate.enter({ signal });
      const unpacked = this.#unpack(layer, index, parent, below, signal).finally(() => place[Symbol.dispose]());
      watch(unpacked);
      below = unpacked;
      parent = this.#chains[index]!;
    }
  }

  async #unpack(layer: Descriptor, index: number, parent: Digest | null, below: Promise<unknown>, signal: AbortSignal): Promise<void> {
    if (this.#isHere(index)) return void (await below);
    const { snapshots } = this.#stores;
    const diffId = this.#diffIds[index]!;
    const packed = await this.#open(layer, index, signal);
    const target = { id: shortId(layer.digest), status: 'Extracting', total: layer.size };
    const tar = decompress(counted(packed, target, this.#progress), { signal });
    if (snapshots.has(this.#chains[index]!)) {
      // The layer is here, and these bytes are new: they must mean the same.
      const actual = await streamDigest(tar, signal);
      if (actual !== diffId) throw new EngineError('InvalidArgument', `layer does not match its digest: expected ${diffId}, got ${actual}`);
      await below;
    } else await snapshots.apply({ diffId, parent, tar, ...(parent === null ? {} : { below }) }, { signal });
    this.#tell(layer, 'Pull complete');
  }

  async #open(layer: Descriptor, index: number, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const joined = this.#joined[index];
    return joined === null || joined === undefined ? this.#stores.content.open(layer, { signal }) : joined.open({ signal });
  }

  #tell(layer: Descriptor, status: string, current = 0): void {
    this.#progress({ kind: 'layer', id: shortId(layer.digest), status, current, total: current === 0 ? 0 : layer.size });
  }
}

// Others may wait for the same blob: it goes on without who has left.
async function orAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
