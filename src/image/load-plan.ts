import type { Descriptor, Digest, ImageConfig, Platform, Reference } from '../spec/index.ts';
import { digestOf, parseImageConfig } from '../spec/index.ts';
import { blobName, invalidArchive, type ArchiveFiles } from './archive-files.ts';

/** One image an archive holds: what to unpack and what to keep. */
export interface PlannedImage {
  /** Digest of the config's bytes. */
  readonly id: Digest;
  readonly configBytes: Uint8Array;
  readonly config: ImageConfig;
  readonly layers: readonly PlannedLayer[];
  /** The manifest the archive has for it, byte for byte; null: one is made. */
  readonly manifest: Uint8Array | null;
  readonly names: readonly Reference[];
}

export interface PlannedLayer {
  /** Its file in the archive. */
  readonly file: string;
  readonly diffId: Digest;
  /** What the manifest says of it. */
  readonly descriptor: Descriptor | null;
}

export interface PlanOptions {
  readonly signal: AbortSignal;
  readonly platform?: Platform;
}

/** Reads and checks an image's config. @throws {EngineError} InvalidArgument. */
export async function plannedConfig(
  files: ArchiveFiles,
  name: string,
  options: PlanOptions,
): Promise<Pick<PlannedImage, 'id' | 'configBytes' | 'config'>> {
  const configBytes = await files.json(name, options);
  const config = parseImageConfig(configBytes);
  if (config.os !== '' && config.os !== 'linux') throw invalidArchive(`cannot load ${config.os} image on linux`);
  return { id: digestOf(configBytes), configBytes, config };
}

/** Joins layer files with the config's diff IDs. @throws {EngineError} InvalidArgument, when there are more of one. */
export function plannedLayers(config: ImageConfig, files: readonly string[], descriptors: readonly Descriptor[] | null): PlannedLayer[] {
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== files.length)
    throw invalidArchive(`invalid manifest, layers length mismatch: expected ${diffIds.length}, got ${files.length}`);
  return diffIds.map((diffId, index) => ({ diffId, file: files[index] ?? '', descriptor: descriptors?.[index] ?? null }));
}

/** A blob of an OCI layout that is JSON, checked against its digest. @throws {EngineError} InvalidArgument. */
export async function jsonBlob(files: ArchiveFiles, { digest }: Pick<Descriptor, 'digest'>, options: PlanOptions): Promise<Uint8Array> {
  const bytes = await files.json(blobName(digest), options);
  const actual = digestOf(bytes);
  if (actual !== digest) throw invalidArchive(`digest mismatch: expected ${digest}, got ${actual}`);
  return bytes;
}
