/**
 * The op list: what the launcher does, step by step, to make a container and start its process. `plan.ts` decides it, `protocol.ts` encodes it,
 * `native/steps.c` obeys it. `native/ops.h` is the mirror of `opLayouts`; a test compares the two.
 *
 * Ops before `clone` run in the monitor (host root), those after it in the container's process. Paths are the host's until `pivot`; but after
 * `root` all *targets* are resolved inside the root (openat2 RESOLVE_IN_ROOT): symlinks and `..` in them cannot leave it. Sources of mounts stay
 * the host's until `pivot`. A usual order:
 *
 *   monitor · setns(pid) · clone · write(cgroup.procs, "0")… · unshare(cgroup) · setns(net…) · attributes("/", rslave) · mount(overlay) · root ·
 *   mounts, mknod, symlink · write(/proc/sys/…) · hostname · loopback · terminal · mkdir(cwd) · mask, readonly · attributes("/", ro) · pivot ·
 *   rlimit · keyring · session · [seccomp when not noNewPrivileges] · chdir · bounding · user · capabilities · [noNewPrivileges · seccomp] · exec
 */
export type Op =
  | MonitorOp
  | CloneOp
  /** Joins a namespace: by `path` (''), or by `descriptor` (a slot; a pidfd may join several at once: `flags` are CLONE_NEW…). Pid: before `clone`. */
  | { readonly op: 'setns'; readonly path: string; readonly descriptor: number; readonly flags: number }
  /** unshare(2); for the cgroup namespace after the cgroups are joined, and for time before `clone` (then `write` /proc/self/timens_offsets). */
  | { readonly op: 'unshare'; readonly flags: number }
  /**
   * Opens an existing file as the process sees it (host paths until `pivot`) and writes `bytes` with one write(2). `optional`: 1 ignores any
   * failure. For cgroup.procs ("0" is the writer itself), oom_score_adj, sysctls (the host's /proc/sys acts on the writer's own namespaces).
   */
  | { readonly op: 'write'; readonly path: string; readonly bytes: Uint8Array; readonly optional: number }
  /** From here on targets resolve inside `path` (a host directory, on which the root is mounted already). */
  | { readonly op: 'root'; readonly path: string }
  /** pivot_root to the root, detach the old one, chdir to `/`. The root must be a mount point. */
  | { readonly op: 'pivot' }
  /** chroot to the root, where there is no mount namespace of its own. */
  | { readonly op: 'chroot' }
  | MountOp
  /** mount_setattr(2) on what is mounted at `path`; `flags`: mountFlags.attributesRecursive, noSymlinks, optional. `propagation`: MS_PRIVATE etc. or 0. */
  | {
      readonly op: 'attributes';
      readonly path: string;
      readonly attributesSet: number;
      readonly attributesClear: number;
      readonly propagation: number;
      readonly flags: number;
    }
  /** Hides `path` (an empty read-only tmpfs over a directory, /dev/null over a file); a missing path is no error. */
  | { readonly op: 'mask'; readonly path: string }
  /** Makes `path` and what is below it read-only; a missing path is no error. */
  | { readonly op: 'readonly'; readonly path: string }
  /** mkdir -p inside the root; only directories that were missing get the mode and owner (`keep` leaves the owner). Path may exist. */
  | { readonly op: 'mkdir'; readonly path: string; readonly mode: number; readonly uid: number; readonly gid: number }
  /** A node with `mode` (type bits and permissions); where mknod is not permitted (user namespace) the host's node of that path is bound. */
  | {
      readonly op: 'mknod';
      readonly path: string;
      readonly mode: number;
      readonly major: number;
      readonly minor: number;
      readonly uid: number;
      readonly gid: number;
    }
  /** A symlink at `path`; one that exists is no error. */
  | { readonly op: 'symlink'; readonly target: string; readonly path: string }
  | { readonly op: 'hostname'; readonly name: string }
  | { readonly op: 'domainname'; readonly name: string }
  /** prlimit(2); `resource` is RLIMIT_…, bigint 2^64-1 is infinity. */
  | { readonly op: 'rlimit'; readonly resource: number; readonly soft: bigint; readonly hard: bigint }
  /** Brings `lo` up in the current network namespace. */
  | { readonly op: 'loopback' }
  | UserOp
  /** For the process; without this op 0022. (During set-up it is 0.) */
  | { readonly op: 'umask'; readonly mask: number }
  /** Drops every other capability from the bounding set. Before `user`. Bits are 1n << CAP_…. */
  | { readonly op: 'bounding'; readonly capabilities: bigint }
  /** After `user`. Capabilities the kernel or this process lacks must not be asked for. */
  | {
      readonly op: 'capabilities';
      readonly effective: bigint;
      readonly permitted: bigint;
      readonly inheritable: bigint;
      readonly ambient: bigint;
    }
  | { readonly op: 'no-new-privileges' }
  /** seccomp(SECCOMP_SET_MODE_FILTER); `program` is struct sock_filter[] in little-endian. Without no-new-privileges it must come before `user`. */
  | { readonly op: 'seccomp'; readonly flags: number; readonly program: Uint8Array }
  /** A new session keyring; a kernel without keys, or a full quota, is no error. */
  | { readonly op: 'keyring'; readonly name: string }
  /** setsid(2); `terminal` implies it. */
  | { readonly op: 'session' }
  /**
   * Opens a terminal in the root's /dev/pts (after `root` and its mount, or after `setns` of the mount namespace), hands the master to the monitor,
   * makes it the controlling terminal and stdio, and binds it on `console` ('' for not).
   */
  | { readonly op: 'terminal'; readonly console: string; readonly rows: number; readonly columns: number }
  /** Where permission is denied it is tried again after `user`. */
  | { readonly op: 'chdir'; readonly path: string }
  /** Holds the process until the client says to go on; `point` is reported, so that there may be several. */
  | { readonly op: 'wait'; readonly point: number }
  /** Runs a program to its end, with `input` as its stdin (OCI hooks that run in the container's namespaces). Fails when it fails or takes too long. */
  | {
      readonly op: 'hook';
      readonly path: string;
      readonly args: readonly string[];
      readonly env: readonly string[];
      readonly input: Uint8Array;
      readonly timeoutMs: number;
    }
  /** Makes a user namespace with these maps (lines of `inside outside size`) into a slot, for `mount.idmap`. Before `clone`. */
  | { readonly op: 'idmap'; readonly slot: number; readonly uidMap: string; readonly gidMap: string }
  | { readonly op: 'personality'; readonly domain: number }
  /** Fails as `exec` would when there is no such program. For a process that is held before it runs one. After `pivot`. */
  | { readonly op: 'lookup'; readonly args: readonly string[]; readonly env: readonly string[] }
  | ExecOp;

/** The first op of every list. */
export interface MonitorOp {
  readonly op: 'monitor';
  /** Where monitor.sock and the exit record go; '' for neither. */
  readonly runDirectory: string;
  /** memory.events (v2) or memory.oom_control (v1) of the container's cgroup, read when it has ended; '' for none. */
  readonly oomFile: string;
  /** 0: the launcher's own; 1: pipes in the six slots below; 2: a terminal, made by the `terminal` op; `monitorLeaves` may be added. Slots are -1 where absent. */
  readonly stdio: number;
  readonly stdinRead: number;
  readonly stdinWrite: number;
  readonly stdoutRead: number;
  readonly stdoutWrite: number;
  readonly stderrRead: number;
  readonly stderrWrite: number;
}

/** clone3(2): the container's process begins here. */
export interface CloneOp {
  readonly op: 'clone';
  /** CLONE_NEW…; not the cgroup namespace (see `unshare`) and not time. */
  readonly flags: number;
  /** Slot of a cgroup v2 directory for CLONE_INTO_CGROUP, or -1. */
  readonly cgroup: number;
  /**
   * Pairs of a file under /proc/PID and its text, written by the monitor (host root) before the process goes on: setgroups, uid_map, gid_map,
   * oom_score_adj. With CLONE_NEWUSER the process takes uid and gid 0 of its namespace after that.
   */
  readonly procWrites: readonly string[];
  /** cgroup.procs files into which the monitor writes the process's pid: for user namespaces, where the process may not. */
  readonly cgroupProcs: readonly string[];
}

export interface MountOp {
  readonly op: 'mount';
  /** A filesystem type; '' with mountFlags.bind or a `tree`. */
  readonly type: string;
  /** Host path for a bind; the filesystem's source word otherwise. */
  readonly source: string;
  /** Inside the root after `root`; ignored when `into` is a slot. */
  readonly target: string;
  /** The filesystem's own options, each `key=value` or `key`. For overlay one `lowerdir+=…` for each layer, top first, then upperdir=, workdir=. */
  readonly options: readonly string[];
  /** MOUNT_ATTR_… bits (mountAttributes). */
  readonly attributesSet: number;
  readonly attributesClear: number;
  /** MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE (recursive with mountFlags.attributesRecursive) or 0. */
  readonly propagation: number;
  /** mountFlags. */
  readonly flags: number;
  /** Slot of a detached mount (made by an earlier mount's `into`) to attach instead of making one; -1. */
  readonly tree: number;
  /** Slot of a user namespace for an id-mapped bind; -1. */
  readonly idmap: number;
  /** Slot to keep the detached mount in instead of attaching it (to make it before `clone`, with the host's privileges); -1. */
  readonly into: number;
}

/**
 * Becomes a user. With `user` ('' for none) `name|uid[:group|gid]` is resolved in the root's /etc/passwd and /etc/group as Docker does, with the
 * groups that list the name; else `uid` and `gid` are taken. `groups` are more of them, names or numbers. The stdio is given to the user. HOME is set
 * for `exec` when its env has none. Permitted capabilities stay until `capabilities`. After `pivot`.
 */
export interface UserOp {
  readonly op: 'user';
  readonly user: string;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly string[];
}

/** The last op. The program is searched in the PATH of `env` (Docker's default without one). `init`: 1 leaves a reaping pid 1 behind as its parent. */
export interface ExecOp {
  readonly op: 'exec';
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly init: number;
}

export type OpName = Op['op'];

/** Leaves an owner as it is. */
export const keep = 0xffff_ffff;

export const mountFlags = {
  createDirectory: 1,
  createFile: 2,
  noSymlinks: 4,
  bind: 8,
  recursive: 16,
  attributesRecursive: 32,
  optional: 64,
  keepMode: 128,
  copyUp: 256,
} as const;

/** MOUNT_ATTR_… of linux/mount.h. To set one of the atime modes, clear `atime` as well. */
export const mountAttributes = {
  readonly: 1,
  nosuid: 2,
  nodev: 4,
  noexec: 8,
  atime: 0x70,
  relatime: 0,
  noatime: 0x10,
  strictatime: 0x20,
  nodiratime: 0x80,
  nosymfollow: 0x20_0000,
} as const;

/** Added to a monitor's `stdio`: it goes once the program runs, and leaves the process to the nearest subreaper. */
export const monitorLeaves = 256;

export const propagation = { unbindable: 1 << 17, private: 1 << 18, slave: 1 << 19, shared: 1 << 20 } as const;

export const cloneFlags = {
  time: 0x80,
  mount: 0x2_0000,
  cgroup: 0x200_0000,
  uts: 0x400_0000,
  ipc: 0x800_0000,
  user: 0x1000_0000,
  pid: 0x2000_0000,
  network: 0x4000_0000,
} as const;

export interface OpLayout {
  readonly code: number;
  /** One letter for each field, see native/ops.h. */
  readonly signature: string;
  readonly fields: readonly string[];
}

const layout = (code: number, signature: string, fields = ''): OpLayout => ({
  code,
  signature,
  fields: fields === '' ? [] : fields.split(' '),
});

/** Code, signature and order of fields of every op. */
export const opLayouts: Readonly<Record<OpName, OpLayout>> = {
  monitor: layout(1, 'ssuffffff', 'runDirectory oomFile stdio stdinRead stdinWrite stdoutRead stdoutWrite stderrRead stderrWrite'),
  clone: layout(2, 'ufSS', 'flags cgroup procWrites cgroupProcs'),
  setns: layout(3, 'sfu', 'path descriptor flags'),
  unshare: layout(4, 'u', 'flags'),
  write: layout(5, 'sbu', 'path bytes optional'),
  root: layout(6, 's', 'path'),
  pivot: layout(7, ''),
  chroot: layout(8, ''),
  mount: layout(9, 'sssSuuuufff', 'type source target options attributesSet attributesClear propagation flags tree idmap into'),
  attributes: layout(10, 'suuuu', 'path attributesSet attributesClear propagation flags'),
  mask: layout(11, 's', 'path'),
  readonly: layout(12, 's', 'path'),
  mkdir: layout(13, 'suuu', 'path mode uid gid'),
  mknod: layout(14, 'suuuuu', 'path mode major minor uid gid'),
  symlink: layout(15, 'ss', 'target path'),
  hostname: layout(16, 's', 'name'),
  domainname: layout(17, 's', 'name'),
  rlimit: layout(18, 'uUU', 'resource soft hard'),
  loopback: layout(19, ''),
  user: layout(20, 'suuS', 'user uid gid groups'),
  umask: layout(21, 'u', 'mask'),
  bounding: layout(22, 'U', 'capabilities'),
  capabilities: layout(23, 'UUUU', 'effective permitted inheritable ambient'),
  'no-new-privileges': layout(24, ''),
  seccomp: layout(25, 'ub', 'flags program'),
  keyring: layout(26, 's', 'name'),
  session: layout(27, ''),
  terminal: layout(28, 'suu', 'console rows columns'),
  chdir: layout(29, 's', 'path'),
  wait: layout(30, 'u', 'point'),
  hook: layout(31, 'sSSbu', 'path args env input timeoutMs'),
  idmap: layout(32, 'fss', 'slot uidMap gidMap'),
  personality: layout(33, 'u', 'domain'),
  exec: layout(34, 'SSu', 'args env init'),
  lookup: layout(35, 'SS', 'args env'),
};
