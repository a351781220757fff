import { EngineError, isEngineError, shortId } from '../base/index.ts';
import { formatFamiliar, parseReference, withDefaultTag, type Digest, type Reference } from '../spec/index.ts';
import type { Collector } from './collector.ts';
import type { Image, ImageRemoval, ImageUser } from './contract.ts';
import type { ImageRecords } from './records.ts';
import { isIdPrefix, noSuchImage, resolveImage } from './resolve.ts';

export interface RemovalOptions {
  readonly force: boolean;
  readonly prune: boolean;
  readonly usedBy: (id: Digest) => readonly ImageUser[];
}

export interface Removal {
  readonly removals: readonly ImageRemoval[];
  /** Bytes of the layers that went. */
  readonly reclaimed: number;
}

interface Stores {
  readonly records: ImageRecords;
  readonly collector: Collector;
}

interface Deletion {
  readonly removals: ImageRemoval[];
  reclaimed: number;
}

/**
 * Removes the name or image `words` mean, by Docker's rules and in its words (moby daemon/images/image_delete.go, `ImageDelete`).
 * @throws {EngineError} NotFound; Conflict.
 */
export async function removeImage(stores: Stores, words: string, options: RemovalOptions): Promise<Removal> {
  const { records } = stores;
  const image = resolveImage(records, words);
  const deletion: Deletion = { removals: [], reclaimed: 0 };
  let quiet = false;
  if (!isIdPrefix(image, words)) {
    untagOne(records, image, words, options, deletion);
    if (records.namesOf(image.id).length > 0) return deletion;
    quiet = true;
  } else if (isSingleReference(records.namesOf(image.id))) {
    const conflict = findConflict(records, image, options, options.force ? hard : [...hard, 'stopped']);
    if (conflict !== null) throw conflict.error;
    for (const name of records.namesOf(image.id)) untag(records, name, deletion);
  }
  await deleteImage(stores, image, options, quiet, deletion);
  return deletion;
}

type Check = 'children' | 'running' | 'names' | 'stopped';
const hard: readonly Check[] = ['children', 'running'];
const soft: readonly Check[] = ['names', 'stopped'];

function untagOne(records: ImageRecords, image: Image, words: string, options: RemovalOptions, deletion: Deletion): void {
  const names = records.namesOf(image.id);
  const user = options.usedBy(image.id)[0];
  if (!options.force && isSingleReference(names) && user !== undefined) {
    const reason = `container ${shortId(user.containerId)} is using its referenced image ${shortId(image.id)}`;
    throw new EngineError('Conflict', `conflict: unable to remove repository reference "${words}" (must force) - ${reason}`);
  }
  const wanted = withDefaultTag(parseReference(words));
  const name = names.find((known) => sameName(known, wanted));
  if (name === undefined) throw noSuchImage(formatFamiliar(wanted));
  untag(records, name, deletion);
  // A repository whose last tag went needs no digests either.
  const left = records.namesOf(image.id).filter((known) => known.domain === name.domain && known.path === name.path);
  if (name.digest === undefined && left.every((known) => known.digest !== undefined))
    for (const known of left) untag(records, known, deletion);
}

function sameName(known: Reference, wanted: Reference): boolean {
  if (known.domain !== wanted.domain || known.path !== wanted.path) return false;
  return known.digest === undefined ? known.tag === wanted.tag : known.digest === wanted.digest;
}

function untag(records: ImageRecords, name: Reference, deletion: Deletion): void {
  records.removeName(name);
  deletion.removals.push({ kind: 'untagged', name: formatFamiliar(name) });
}

async function deleteImage(stores: Stores, image: Image, options: RemovalOptions, quiet: boolean, deletion: Deletion): Promise<void> {
  const { records, collector } = stores;
  const conflict = findConflict(records, image, options, options.force ? hard : [...hard, ...soft]);
  if (conflict !== null) {
    const dangling = records.namesOf(image.id).length === 0 && records.childrenOf(image.id).length === 0;
    if (quiet && (!dangling || conflict.used)) return;
    throw conflict.error;
  }
  const parent = records.parentOf(image.id);
  for (const name of records.namesOf(image.id)) untag(records, name, deletion);
  const parts = [...records.blobsOf(image.id), ...records.chainsOf(image.id)];
  records.remove(image.id);
  deletion.removals.push({ kind: 'deleted', id: image.id });
  for (const layer of await collector.collect(parts)) {
    deletion.removals.push({ kind: 'deleted', id: layer.chainId });
    deletion.reclaimed += layer.size;
  }
  const above = parent === null ? undefined : records.get(parent);
  if (!options.prune || above === undefined || records.namesOf(above.id).length > 0) return;
  await deleteImage(stores, above, { ...options, force: false }, true, deletion);
}

interface Conflict {
  readonly used: boolean;
  readonly error: EngineError;
}

function findConflict(records: ImageRecords, image: Image, options: RemovalOptions, checks: readonly Check[]): Conflict | null {
  const fail = (used: boolean, forced: string, reason: string): Conflict => ({
    used,
    error: new EngineError('Conflict', `conflict: unable to delete ${shortId(image.id)} (${forced}) - ${reason}`),
  });
  const users = options.usedBy(image.id);
  if (checks.includes('children') && records.childrenOf(image.id).length > 0)
    return fail(false, 'cannot be forced', 'image has dependent child images');
  const running = users.find((user) => user.running);
  if (checks.includes('running') && running !== undefined)
    return fail(true, 'cannot be forced', `image is being used by running container ${shortId(running.containerId)}`);
  if (checks.includes('names') && records.namesOf(image.id).length > 0)
    return fail(false, 'must be forced', 'image is referenced in multiple repositories');
  const stopped = users.find((user) => !user.running);
  if (checks.includes('stopped') && stopped !== undefined)
    return fail(true, 'must be forced', `image is being used by stopped container ${shortId(stopped.containerId)}`);
  return null;
}

// One name, or one tag with digests of the same repository only.
function isSingleReference(names: readonly Reference[]): boolean {
  if (names.length <= 1) return true;
  const repositories = new Set(names.map((name) => `${name.domain}/${name.path}`));
  return repositories.size === 1 && names.filter((name) => name.digest === undefined).length <= 1;
}

/** Removes images nobody needs; one that turns out to be used is left. Reports what went (moby daemon/images/image_prune.go). */
export async function pruneImages(
  stores: Stores,
  options: { readonly all: boolean; readonly accepts: (image: Image) => boolean; readonly usedBy: (id: Digest) => readonly ImageUser[] },
): Promise<{ readonly removed: readonly ImageRemoval[]; readonly reclaimed: number }> {
  const { records } = stores;
  const removed: ImageRemoval[] = [];
  let reclaimed = 0;
  const candidates = records.list().filter((image) => {
    const names = records.namesOf(image.id);
    if (names.length === 0 ? records.childrenOf(image.id).length > 0 : !options.all && names.some((name) => name.digest === undefined))
      return false;
    return options.usedBy(image.id).length === 0 && options.accepts(image);
  });
  for (const image of candidates) {
    const names = records.namesOf(image.id);
    for (const words of names.length === 0 ? [image.id] : names.map(formatFamiliar)) {
      try {
        const result = await removeImage(stores, words, { force: false, prune: true, usedBy: options.usedBy });
        removed.push(...result.removals);
        reclaimed += result.reclaimed;
      } catch (error) {
        if (!isEngineError(error, 'Conflict') && !isEngineError(error, 'NotFound')) throw error;
      }
    }
  }
  return { removed, reclaimed };
}
