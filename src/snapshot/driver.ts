import type { WhiteoutMode } from '../archive/index.ts';
import type { Mount } from '../spec/index.ts';

/** Directories of a stack of snapshots. */
export interface Stack {
  /** Writable layer; null for a read-only view. */
  readonly top: { readonly upper: string; readonly work: string } | null;
  /** Committed layers' trees, top first. */
  readonly lower: readonly string[];
}

/** What differs between file systems: how a stack of layers becomes one root. The store keeps names, directories and rubbish. */
export interface SnapshotDriver {
  /** Docker's word for it. */
  readonly name: 'overlay2' | 'vfs';
  /** Layers are unpacked without what is below them. */
  readonly apart: boolean;
  /** How a layer tar's whiteouts are kept. */
  whiteouts(bottom: boolean): WhiteoutMode;
  /** Fills the new directory `to` of a snapshot that stands on `lower`, before anything is written to it. */
  seed(lower: readonly string[], to: string, options: { readonly signal: AbortSignal }): Promise<void>;
  /** The mounts that show a stack. */
  mounts(stack: Stack): readonly Mount[];
  /**
   * The changes of a snapshot's tree over `lower` as an overlay upper directory: its own one, or one made for the purpose at `scratch`
   * (a name that is free), which the caller removes.
   */
  changesDirectory(upper: string, lower: readonly string[], scratch: string, options: { readonly signal: AbortSignal }): Promise<string>;
}
