import type { TarLimits } from './tar-parser.ts';

/**
 * What `.wh.` names mean while a tar is unpacked: `overlay` makes them 0/0 devices and opaque marks, `delete` removes what they name
 * (for a driver that copies), `bottom` drops them (nothing is below), `literal` takes them as file names (docker cp).
 */
export type WhiteoutMode = 'overlay' | 'delete' | 'bottom' | 'literal';

export interface ApplyTarOptions {
  readonly signal: AbortSignal;
  readonly whiteouts: WhiteoutMode;
  /** Whether to tell the digest (default yes): it is a third of the work. */
  readonly hash?: boolean;
  readonly limits?: TarLimits;
}

export interface AppliedTar {
  /** `sha256:…` of every byte of the stream; empty when not asked for. */
  readonly digest: string;
  /** Sum of the regular files' bytes. */
  readonly size: number;
  readonly entries: number;
  /** Directories the tar did not name but needed, without leading slash; made root:root 0755. */
  readonly impliedDirectories: readonly string[];
}

export interface UntarOptions {
  readonly signal: AbortSignal;
  /** Refuse to put a file where a directory is and the other way round. */
  readonly noOverwriteDirNonDir: boolean;
  /** Owner of everything unpacked; absent: as the tar says. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/** What `HEAD /containers/{id}/archive` tells of a path. */
export interface PathStat {
  readonly name: string;
  readonly size: number;
  /** st_mode of stat(2). */
  readonly mode: number;
  readonly mtime: Date;
  /** RFC 3339 with nanoseconds, as Go prints it. */
  readonly mtimeText: string;
  /** For a symlink: where it leads inside the root, absolute; else empty. */
  readonly linkTarget: string;
}

/** One line of `docker diff`. */
export interface PathChange {
  readonly kind: 'modified' | 'added' | 'deleted';
  /** Absolute inside the root. */
  readonly path: string;
}
