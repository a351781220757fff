import { errno, fileTypes, getXattr, listXattrs, openFlags, type FileCalls, type FileStat } from '../kernel/index.ts';
import { ChunkPacker } from './chunk-packer.ts';
import { type RootView, thisDirectory } from './root-view.ts';
import { encodeTarHeader, paddingBytes, tarTrailer } from './tar-encode.ts';
import type { TarHeaderToWrite } from './tar-header.ts';
import { joinPaths } from './tar-path.ts';
import { bytesToText } from './text.ts';
import { isOverlayXattr, opaqueName, opaqueXattr, whiteoutName } from './whiteouts.ts';

export interface TreeReaderOptions {
  /** Whether 0/0 devices and opaque marks become OCI whiteouts. */
  readonly whiteouts: boolean;
  /** What entry names start with, without a trailing slash; empty: the top directory itself gets no entry. */
  readonly prefix: Uint8Array;
  /** Mount points to go into, as paths of the view without leading slash; others are empty directories and files. Undefined: all. */
  readonly crossInto?: ReadonlySet<string>;
}

type Chunks = Generator<Uint8Array<ArrayBuffer>, void, void>;

interface Level {
  readonly path: Uint8Array;
  readonly names: readonly Uint8Array[];
  next: number;
}

/**
 * The tar of a tree as a generator of large chunks: depth first, names sorted by bytes, later names of one inode as hard links, times in
 * whole seconds and no user names as Docker's layers have them. Sockets and what vanishes meanwhile are left out.
 */
export class TreeReader {
  readonly #view: RootView;
  readonly #calls: FileCalls;
  readonly #options: TreeReaderOptions;
  readonly #packer = new ChunkPacker();
  readonly #links = new Map<string, Uint8Array>();

  constructor(view: RootView, options: TreeReaderOptions) {
    this.#view = view;
    this.#calls = view.calls;
    this.#options = options;
  }

  /** Everything below directory `top`, a clean path of the view. */
  *directory(top: Uint8Array): Chunks {
    this.#view.enter(top);
    if (this.#options.prefix.length > 0) yield* this.#entry(thisDirectory, this.#options.prefix);
    const levels: Level[] = [{ path: new Uint8Array(0), names: this.#names(), next: 0 }];
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      const name = level.names[level.next++];
      if (name === undefined) {
        levels.pop();
        continue;
      }
      if (!this.#view.enterIfThere(joinPaths(top, level.path))) continue;
      const path = joinPaths(level.path, name);
      const mountPoint = this.#isClosedMount(joinPaths(top, path), name);
      const isDirectory = yield* this.#entry(name, joinPaths(this.#options.prefix, path), mountPoint);
      if (!isDirectory || mountPoint || !this.#view.enterIfThere(joinPaths(top, path))) continue;
      levels.push({ path, names: this.#names(), next: 0 });
    }
    yield* this.#finish();
  }

  /** The one file, link or device `name` of directory `parent`. */
  *single(parent: Uint8Array, name: Uint8Array): Chunks {
    this.#view.enter(parent);
    yield* this.#entry(name, this.#options.prefix);
    yield* this.#finish();
  }

  *#finish(): Chunks {
    yield* this.#packer.put(tarTrailer());
    yield* this.#packer.rest();
  }

  #isClosedMount(path: Uint8Array, name: Uint8Array): boolean {
    const { crossInto } = this.#options;
    return crossInto !== undefined && !crossInto.has(bytesToText(path)) && this.#calls.lstat(name)?.mountRoot === true;
  }

  #names(): Uint8Array[] {
    return this.#view.list().sort((a, b) => Buffer.compare(a, b));
  }

  // Tells whether it was a directory.
  *#entry(name: Uint8Array, as: Uint8Array, empty = false): Generator<Uint8Array<ArrayBuffer>, boolean, void> {
    const stat = this.#calls.lstat(name);
    if (stat === null) return false;
    const type = stat.mode & fileTypes.mask;
    if (this.#options.whiteouts && type === fileTypes.char && stat.rdevMajor === 0 && stat.rdevMinor === 0) {
      yield* this.#packer.put(encodeTarHeader({ type: 'file', name: siblingOf(as, whiteoutName(name)), mode: 0o600, ...timeOf(stat) }));
      return false;
    }
    const first = stat.nlink > 1 && type !== fileTypes.directory ? this.#linked(stat, as) : null;
    const common = { name: as, mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid, ...timeOf(stat) };
    if (first !== null) {
      yield* this.#packer.put(encodeTarHeader({ type: 'hardlink', ...common, linkName: first }));
      return false;
    }
    const xattrs = this.#xattrs(name);
    if (type === fileTypes.file) yield* this.#file(name, { type: 'file', ...common, xattrs }, empty ? 0 : stat.size);
    else if (type !== fileTypes.socket) yield* this.#packer.put(this.#headerOf(type, name, { ...common, xattrs }, stat));
    if (type !== fileTypes.directory) return false;
    if (this.#options.whiteouts && Buffer.from(getXattr(this.#calls, name, opaqueXattr) ?? []).toString() === 'y') {
      yield* this.#packer.put(encodeTarHeader({ type: 'file', name: joinPaths(as, opaqueName), mode: 0o600, ...timeOf(stat) }));
    }
    return true;
  }

  #headerOf(type: number, name: Uint8Array, common: Omit<TarHeaderToWrite, 'type'>, stat: FileStat): Uint8Array {
    const device = { deviceMajor: stat.rdevMajor, deviceMinor: stat.rdevMinor };
    if (type === fileTypes.directory) return encodeTarHeader({ type: 'directory', ...common });
    if (type === fileTypes.symlink)
      return encodeTarHeader({ type: 'symlink', ...common, linkName: this.#calls.readlink(name) ?? new Uint8Array(0) });
    if (type === fileTypes.char) return encodeTarHeader({ type: 'char', ...common, ...device });
    if (type === fileTypes.block) return encodeTarHeader({ type: 'block', ...common, ...device });
    return encodeTarHeader({ type: 'fifo', ...common });
  }

  *#file(name: Uint8Array, header: TarHeaderToWrite, size: number): Chunks {
    const fd = this.#calls.open(name, openFlags.read | openFlags.noFollow | openFlags.nonBlock);
    if (fd === -errno.ENOENT || fd === -errno.ELOOP) return;
    this.#view.must(fd, 'open', name);
    try {
      yield* this.#packer.put(encodeTarHeader({ ...header, size }));
      // The header has promised `size` bytes: what a shrinking file no longer has is sent as zeros, as GNU tar does.
      let left = size;
      while (left > 0) {
        const got = this.#view.must(
          this.#packer.fill((into, at, room) => this.#calls.read(fd, into, at, Math.min(room, left))),
          'read',
          name,
        );
        if (got === 0) break;
        left -= got;
        yield* this.#packer.full();
      }
      yield* this.#packer.zeros(left + paddingBytes(size));
    } finally {
      this.#calls.close(fd);
    }
  }

  // The name under which this inode came already; remembers it otherwise.
  #linked(stat: FileStat, as: Uint8Array): Uint8Array | null {
    const key = `${stat.deviceMajor}:${stat.deviceMinor}:${stat.ino}`;
    const first = this.#links.get(key);
    if (first === undefined) this.#links.set(key, as);
    return first ?? null;
  }

  #xattrs(name: Uint8Array): ReadonlyMap<string, Uint8Array> {
    const found = new Map<string, Uint8Array>();
    for (const key of listXattrs(this.#calls, name)) {
      if (key !== 'security.capability' && (!key.startsWith('user.') || isOverlayXattr(key))) continue;
      const value = getXattr(this.#calls, name, key);
      if (value !== null) found.set(key, value);
    }
    return found;
  }
}

function timeOf(stat: FileStat): { readonly mtimeSeconds: number } {
  return { mtimeSeconds: stat.mtimeSeconds };
}

function siblingOf(path: Uint8Array, name: Uint8Array): Uint8Array {
  return joinPaths(path.subarray(0, Math.max(path.lastIndexOf(0x2f), 0)), name);
}
