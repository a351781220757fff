export { mediaTypes, type Descriptor } from './descriptor.ts';
export { chainId, digestHex, digestOf, isDigest, parseDigest, type Digest } from './digest.ts';
export { parseImageConfig, parseImageIndex, parseImageManifest, parseJson } from './image-json.ts';
export type { Mount } from './mount.ts';
export type { HealthConfig, HistoryEntry, ImageConfig, ImageExecutionConfig, ImageIndex, ImageManifest } from './oci-image.ts';
export type * from './oci-runtime.ts';
export { formatPlatform, hostPlatform, parsePlatform, platformFit, type Platform } from './platform.ts';
export {
  familiarName,
  formatFamiliar,
  formatReference,
  parseReference,
  withDefaultTag,
  withDigest,
  withoutTag,
  withTag,
  type Reference,
} from './reference.ts';
export type * from './docker/index.ts';
