export { bootstrapDebian, type BootstrapRequest } from './bootstrap.ts';
export { applyChanges } from './changes.ts';
export type {
  CreateImageRequest,
  Image,
  ImageHistoryRow,
  ImageProgress,
  ImageRemoval,
  ImageStore,
  ImageUser,
  ImportRequest,
  LoadedImage,
} from './contract.ts';
export { ensureHelloWorld, seedHelloWorld } from './hello-world.ts';
export type { ImageBlobs } from './layer-blob.ts';
export { openImageStore, type ImageStoreOptions, type RoomImageStore } from './open-image-store.ts';
