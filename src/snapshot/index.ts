export type { AppliedLayer, CommittedSnapshot, LayerToApply, SnapshotDirectories, SnapshotStore } from './contract.ts';
export type { PathChange } from '../archive/index.ts';
export { openSnapshotStore } from './open-snapshot-store.ts';
export { DirectorySnapshotStore } from './store.ts';
export type { TemporaryMount } from './temporary-mounts.ts';
