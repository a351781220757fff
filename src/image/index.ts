export { bootstrapDebian, type BootstrapRequest } from './bootstrap.ts';
export { applyChanges } from './changes.ts';
export type {
  CreateImageRequest,
  Image,
  ImageBlobs,
  ImageHistoryRow,
  ImageProgress,
  ImageRemoval,
  ImageStore,
  ImageUser,
  ImportRequest,
  LoadedImage,
  RemoteImage,
} from './contract.ts';
export { ensureHelloWorld, seedHelloWorld } from './hello-world.ts';
export { openImageStore, type ImageStoreOptions, type RoomImageStore } from './open-image-store.ts';
