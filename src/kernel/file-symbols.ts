import { dlopen, type Pointer } from 'bun:ffi';

/** The calls of libc that work on files, as bun:ffi sees them. Opening costs about 8 ms once per process, less after. */
export function openFileSymbols() {
  return dlopen('libc.so.6', {
    open: { args: ['ptr', 'i32', 'u32'], returns: 'i32' },
    openat: { args: ['i32', 'ptr', 'i32', 'u32'], returns: 'i32' },
    syscall: { args: ['i64', 'i64', 'ptr', 'ptr', 'i64'], returns: 'i32' },
    close: { args: ['i32'], returns: 'i32' },
    read: { args: ['i32', 'ptr', 'u32'], returns: 'i32' },
    write: { args: ['i32', 'ptr', 'u32'], returns: 'i32' },
    pwrite64: { args: ['i32', 'ptr', 'u32', 'i64'], returns: 'i32' },
    ftruncate64: { args: ['i32', 'i64'], returns: 'i32' },
    lseek64: { args: ['i32', 'i64', 'i32'], returns: 'i64' },
    mkdir: { args: ['ptr', 'u32'], returns: 'i32' },
    rmdir: { args: ['ptr'], returns: 'i32' },
    rename: { args: ['ptr', 'ptr'], returns: 'i32' },
    unlink: { args: ['ptr'], returns: 'i32' },
    symlink: { args: ['ptr', 'ptr'], returns: 'i32' },
    linkat: { args: ['i32', 'ptr', 'i32', 'ptr', 'i32'], returns: 'i32' },
    mknod: { args: ['ptr', 'u32', 'u64'], returns: 'i32' },
    readlink: { args: ['ptr', 'ptr', 'u32'], returns: 'i32' },
    fchown: { args: ['i32', 'u32', 'u32'], returns: 'i32' },
    lchown: { args: ['ptr', 'u32', 'u32'], returns: 'i32' },
    fchmod: { args: ['i32', 'u32'], returns: 'i32' },
    chmod: { args: ['ptr', 'u32'], returns: 'i32' },
    futimens: { args: ['i32', 'ptr'], returns: 'i32' },
    utimensat: { args: ['i32', 'ptr', 'ptr', 'i32'], returns: 'i32' },
    statx: { args: ['i32', 'ptr', 'i32', 'u32', 'ptr'], returns: 'i32' },
    llistxattr: { args: ['ptr', 'ptr', 'u32'], returns: 'i32' },
    lgetxattr: { args: ['ptr', 'ptr', 'ptr', 'u32'], returns: 'i32' },
    lsetxattr: { args: ['ptr', 'ptr', 'ptr', 'u32', 'i32'], returns: 'i32' },
    umask: { args: ['u32'], returns: 'u32' },
    unshare: { args: ['i32'], returns: 'i32' },
    chroot: { args: ['ptr'], returns: 'i32' },
    chdir: { args: ['ptr'], returns: 'i32' },
    mount: { args: ['ptr', 'ptr', 'ptr', 'u64', 'ptr'], returns: 'i32' },
    umount2: { args: ['ptr', 'i32'], returns: 'i32' },
    fchdir: { args: ['i32'], returns: 'i32' },
    __errno_location: { args: [], returns: 'ptr' },
    strerror: { args: ['i32'], returns: 'cstring' },
  }).symbols;
}

export type FileSymbols = ReturnType<typeof openFileSymbols>;
export type { Pointer };
