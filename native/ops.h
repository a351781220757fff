// ops.h - the op list: codes, fields and wire layout. src/runtime/ops.ts is its mirror; a test compares the two.
//
// An op list is a file (a memfd from the engine, or a plain file for `launcher run`):
//   u32 magic, u32 version, u32 count, u32 size (of it all, in bytes), then `count` ops one after the other.
// An op is u32 code, u32 length (of its fields, in bytes), then its fields in the order of its signature:
//   u  u32                                   U  u64 (4-aligned)
//   f  i32, a slot of the list's descriptor table (the request's descriptors, in their order); -1 is none
//   s  u32 length, bytes, NUL, zeros up to a multiple of 4; no NUL within
//   b  as s, and may hold NULs               S  u32 count, then that many s
// Numbers are little-endian. Whatever does not fit this exactly is refused before anything runs.
//
// Ops before CLONE run in the monitor, the rest in the container's process. Paths are those of the host until PIVOT, but
// after ROOT the *targets* (of MOUNT, ATTRIBUTES, MASK, READONLY, MKDIR, MKNOD, SYMLINK, TERMINAL) are resolved inside the root:
// symlinks and `..` in them cannot leave it.
#ifndef BERTH_OPS_H
#define BERTH_OPS_H

#define OPS_MAGIC 0x48545242u // "BRTH"
#define OPS_VERSION 1u
#define OPS_MAX_SIZE (8u << 20)
#define OPS_MAX_COUNT 4096u
#define OPS_MAX_SLOTS 64

// OP(NAME, code, signature)                  fields
#define OPS(OP) \
  OP(MONITOR, 1, "ssuffffff")    /* runDirectory oomFile stdio(0 inherit, 1 pipes, 2 terminal; +256: see below) stdinRead stdinWrite stdoutRead stdoutWrite stderrRead stderrWrite */ \
  OP(CLONE, 2, "ufSS")           /* flags cgroup procWrites(file, text, ...) cgroupProcs */ \
  OP(SETNS, 3, "sfu")            /* path descriptor flags */ \
  OP(UNSHARE, 4, "u")            /* flags */ \
  OP(WRITE, 5, "sbu")            /* path bytes optional */ \
  OP(ROOT, 6, "s")               /* path */ \
  OP(PIVOT, 7, "")               \
  OP(CHROOT, 8, "")              \
  OP(MOUNT, 9, "sssSuuuufff")    /* type source target options attributesSet attributesClear propagation flags tree idmap into */ \
  OP(ATTRIBUTES, 10, "suuuu")    /* path attributesSet attributesClear propagation flags */ \
  OP(MASK, 11, "s")              /* path */ \
  OP(READONLY, 12, "s")          /* path */ \
  OP(MKDIR, 13, "suuu")          /* path mode uid gid */ \
  OP(MKNOD, 14, "suuuuu")        /* path mode major minor uid gid */ \
  OP(SYMLINK, 15, "ss")          /* target path */ \
  OP(HOSTNAME, 16, "s")          /* name */ \
  OP(DOMAINNAME, 17, "s")        /* name */ \
  OP(RLIMIT, 18, "uUU")          /* resource soft hard */ \
  OP(LOOPBACK, 19, "")           \
  OP(USER, 20, "suuS")           /* user uid gid groups */ \
  OP(UMASK, 21, "u")             /* mask */ \
  OP(BOUNDING, 22, "U")          /* capabilities */ \
  OP(CAPABILITIES, 23, "UUUU")   /* effective permitted inheritable ambient */ \
  OP(NO_NEW_PRIVILEGES, 24, "")  \
  OP(SECCOMP, 25, "ub")          /* flags program */ \
  OP(KEYRING, 26, "s")           /* name */ \
  OP(SESSION, 27, "")            \
  OP(TERMINAL, 28, "suu")        /* console rows columns */ \
  OP(CHDIR, 29, "s")             /* path */ \
  OP(WAIT, 30, "u")              /* point */ \
  OP(HOOK, 31, "sSSbu")          /* path args env input timeoutMs */ \
  OP(IDMAP, 32, "fss")           /* slot uidMap gidMap */ \
  OP(PERSONALITY, 33, "u")       /* domain */ \
  OP(EXEC, 34, "SSu")            /* args env init */ \
  OP(LOOKUP, 35, "SS")           /* args env */

enum {
#define OP(name, code, signature) OP_##name = code,
  OPS(OP)
#undef OP
};

// MONITOR's stdio + MONITOR_LEAVES: the monitor goes once the program runs; its process is then the nearest subreaper's (OCI runtimes: conmon, a shim).
#define MONITOR_LEAVES 256u

// MOUNT and ATTRIBUTES flags
enum {
  MOUNT_CREATE_DIRECTORY = 1, // make a missing target (and its parents) a directory
  MOUNT_CREATE_FILE = 2,      // … an empty file
  MOUNT_NO_SYMLINKS = 4,      // refuse a symlink anywhere in the target
  MOUNT_BIND = 8,             // `source` is a path to bind, not a new filesystem
  MOUNT_RECURSIVE = 16,       // bind what is mounted below as well
  MOUNT_ATTRIBUTES_RECURSIVE = 32,
  MOUNT_KEEP_MODE = 128,      // a new filesystem's root takes the mode of the directory it covers
  MOUNT_COPY_UP = 256,        // a new filesystem begins with a copy of what the directory it covers holds
  MOUNT_OPTIONAL = 64,        // a missing source or target, or a filesystem the kernel lacks, is no error
};

// The request to the zygote: one SOCK_SEQPACKET message of this, with descriptors: the connection, the op list, then slots 0, 1, …
struct launch_request { unsigned magic, version; };

// Client to monitor: fixed 16 bytes.
enum { VERB_STATUS = 1, VERB_ACKNOWLEDGE, VERB_CONTINUE, VERB_SIGNAL, VERB_CLOSE_STDIN, VERB_STDIO, VERB_RELEASE, VERB_WATCH };
struct verb { unsigned verb, a, b, c; };
// WATCH asks once for a READY with those of these bits that are: there is something to read (or the end), or room to write.
enum { WATCH_STDOUT = 1, WATCH_STDERR = 2, WATCH_STDIN = 4 };

// Monitor to client: this, then `length` bytes of text (FAILED: the path or word it is about).
enum { EVENT_CREATED = 1, EVENT_HELD, EVENT_STARTED, EVENT_FAILED, EVENT_EXITED, EVENT_STATUS, EVENT_STDIO, EVENT_READY };
struct event {
  unsigned event, length;
  int pid;                    // CREATED, STARTED, STATUS: on the host
  int step;                   // FAILED: index of the op, -1 before the first; HELD: the point; STATUS: 0 setting up, 1 running, 2 ended
  int error;                  // FAILED: errno; EXITED: exit code, or 128 + signal
  int signal;                 // EXITED: 0 for none
  unsigned flags;             // EXITED: 1 OOM-killed; STATUS, STDIO: 1 terminal, 2 stdin is open; READY: WATCH_…
  unsigned reserved;
  unsigned long long time;    // STARTED, STATUS: start; EXITED: end; nanoseconds since 1970
};
#endif
