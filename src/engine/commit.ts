import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, openSync, closeSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { EngineError } from '../base/index.ts';
import { applyChanges, type Image } from '../image/index.ts';
import {
  parseDigest,
  type ContainerConfig,
  type Digest,
  type HistoryEntry,
  type ImageConfig,
  type ImageExecutionConfig,
} from '../spec/index.ts';
import { requireRoot } from './container-root.ts';
import type { ContainerRecord } from './contract.ts';
import { publishContainerEvent } from './events/index.ts';
import type { House } from './house.ts';
import { pauseContainer, unpauseContainer } from './pause-container.ts';
import type { CommitRequest, Options } from './requests.ts';

/**
 * A new image from a container: its image's layers and one of what it changed.
 * @throws {EngineError} NotFound; InvalidArgument, for a bad name or change; Conflict, when its image or root is gone.
 */
export async function commitContainer(house: House, words: string, request: CommitRequest, options: Options): Promise<Digest> {
  const record = house.records.resolve(words);
  requireRoot(house, record);
  const base = house.images.list().find(({ id }) => id === record.image.id);
  if (base === undefined) throw new EngineError('Conflict', `Cannot commit container ${words}: its image ${record.image.id} is gone`);
  const config = applyChanges(executionConfig({ ...record.config, ...request.config }), request.changes);
  const pauses = request.pause && record.state.status === 'running';
  if (pauses) await pauseContainer(house, record.id, options);
  const layer = await writeLayer(house, record, options).finally(async () => {
    if (pauses) await unpauseContainer(house, record.id, { signal: AbortSignal.timeout(30_000) });
  });
  try {
    const tar = Readable.toWeb(createReadStream(layer.path)) as ReadableStream<Uint8Array>;
    await house.snapshots.apply({ diffId: layer.diffId, parent: base.chainId, tar }, options);
    const image = await house.images.create({
      ...(request.reference === '' ? {} : { reference: request.reference }),
      ...newImage(house, record, base, layer.diffId, config, request),
    });
    publishContainerEvent(house.events, record, 'commit', {
      comment: request.comment,
      imageID: image.id,
      imageRef: request.reference,
    });
    return image.id;
  } finally {
    rmSync(layer.path, { force: true });
  }
}

/** The container's changes as a tar on disk: read once, so that digest and bytes agree even when it is not paused. */
async function writeLayer(
  house: House,
  record: ContainerRecord,
  options: Options,
): Promise<{ readonly path: string; readonly diffId: Digest }> {
  const directory = join(house.dataRoot, 'tmp');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, `commit-${house.newId()}.tar`);
  const hash = createHash('sha256');
  const fd = openSync(path, 'wx', 0o600);
  try {
    for await (const bytes of house.rootWorkers.layerTar(house.snapshots.directories(record.id).upper, options)) {
      hash.update(bytes);
      for (let offset = 0; offset < bytes.length;) offset += writeSync(fd, bytes, offset);
    }
    return { path, diffId: parseDigest(`sha256:${hash.digest('hex')}`) };
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

function newImage(
  house: House,
  record: ContainerRecord,
  base: Image,
  diffId: Digest,
  config: ImageExecutionConfig,
  request: CommitRequest,
) {
  const created = house.clock.now().toISOString();
  const entry: HistoryEntry = {
    created,
    created_by: [record.process.path, ...record.process.args].join(' '),
    ...(request.author === '' ? {} : { author: request.author }),
    ...(request.comment === '' ? {} : { comment: request.comment }),
  };
  const { rootfs, history = [], config: _config, ...rest } = base.config;
  const imageConfig: Omit<ImageConfig, 'rootfs'> = {
    ...rest,
    created,
    ...(request.author === '' ? {} : { author: request.author }),
    ...(request.comment === '' ? {} : { comment: request.comment }),
    container: record.id,
    config,
    history: [...history, entry],
  };
  return { config: imageConfig, diffIds: [...rootfs.diff_ids, diffId], history: [...history, entry], parent: base.id };
}

/** What of a container's configuration an image keeps; null and empty fields are left out. */
function executionConfig(config: ContainerConfig): ImageExecutionConfig {
  const { User, ExposedPorts, Env, Entrypoint, Cmd, Volumes, WorkingDir, Labels, StopSignal, Healthcheck, Shell, OnBuild } = config;
  const all = { User, ExposedPorts, Env, Entrypoint, Cmd, Volumes, WorkingDir, Labels, StopSignal, Healthcheck, Shell, OnBuild };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined && value !== null)) as ImageExecutionConfig;
}
