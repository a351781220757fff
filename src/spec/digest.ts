import { createHash } from 'node:crypto';
import { EngineError } from '../base/index.ts';

declare const digestBrand: unique symbol;

/** `sha256:` + 64 lower-case hex digits. Only `parseDigest` and `digestOf` make one. OCI image-spec v1.1.1, descriptor.md#digests. */
export type Digest = string & { readonly [digestBrand]: 'Digest' };

const pattern = /^sha256:[0-9a-f]{64}$/;

/** @throws {EngineError} InvalidArgument, when `text` is not a sha256 digest. */
export function parseDigest(text: string): Digest {
  if (!pattern.test(text)) throw new EngineError('InvalidArgument', `invalid digest: ${JSON.stringify(text.slice(0, 100))}`);
  return text as Digest;
}

/** Whether `text` has the form of a digest. */
export function isDigest(text: string): text is Digest {
  return pattern.test(text);
}

/** The digest of bytes at hand. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

/** The 64 hex digits of a digest. */
export function digestHex(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

/**
 * The id of a stack of layers: the bottom layer's diffID, then sha256 of `parent + " " + diffID`.
 * OCI image-spec v1.1.1, config.md#layer-chainid.
 */
export function chainId(parent: Digest | null, diffId: Digest): Digest {
  return parent === null ? diffId : digestOf(`${parent} ${diffId}`);
}
