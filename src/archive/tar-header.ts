/** What a tar entry makes. `other` is a type flag this reader has no word for; its body can be read or skipped. */
export type TarEntryType = 'file' | 'hardlink' | 'symlink' | 'char' | 'block' | 'directory' | 'fifo' | 'other';

/** A run of stored bytes in a sparse file; everything between runs reads as zeros. */
export interface SparseExtent {
  readonly offset: number;
  readonly length: number;
}

/**
 * One entry of a tar, whatever dialect said it: POSIX ustar and pax (pubs.opengroup.org, pax, "ustar Interchange Format"), GNU tar 1.34,
 * v7. Names are as the archive has them: not cleaned, not checked against `..`.
 */
export interface TarHeader {
  readonly type: TarEntryType;
  /** The type flag byte as a character, for `other`. */
  readonly typeFlag: string;
  readonly name: string;
  /** The name's own bytes: they differ from `name` where it is not UTF-8. */
  readonly nameBytes: Uint8Array;
  /** Target of a symlink or hard link, else empty. */
  readonly linkName: string;
  readonly linkNameBytes: Uint8Array;
  /** Permission bits with set-id and sticky, 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly userName: string;
  readonly groupName: string;
  /** Bytes of the body once unpacked, holes and all; 0 for what can have none. */
  readonly size: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanos: number;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
  /** The runs that are stored, for a sparse file; null for all others. */
  readonly sparse: readonly SparseExtent[] | null;
}

/** What a tar to be written says of an entry; the rest is 0, empty or absent. */
export interface TarHeaderToWrite {
  readonly type: Exclude<TarEntryType, 'other'>;
  readonly name: string | Uint8Array;
  readonly linkName?: string | Uint8Array;
  /** Default 0o644 for files, 0o755 for directories, 0o777 for symlinks. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly userName?: string;
  readonly groupName?: string;
  readonly size?: number;
  readonly mtimeSeconds?: number;
  readonly mtimeNanos?: number;
  readonly deviceMajor?: number;
  readonly deviceMinor?: number;
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
}
