import { EngineError } from '../base/index.ts';
import { errno, fileTypes, openFlags, setXattr, type FileCalls } from '../kernel/index.ts';
import { removeTree } from './remove-tree.ts';
import { type RootView, thisDirectory } from './root-view.ts';
import type { WhiteoutMode } from './root-jobs.ts';
import type { TarHeader } from './tar-header.ts';
import type { TarSink } from './tar-parser.ts';
import { cleanPath, joinPaths, sameBytes, splitPath } from './tar-path.ts';
import { bytesToText } from './text.ts';
import { isOverlayXattr, opaqueXattr, opaqueYes, whiteoutKind } from './whiteouts.ts';

export interface TreeWriterOptions {
  readonly whiteouts: WhiteoutMode;
  readonly noOverwriteDirNonDir: boolean;
  readonly owner: { readonly uid: number; readonly gid: number } | null;
}

/** The file whose body is passing. */
interface OpenFile {
  readonly fd: number;
  readonly name: Uint8Array;
  readonly header: TarHeader;
  position: number;
}

const createFlags = openFlags.write | openFlags.create | openFlags.exclusive | openFlags.noFollow;

/**
 * Makes what a tar says below a root view's base, with as few calls as an entry allows: a file of root costs open, write, futimens, close.
 * What is in the way of an entry is replaced; directories are merged. Directories get their times in `finish`. Umask must be 0.
 */
export class TreeWriter implements TarSink {
  size = 0;
  entries = 0;
  readonly #view: RootView;
  readonly #calls: FileCalls;
  readonly #options: TreeWriterOptions;
  readonly #directories: Array<{ readonly path: Uint8Array; readonly seconds: number; readonly nanos: number }> = [];
  // Only for whiteouts that delete: what this archive itself made must stay.
  readonly #made = new Set<string>();
  #file: OpenFile | null = null;

  constructor(view: RootView, options: TreeWriterOptions) {
    this.#view = view;
    this.#calls = view.calls;
    this.#options = options;
  }

  entry(header: TarHeader): void {
    this.entries++;
    const path = cleanPath(header.nameBytes);
    const { parent, name } = splitPath(path);
    const { whiteouts } = this.#options;
    if (path.length === 0) return this.#base(header);
    if (whiteouts !== 'literal') {
      const kind = whiteoutKind(name);
      if (kind !== 'none') return this.#whiteout(kind, parent, name);
    }
    if (header.type === 'other' && header.typeFlag === 'V') return;
    this.#view.enter(parent);
    if (whiteouts === 'delete') this.#remember(path);
    if (header.type === 'file') this.#createFile(header, name, path);
    else if (header.type === 'directory') this.#createDirectory(header, name, path);
    else this.#createOther(header, name, path);
  }

  body(bytes: Uint8Array, offset: number): void {
    const file = this.#file;
    if (file === null) return;
    if (offset !== file.position) this.#view.must(this.#calls.seek(file.fd, offset, 0), 'lseek', file.header.nameBytes);
    this.#view.must(this.#calls.write(file.fd, bytes), 'write', cleanPath(file.header.nameBytes));
    file.position = offset + bytes.length;
  }

  entryEnd(): void {
    const file = this.#file;
    if (file === null) return;
    const { header, fd, name } = file;
    if (file.position < header.size) this.#view.must(this.#calls.truncate(fd, header.size), 'truncate', cleanPath(header.nameBytes));
    // After the last write: writing drops file capabilities.
    this.#setXattrs(header, name);
    this.#calls.futimes(fd, header.mtimeSeconds, header.mtimeNanos);
    this.close();
  }

  /** Gives directories their times, which making files in them has changed. */
  finish(): void {
    for (const { path, seconds, nanos } of this.#directories) {
      const { parent, name } = splitPath(path);
      if (path.length === 0) {
        this.#view.enter(path);
        this.#calls.lutimes(thisDirectory, seconds, nanos);
      } else if (this.#view.enterIfThere(parent)) {
        const stat = this.#calls.lstat(name);
        if (stat !== null && (stat.mode & fileTypes.mask) === fileTypes.directory) this.#calls.lutimes(name, seconds, nanos);
      }
    }
  }

  /** Closes the file at hand, whole or not. */
  close(): void {
    if (this.#file !== null) this.#calls.close(this.#file.fd);
    this.#file = null;
  }

  // The archive's `./`: the root takes its owner, mode and times, but docker cp leaves the directory it copies into alone.
  #base(header: TarHeader): void {
    if (header.type !== 'directory' || this.#options.whiteouts === 'literal') return;
    this.#view.enter(new Uint8Array(0));
    this.#own(header, thisDirectory, true);
    this.#setXattrs(header, thisDirectory);
    this.#directories.push({ path: new Uint8Array(0), seconds: header.mtimeSeconds, nanos: header.mtimeNanos });
  }

  #createFile(header: TarHeader, name: Uint8Array, path: Uint8Array): void {
    let fd = this.#calls.open(name, createFlags, header.mode);
    if (fd === -errno.EEXIST) {
      this.#makeRoom(header, name, path);
      fd = this.#calls.open(name, createFlags, header.mode);
    }
    this.#view.must(fd, 'open', path);
    this.#file = { fd, name: name.slice(), header, position: 0 };
    this.size += header.size;
    const { uid, gid } = this.#options.owner ?? header;
    const owned = uid !== 0 || gid !== 0 || this.#view.setGroupId;
    if (owned) this.#view.must(this.#calls.fchown(fd, uid, gid), 'chown', path);
    if ((owned && (header.mode & 0o6000) !== 0) || this.#options.whiteouts === 'literal') this.#calls.fchmod(fd, header.mode);
  }

  #createDirectory(header: TarHeader, name: Uint8Array, path: Uint8Array): void {
    const mode = header.mode & 0o1777;
    let made = this.#calls.mkdir(name, mode);
    let opaque = false;
    let merged = false;
    if (made === -errno.EEXIST) {
      const stat = this.#calls.lstat(name);
      merged = stat !== null && (stat.mode & fileTypes.mask) === fileTypes.directory;
      if (!merged) {
        // A whiteout of this same archive: what it hid stays hidden below the new directory.
        opaque = this.#options.whiteouts === 'overlay' && stat !== null && isWhiteoutDevice(stat);
        this.#makeRoom(header, name, path);
        made = this.#calls.mkdir(name, mode);
      }
    }
    if (!merged) this.#view.must(made, 'mkdir', path);
    this.#own(header, name, merged);
    this.#setXattrs(header, name);
    if (opaque) this.#setOpaque(name);
    this.#directories.push({ path: path.slice(), seconds: header.mtimeSeconds, nanos: header.mtimeNanos });
  }

  #createOther(header: TarHeader, name: Uint8Array, path: Uint8Array): void {
    let made = this.#make(header, name, path);
    if (made === -errno.EEXIST) {
      if (header.type === 'hardlink' && this.#isSameFile(header, name)) return;
      this.#view.enter(splitPath(path).parent);
      this.#makeRoom(header, name, path);
      made = this.#make(header, name, path);
    }
    if (header.type === 'hardlink') return void this.#view.must(made, `link /${bytesToText(cleanPath(header.linkNameBytes))}`, path);
    this.#view.must(made, header.type === 'symlink' ? 'symlink' : 'mknod', path);
    const { uid, gid } = this.#options.owner ?? header;
    if (uid !== 0 || gid !== 0 || this.#view.setGroupId) this.#view.must(this.#calls.lchown(name, uid, gid), 'chown', path);
    this.#setXattrs(header, name);
    this.#calls.lutimes(name, header.mtimeSeconds, header.mtimeNanos);
  }

  #make(header: TarHeader, name: Uint8Array, path: Uint8Array): number {
    switch (header.type) {
      case 'symlink':
        return this.#calls.symlink(header.linkNameBytes, name);
      case 'hardlink':
        return this.#link(header, name);
      case 'char':
        return this.#calls.mknod(name, fileTypes.char | header.mode, header.deviceMajor, header.deviceMinor);
      case 'block':
        return this.#calls.mknod(name, fileTypes.block | header.mode, header.deviceMajor, header.deviceMinor);
      case 'fifo':
        return this.#calls.mknod(name, fileTypes.fifo | header.mode, 0, 0);
      default:
        throw new EngineError('InvalidArgument', `unhandled tar header type ${header.typeFlag.charCodeAt(0)}: ${bytesToText(path)}`);
    }
  }

  #link(header: TarHeader, name: Uint8Array): number {
    const target = splitPath(cleanPath(header.linkNameBytes));
    const fd = this.#view.openDirectory(target.parent);
    if (fd < 0) return fd;
    try {
      return this.#calls.link(fd, target.name.length === 0 ? thisDirectory : target.name, name);
    } finally {
      this.#calls.close(fd);
    }
  }

  // Replacing a file by a link to itself would lose it.
  #isSameFile(header: TarHeader, name: Uint8Array): boolean {
    const there = this.#calls.lstat(name);
    const target = splitPath(cleanPath(header.linkNameBytes));
    if (!this.#view.enterIfThere(target.parent)) return false;
    const linked = this.#calls.lstat(target.name.length === 0 ? thisDirectory : target.name);
    return there !== null && linked !== null && there.ino === linked.ino && there.deviceMinor === linked.deviceMinor;
  }

  #whiteout(kind: 'opaque' | 'metadata' | 'remove', parent: Uint8Array, name: Uint8Array): void {
    const { whiteouts } = this.#options;
    if (kind === 'metadata' || whiteouts === 'bottom') return;
    if (kind === 'opaque') {
      this.#view.enter(parent);
      if (whiteouts === 'overlay') this.#setOpaque(thisDirectory);
      else this.#emptyBelow(parent);
      return;
    }
    const hidden = name.subarray(4);
    if (hidden.length === 0 || sameBytes(hidden, thisDirectory) || bytesToText(hidden) === '..')
      throw new EngineError('InvalidArgument', `invalid whiteout name: ${bytesToText(joinPaths(parent, name))}`);
    if (whiteouts === 'overlay') {
      this.#view.enter(parent);
      const made = this.#calls.mknod(hidden, fileTypes.char, 0, 0);
      if (made === -errno.EEXIST) this.#setOpaque(hidden);
      else this.#view.must(made, 'mknod', joinPaths(parent, hidden));
    } else if (!this.#made.has(key(joinPaths(parent, hidden))) && this.#view.enterIfThere(parent)) removeTree(this.#calls, hidden);
  }

  // A whiteout says nothing of what its own archive holds: a directory made here goes on without what is below it.
  #setOpaque(name: Uint8Array): void {
    const stat = this.#calls.lstat(name);
    if (stat === null || (stat.mode & fileTypes.mask) !== fileTypes.directory) return;
    this.#view.must(setXattr(this.#calls, name, opaqueXattr, opaqueYes), 'setxattr', name);
  }

  #emptyBelow(directory: Uint8Array): void {
    for (const child of this.#view.list()) {
      const path = joinPaths(directory, child);
      if (this.#made.has(key(path))) {
        const stat = this.#calls.lstat(child);
        if (stat !== null && (stat.mode & fileTypes.mask) === fileTypes.directory) {
          this.#view.enter(path);
          this.#emptyBelow(path);
          this.#view.enter(directory);
        }
      } else removeTree(this.#calls, child);
    }
  }

  #remember(path: Uint8Array): void {
    for (let at = path.indexOf(0x2f); at >= 0; at = path.indexOf(0x2f, at + 1)) this.#made.add(key(path.subarray(0, at)));
    this.#made.add(key(path));
  }

  #makeRoom(header: TarHeader, name: Uint8Array, path: Uint8Array): void {
    const stat = this.#calls.lstat(name);
    if (stat === null) return;
    const directory = (stat.mode & fileTypes.mask) === fileTypes.directory;
    if (this.#options.noOverwriteDirNonDir && directory !== (header.type === 'directory')) {
      const [there, coming] = directory ? ['directory', 'non-directory'] : ['non-directory', 'directory'];
      throw new EngineError('InvalidArgument', `cannot overwrite ${there} "/${bytesToText(path)}" with ${coming} "${header.name}"`);
    }
    if (!directory) this.#calls.unlink(name);
    else removeTree(this.#calls, name);
  }

  #own(header: TarHeader, name: Uint8Array, existed: boolean): void {
    const { uid, gid } = this.#options.owner ?? header;
    const owned = existed || uid !== 0 || gid !== 0 || this.#view.setGroupId;
    if (owned) this.#view.must(this.#calls.lchown(name, uid, gid), 'chown', name);
    const exact = existed || this.#view.setGroupId || (header.mode & 0o6000) !== 0 || this.#options.whiteouts === 'literal';
    if (exact) this.#view.must(this.#calls.chmod(name, header.mode), 'chmod', name);
  }

  // As dockerd: a file system without attributes, or without this kind for us, is no reason to fail.
  #setXattrs(header: TarHeader, name: Uint8Array): void {
    if (header.xattrs.size === 0) return;
    for (const [key, value] of header.xattrs) {
      if (isOverlayXattr(key)) continue;
      const set = setXattr(this.#calls, name, key, value);
      if (set === 0 || set === -errno.EOPNOTSUPP || set === -errno.EPERM) continue;
      this.#view.must(set, `setxattr ${key}`, cleanPath(header.nameBytes));
    }
  }
}

function isWhiteoutDevice(stat: { readonly mode: number; readonly rdevMajor: number; readonly rdevMinor: number }): boolean {
  return (stat.mode & fileTypes.mask) === fileTypes.char && stat.rdevMajor === 0 && stat.rdevMinor === 0;
}

function key(path: Uint8Array): string {
  return Buffer.from(path).toString('latin1');
}
