import { startsWithBytes } from './tar-path.ts';

const prefix = Buffer.from('.wh.');
const metadataPrefix = Buffer.from('.wh..wh.');

/** The name that makes its directory opaque. OCI image-spec v1.1.1, layer.md#opaque-whiteout. */
export const opaqueName = Buffer.from('.wh..wh..opq');

/** What overlayfs reads on a directory that hides everything below it. Documentation/filesystems/overlayfs.rst. */
export const opaqueXattr = 'trusted.overlay.opaque';
export const opaqueYes = Buffer.from('y');

/** What a name in a layer tar means: a removed file, an opaque mark, aufs' own book-keeping, or nothing special. layer.md#whiteouts. */
export function whiteoutKind(name: Uint8Array): 'none' | 'remove' | 'opaque' | 'metadata' {
  if (name[0] !== 0x2e || name[1] !== 0x77 || !startsWithBytes(name, prefix)) return 'none';
  if (!startsWithBytes(name, metadataPrefix)) return 'remove';
  return Buffer.compare(name, opaqueName) === 0 ? 'opaque' : 'metadata';
}

/** The whiteout of a name. */
export function whiteoutName(name: Uint8Array): Uint8Array {
  return Buffer.concat([prefix, name]);
}

/** Attributes overlayfs acts on: one from an archive could show files of other layers, so none is taken or given. */
export function isOverlayXattr(name: string): boolean {
  return name.startsWith('trusted.overlay.') || name.startsWith('user.overlay.');
}
