import { EngineError } from '../base/index.ts';
import { formatFamiliar, isDigest, parseReference, withDefaultTag, withDigest, type Reference } from '../spec/index.ts';
import type { Image } from './contract.ts';
import type { ImageRecords } from './records.ts';

/**
 * The image `words` mean: id, `sha256:` id, name with tag or digest, or unambiguous start of an id (moby daemon/images/image.go, `GetImage`).
 * @throws {EngineError} NotFound `No such image: x:latest`; InvalidArgument, `invalid reference format` or for an ambiguous id.
 */
export function resolveImage(records: ImageRecords, words: string): Image {
  const full = words.startsWith('sha256:') ? words : `sha256:${words}`;
  if (isDigest(full)) {
    const image = records.get(full);
    if (image === undefined) throw noSuchImage(full);
    return image;
  }
  const reference = parseOrPrefix(words);
  if (reference !== null) {
    const named = namedImage(records, reference);
    if (named !== undefined) return named;
  }
  const found = byPrefix(records, words);
  if (found !== undefined) return found;
  throw noSuchImage(reference === null ? words : formatFamiliar(withDefaultTag(reference)));
}

/** Whether `words` are the start of an image's id, so mean the image and not one of its names. */
export function isIdPrefix({ id }: Image, words: string): boolean {
  return id.startsWith(words) || id.slice('sha256:'.length).startsWith(words);
}

export function noSuchImage(words: string): EngineError {
  return new EngineError('NotFound', `No such image: ${words}`);
}

// `sha256:abc` is the start of an id, and a repository called sha256 cannot have tags: `tag` refuses it.
function parseOrPrefix(words: string): Reference | null {
  return /^sha256:[0-9a-f]{1,63}$/.test(words) ? null : parseReference(words);
}

function namedImage(records: ImageRecords, reference: Reference): Image | undefined {
  const { digest } = reference;
  if (digest === undefined) {
    const id = records.named(withDefaultTag(reference));
    return id === undefined ? undefined : records.get(id);
  }
  const id = records.named(withDigest(reference, digest));
  if (id !== undefined) return records.get(id);
  // A digest may also be the id or the manifest of an image that has a name in that repository.
  const candidates = records.namesIn(reference).filter((name) => reference.tag === undefined || name.reference.tag === reference.tag);
  return candidates.map((name) => records.get(name.id)).find((image) => image?.manifest === digest || image?.id === digest);
}

function byPrefix(records: ImageRecords, words: string): Image | undefined {
  const hex = words.startsWith('sha256:') ? words.slice('sha256:'.length) : words;
  if (!/^[0-9a-f]{1,63}$/.test(hex)) return undefined;
  const found = records.list().filter((image) => image.id.startsWith(`sha256:${hex}`));
  if (found.length > 1) throw new EngineError('InvalidArgument', `ambiguous image id: ${words} matches ${found.length} images`);
  return found[0];
}
