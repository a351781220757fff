export type * from './contract.ts';
export { openVolumeStore } from './volume-store.ts';
