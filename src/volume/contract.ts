/** A directory that outlives containers. */
export interface Volume {
  readonly name: string;
  /** Only `local` so far. */
  readonly driver: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly createdAt: Date;
  /** Made without a name: `rm -v` and a plain `volume prune` take it. */
  readonly anonymous: boolean;
  /** On the host, `<data-root>/volumes/<name>/_data`. */
  readonly mountpoint: string;
}

export interface CreateVolumeRequest {
  /** '' for a made-up one of 64 hex digits. */
  readonly name: string;
  readonly driver: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
}

/** Named directories, each a row and `<root>/<name>/_data`. The row decides: a directory without one is swept. */
export interface VolumeStore {
  /**
   * Makes the volume, or returns the one that has the name already.
   * @throws {EngineError} InvalidArgument, for a bad name; NotFound, for an unknown driver; Conflict, when it is there with another driver.
   */
  create(request: CreateVolumeRequest): Volume;
  find(name: string): Volume | undefined;
  /** @throws {EngineError} NotFound `get x: no such volume`. */
  get(name: string): Volume;
  list(): readonly Volume[];
  /** Row first, then the directory. @throws {EngineError} NotFound. */
  remove(name: string): Promise<void>;
  /** Bytes on disk; walks it. */
  usage(name: string): Promise<number>;
  /** Deletes directories that no row names. */
  sweep(): void;
}
