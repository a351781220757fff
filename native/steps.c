// steps.c - decodes the op list and runs it: one loop, one switch. Nothing here decides: a list that fits ops.h is done as it says.
#define _GNU_SOURCE
#include "launcher.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEEP 0xffffffffu
#define TRY(call) do { if ((call) < 0) return -1; } while (0)

// --- decoding -----------------------------------------------------------------------------------------------------------------------------------
static const char *signatures[] = {
#define OP(name, code, signature) [code] = signature,
  OPS(OP)
#undef OP
};

static int take_u32(const char **at, const char *end, unsigned *value) {
  if (end - *at < 4) return -1;
  memcpy(value, *at, 4); *at += 4;
  return 0;
}
// Bytes with their NUL and padding; `text` refuses NULs within.
static int take_bytes(const char **at, const char *end, struct bytes *bytes, int text) {
  unsigned length;
  if (take_u32(at, end, &length) < 0 || length > OPS_MAX_SIZE) return -1;
  unsigned padded = (length + 4) & ~3u;
  if (end - *at < (ptrdiff_t)padded) return -1;
  for (unsigned i = length; i < padded; i++) if ((*at)[i]) return -1;
  if (text && memchr(*at, 0, length)) return -1;
  *bytes = (struct bytes){ *at, length };
  *at += padded;
  return 0;
}
static int take_list(const char **at, const char *end, struct list *list) {
  struct bytes ignored;
  if (take_u32(at, end, &list->count) < 0) return -1;
  list->at = *at;
  for (unsigned i = 0; i < list->count; i++) if (take_bytes(at, end, &ignored, 1) < 0) return -1;
  return 0;
}

// The next string of a checked list, NULL after the last.
const char *list_next(struct list *list) {
  unsigned length; struct bytes text;
  if (!list->count) return NULL;
  memcpy(&length, list->at, 4);
  text = (struct bytes){ list->at + 4, length };
  list->at += 4 + ((length + 4) & ~3u);
  list->count--;
  return text.at;
}

// Reads the op at *at into `op`.
static int take_op(const char **at, const char *end, struct op *op) {
  unsigned length; struct bytes text;
  memset(op, 0, sizeof *op);
  if (take_u32(at, end, &op->code) < 0 || take_u32(at, end, &length) < 0 || end - *at < (ptrdiff_t)length) return -1;
  if (op->code >= sizeof signatures / sizeof *signatures || !signatures[op->code]) return -1;
  end = *at + length;
  for (const char *letter = signatures[op->code]; *letter; letter++) switch (*letter) {
    case 'u': if (take_u32(at, end, &op->u[op->nu++]) < 0) return -1; break;
    case 'f': {
      unsigned slot;
      if (take_u32(at, end, &slot) < 0 || (slot != KEEP && slot >= OPS_MAX_SLOTS)) return -1;
      op->f[op->nf++] = (int)slot;
      break;
    }
    case 'U':
      if (end - *at < 8) return -1;
      memcpy(&op->U[op->nU++], *at, 8); *at += 8;
      break;
    case 's': if (take_bytes(at, end, &text, 1) < 0) return -1; op->s[op->ns++] = text.at; break;
    case 'b': if (take_bytes(at, end, &op->b, 0) < 0) return -1; break;
    case 'S': if (take_list(at, end, &op->S[op->nS++]) < 0) return -1; break;
  }
  return *at == end ? 0 : -1;
}

int ops_check(struct steps *steps, const char *ops, size_t size) {
  unsigned header[4], clones = 0; const char *at = ops + 16, *end = ops + size;
  errno = EBADMSG;
  if (size < 16 || size > OPS_MAX_SIZE) return -1;
  memcpy(header, ops, 16);
  if (header[0] != OPS_MAGIC || header[1] != OPS_VERSION || header[2] > OPS_MAX_COUNT || header[3] != size) return -1;
  for (unsigned i = 0; i < header[2]; i++) {
    if (take_op(&at, end, &steps->op) < 0) return -1;
    // MONITOR is first and only there; CLONE comes once; EXEC is last and only there.
    if ((steps->op.code == OP_MONITOR) != (i == 0) || (steps->op.code == OP_EXEC) != (i == header[2] - 1)) return -1;
    clones += steps->op.code == OP_CLONE;
    if (steps->op.code == OP_MOUNT && steps->op.f[2] >= 0 && clones) return -1;   // `into` is for the monitor's own
  }
  if (at != end || clones != 1) return -1;
  steps->ops = ops; steps->next = ops + 16; steps->size = size; steps->count = header[2]; steps->step = -1u;
  return 0;
}

void report(struct steps *steps, int type, int error) {
  struct sync word = { .type = type, .step = steps->step, .error = error };
  if (steps->about && type == SYNC_FAILED) strncpy(word.about, steps->about, sizeof word.about - 1);
  if (steps->sync >= 0) send(steps->sync, &word, sizeof word, MSG_NOSIGNAL);
}

// --- files --------------------------------------------------------------------------------------------------------------------------------------
int write_file(const char *path, const char *text, size_t length) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t done = write(fd, text, length);
  int error = errno;
  close(fd);
  errno = error;
  return done < 0 ? -1 : 0;
}

// Opens `path` below the root (above all: never outside of it), or as it is while there is no root. EAGAIN: something was renamed meanwhile.
static int open_in(struct steps *steps, const char *path, unsigned long long flags, int no_symlinks) {
  if (steps->root < 0) return open(path, flags | O_CLOEXEC | (no_symlinks ? O_NOFOLLOW : 0));
  struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | (no_symlinks ? RESOLVE_NO_SYMLINKS : 0) };
  for (int tries = 0;; tries++) {
    int fd = syscall(SYS_openat2, steps->root, path, &how, sizeof how);
    if (fd >= 0 || errno != EAGAIN || tries == 100) return fd;
  }
}

struct making { int file; unsigned mode, uid, gid; int no_symlinks, links; };

static int open_making(struct steps *steps, const char *path, struct making how);

// `part` (whose last component starts at `from`) is a link to what is not there: makes that, with `rest` of the path below it.
static int make_linked(struct steps *steps, int parent, const char *part, size_t from, const char *rest, struct making how) {
  char link[4096], path[4096];
  ssize_t n = readlinkat(parent, part + from, link, sizeof link - 1);
  if (n < 0 || how.links++ >= 40) { errno = n < 0 ? ENOENT : ELOOP; return -1; }
  link[n] = 0;
  int length = snprintf(path, sizeof path, "%.*s%s%s", link[0] == '/' ? 0 : (int)from, part, link, rest);
  if (length >= (int)sizeof path) { errno = ENAMETOOLONG; return -1; }
  return open_making(steps, path, how);
}

// As open_in with O_PATH, and makes what is missing: directories with `mode` (and owner), and a last component that is a file when `file`.
static int open_making(struct steps *steps, const char *path, struct making how) {
  char part[4096];
  int file = how.file, no_symlinks = how.no_symlinks; unsigned mode = how.mode, uid = how.uid, gid = how.gid;
  int fd = open_in(steps, path, O_PATH, no_symlinks);
  if (fd >= 0 || errno != ENOENT) return fd;
  size_t length = strlen(path), at = 0;
  if (length >= sizeof part) { errno = ENAMETOOLONG; return -1; }
  int parent = open_in(steps, "/", O_PATH | O_DIRECTORY, 0);
  while (parent >= 0 && at < length) {
    while (path[at] == '/') at++;
    size_t from = at;
    while (at < length && path[at] != '/') at++;
    if (from == at) break;
    memcpy(part, path, at); part[at] = 0;
    int last = path[at + strspn(path + at, "/")] == 0;
    fd = open_in(steps, part, O_PATH | (last ? 0 : O_DIRECTORY), no_symlinks);
    if (fd < 0 && errno == ENOENT) {
      if (last && file) { int made = openat(parent, part + from, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644); if (made >= 0) close(made); }
      else if (mkdirat(parent, part + from, mode) == 0 && uid != KEEP) fchownat(parent, part + from, uid, gid, AT_SYMLINK_NOFOLLOW);
      fd = open_in(steps, part, O_PATH | (last ? 0 : O_DIRECTORY), no_symlinks);
      if (fd < 0 && errno == ENOENT && !no_symlinks) {
        fd = make_linked(steps, parent, part, from, path + at, how);
        close(parent);
        return fd;
      }
    }
    close(parent);
    parent = fd;
  }
  return parent;
}

static int open_or_make(struct steps *steps, const char *path, int file, unsigned mode, unsigned uid, unsigned gid, int no_symlinks) {
  return open_making(steps, path, (struct making){ file, mode, uid, gid, no_symlinks, 0 });
}

// The directory that holds `path`, made if missing; *name is the last component.
static int open_parent(struct steps *steps, const char *path, const char **name) {
  char directory[4096];
  const char *slash = strrchr(path, '/');
  *name = slash ? slash + 1 : path;
  if (!slash || slash == path) return open_in(steps, "/", O_PATH | O_DIRECTORY, 0);
  if ((size_t)(slash - path) >= sizeof directory) { errno = ENAMETOOLONG; return -1; }
  memcpy(directory, path, slash - path); directory[slash - path] = 0;
  return open_or_make(steps, directory, 0, 0755, KEEP, KEEP, 0);
}

// --- mounts -------------------------------------------------------------------------------------------------------------------------------------
static int clone_tree(int fd, const char *path, int recursive) {
  return syscall(SYS_open_tree, fd, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0) | (*path ? 0 : AT_EMPTY_PATH));
}
static int set_attributes(int fd, unsigned set, unsigned clear, unsigned propagation, int recursive, int idmap) {
  struct mount_attr attr = { .attr_set = set, .attr_clr = clear, .propagation = propagation };
  if (idmap >= 0) { attr.attr_set |= MOUNT_ATTR_IDMAP; attr.userns_fd = idmap; }
  if (!attr.attr_set && !attr.attr_clr && !propagation) return 0;
  return syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr, sizeof attr);
}
static int attach(int tree, int target) { return syscall(SYS_move_mount, tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH); }
static int is_directory(int fd) { struct stat st; return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode); }

// A new filesystem as a detached mount. -2: this kernel's overlay has no `lowerdir+` (before 6.7).
static int new_filesystem(const struct op *op) {
  char key[256];
  int fs = syscall(SYS_fsopen, op->s[0], FSOPEN_CLOEXEC);
  if (fs < 0) return -1;
  int failed = op->s[1][0] && syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "source", op->s[1], 0) < 0, old = 0;
  struct list options = op->S[0];
  for (const char *option; !failed && (option = list_next(&options));) {
    const char *value = strchr(option, '=');
    size_t length = value ? (size_t)(value - option) : strlen(option);
    if (length >= sizeof key) { errno = EINVAL; failed = 1; break; }
    memcpy(key, option, length); key[length] = 0;
    failed = syscall(SYS_fsconfig, fs, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key, value ? value + 1 : NULL, 0) < 0;
    // Strings over 255 bytes and, before 6.7, `lowerdir+` have to go the old way.
    old = failed && !strcmp(op->s[0], "overlay") && errno == EINVAL;
  }
  failed = failed || syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0;
  if (failed && !old && !strcmp(op->s[0], "overlay") && errno == EINVAL) old = 1;
  int tree = failed ? -1 : (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, op->u[0] & 0xff), error = errno;
  close(fs);
  errno = error;
  return old ? -2 : tree;
}

// mount(2) on `target`, for overlays on older kernels: at most a page of options, with the layers in one `lowerdir=`.
static int old_overlay(const struct op *op, int target) {
  char text[4096]; size_t n = 0; struct list options = op->S[0]; int lower = 0;
  for (const char *option; (option = list_next(&options));) {
    int layer = !strncmp(option, "lowerdir+=", 10);
    const char *joint = layer && lower ? ":" : n ? "," : "", *name = layer && !lower ? "lowerdir=" : "";
    int wrote = snprintf(text + n, sizeof text - n, "%s%s%s", joint, name, layer ? option + 10 : option);
    if (wrote < 0 || (n += wrote) >= sizeof text) { errno = E2BIG; return -1; }
    lower |= layer;
  }
  unsigned long flags = (op->u[0] & MOUNT_ATTR_RDONLY ? MS_RDONLY : 0) | (op->u[0] & MOUNT_ATTR_NOSUID ? MS_NOSUID : 0)
    | (op->u[0] & MOUNT_ATTR_NODEV ? MS_NODEV : 0) | (op->u[0] & MOUNT_ATTR_NOEXEC ? MS_NOEXEC : 0);
  TRY(fchdir(target));
  TRY(mount(op->s[1][0] ? op->s[1] : "overlay", ".", "overlay", flags, text));
  return chdir("/");
}

// As a detached mount, which mount(2) cannot make: it is mounted in a mount namespace of the monitor's own, never on the host, and copied from there.
static int old_overlay_tree(const struct op *op) {
  TRY(unshare(CLONE_NEWNS));
  TRY(mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL));
  int tree = -1, target = open(op->s[2], O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (target >= 0 && old_overlay(op, target) == 0) tree = clone_tree(AT_FDCWD, op->s[2], 0);
  if (target >= 0) close(target);
  return tree;
}

// The root of a new filesystem gets the mode of the directory it covers, when there is one.
static int keep_mode(struct steps *steps, int tree, const char *target) {
  struct stat st; int fd = open_in(steps, target, O_PATH | O_DIRECTORY, 0);
  if (fd < 0) return 0;
  int result = fstat(fd, &st) < 0 ? -1 : fchmodat(tree, ".", st.st_mode & 07777, 0);
  close(fd);
  return result;
}

// Copies what directory `from` holds into directory `to`: names, contents, owners, modes; no links out are followed. Closes neither.
static int copy_tree(int from, int to, int depth) {
  if (depth > 64) { errno = ELOOP; return -1; }
  DIR *directory = fdopendir(openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  int failed = directory == NULL;
  for (struct dirent *entry; !failed && (entry = readdir(directory));) {
    const char *name = entry->d_name; struct stat st; char link[4096];
    if (!strcmp(name, ".") || !strcmp(name, "..")) continue;
    if ((failed = fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)) break;
    if (S_ISLNK(st.st_mode)) {
      ssize_t n = readlinkat(from, name, link, sizeof link - 1);
      if ((failed = n < 0)) break;
      link[n] = 0;
      failed = symlinkat(link, to, name) < 0;
    } else if (S_ISDIR(st.st_mode)) {
      failed = mkdirat(to, name, 0700) < 0;
      int source = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), target = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      failed = failed || source < 0 || target < 0 || copy_tree(source, target, depth + 1) < 0;
      if (source >= 0) close(source);
      if (target >= 0) close(target);
    } else if (S_ISREG(st.st_mode)) {
      int source = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), target = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
      failed = source < 0 || target < 0;
      for (ssize_t n = 1; !failed && n; failed = n < 0) n = sendfile(target, source, NULL, 1 << 20);
      if (source >= 0) close(source);
      if (target >= 0) close(target);
    } else failed = mknodat(to, name, st.st_mode, st.st_rdev) < 0;
    failed = failed || fchownat(to, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0;
    if (!failed && !S_ISLNK(st.st_mode)) failed = fchmodat(to, name, st.st_mode & 07777, 0) < 0;
    struct timespec times[2] = { st.st_atim, st.st_mtim };
    if (!failed) utimensat(to, name, times, AT_SYMLINK_NOFOLLOW);
  }
  int error = errno;
  if (directory) closedir(directory);
  errno = error;
  return failed ? -1 : 0;
}

static int copy_up(struct steps *steps, int tree, const char *target) {
  int from = open_in(steps, target, O_RDONLY | O_DIRECTORY, 0);
  if (from < 0) return errno == ENOENT ? 0 : -1;
  int to = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), result = to < 0 ? -1 : copy_tree(from, to, 0), error = errno;
  close(from);
  if (to >= 0) close(to);
  errno = error;
  return result;
}

static int do_mount(struct steps *steps, const struct op *op) {
  unsigned flags = op->u[3], done = 0;
  int tree, idmap = op->f[1] >= 0 ? steps->slot[op->f[1]] : -1;
  steps->about = op->s[1];
  if (op->f[0] >= 0) { tree = steps->slot[op->f[0]]; steps->slot[op->f[0]] = -1; if (tree < 0) { errno = EBADF; return -1; } }
  else if (flags & MOUNT_BIND) tree = clone_tree(AT_FDCWD, op->s[1], flags & MOUNT_RECURSIVE);
  else { tree = new_filesystem(op); done = op->u[0] & 0xff; steps->about = op->s[2]; }
  if (tree == -2 && op->f[2] >= 0) tree = old_overlay_tree(op);
  if (tree == -1) return flags & MOUNT_OPTIONAL && (errno == ENOENT || errno == ENODEV) ? 0 : -1;
  if (tree >= 0) TRY(set_attributes(tree, op->u[0] & ~done, op->u[1], op->u[2], flags & MOUNT_ATTRIBUTES_RECURSIVE, idmap));
  if (tree >= 0 && op->f[2] >= 0) { steps->slot[op->f[2]] = tree; return 0; }
  steps->about = op->s[2];
  if (flags & MOUNT_KEEP_MODE && tree >= 0) TRY(keep_mode(steps, tree, op->s[2]));
  if (flags & MOUNT_COPY_UP && tree >= 0) TRY(copy_up(steps, tree, op->s[2]));
  int file = tree >= 0 && !is_directory(tree), make = flags & (MOUNT_CREATE_DIRECTORY | MOUNT_CREATE_FILE), no_symlinks = flags & MOUNT_NO_SYMLINKS;
  int target = make ? open_or_make(steps, op->s[2], file, 0755, KEEP, KEEP, no_symlinks) : open_in(steps, op->s[2], O_PATH, no_symlinks);
  if (target < 0) { int skip = flags & MOUNT_OPTIONAL && errno == ENOENT; if (tree >= 0) close(tree); return skip ? 0 : -1; }
  int result = tree >= 0 ? attach(tree, target) : old_overlay(op, target);
  if (tree >= 0) close(tree);
  close(target);
  return result;
}

static int change_attributes(struct steps *steps, const struct op *op) {
  int fd = open_in(steps, op->s[0], O_PATH, op->u[3] & MOUNT_NO_SYMLINKS);
  if (fd < 0) return op->u[3] & MOUNT_OPTIONAL && errno == ENOENT ? 0 : -1;
  int result = set_attributes(fd, op->u[0], op->u[1], op->u[2], op->u[3] & MOUNT_ATTRIBUTES_RECURSIVE, -1);
  close(fd);
  return result;
}

static int absent(void) { return errno == ENOENT || errno == ENOTDIR ? 0 : -1; }

// The host's /dev/null, or one empty directory for all: what covers must not be anything the image brought.
static int mask(struct steps *steps, const char *path) {
  int tree, target = open_in(steps, path, O_PATH, 0);
  if (target < 0) return absent();
  if (!is_directory(target)) {
    struct stat st;
    if (steps->null_tree < 0) TRY(steps->null_tree = open("/dev/null", O_PATH | O_CLOEXEC));
    TRY(fstat(steps->null_tree, &st));
    if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3)) { errno = ENODEV; return -1; }
    TRY(tree = clone_tree(steps->null_tree, "", 0));
  } else if (steps->empty_tree < 0) {
    struct op empty = { .s = { "tmpfs", "tmpfs", path }, .u = { MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC } };
    TRY(tree = steps->empty_tree = new_filesystem(&empty));
  } else TRY(tree = clone_tree(steps->empty_tree, "", 0));
  int result = attach(tree, target);
  if (tree != steps->empty_tree) close(tree);
  close(target);
  return result;
}

static int make_readonly(struct steps *steps, const char *path) {
  int tree, target = open_in(steps, path, O_PATH, 0);
  if (target < 0) return absent();
  TRY(tree = clone_tree(target, "", 1));
  int result = set_attributes(tree, MOUNT_ATTR_RDONLY, 0, 0, 1, -1) < 0 ? -1 : attach(tree, target);
  close(tree); close(target);
  return result;
}

static int make_node(struct steps *steps, const struct op *op) {
  const char *name; int parent = open_parent(steps, op->s[0], &name);
  if (parent < 0) return -1;
  int result = mknodat(parent, name, op->u[0], makedev(op->u[1], op->u[2]));
  if (result == 0 && op->u[3] != KEEP) result = fchownat(parent, name, op->u[3], op->u[4], AT_SYMLINK_NOFOLLOW);
  else if (result < 0 && errno == EEXIST) result = 0;
  else if (result < 0 && errno == EPERM) {                           // in a user namespace
    int tree = clone_tree(AT_FDCWD, op->s[0], 0), target = open_or_make(steps, op->s[0], 1, 0755, KEEP, KEEP, 0);
    result = tree < 0 || target < 0 ? -1 : attach(tree, target);
    if (tree >= 0) close(tree);
    if (target >= 0) close(target);
  }
  close(parent);
  return result;
}

static int make_link(struct steps *steps, const char *target, const char *path) {
  const char *name; int parent = open_parent(steps, path, &name);
  if (parent < 0) return -1;
  int result = symlinkat(target, parent, name);
  if (result < 0 && errno == EEXIST) result = 0;
  close(parent);
  return result;
}

// The old root ends up stacked on the new one and is detached before anything is resolved again.
static int pivot(struct steps *steps) {
  TRY(fchdir(steps->root));
  TRY(syscall(SYS_pivot_root, ".", "."));
  TRY(mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL));               // or the umount would reach the host
  TRY(umount2(".", MNT_DETACH));
  TRY(chdir("/"));
  close(steps->root);
  return steps->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

// --- the rest -----------------------------------------------------------------------------------------------------------------------------------
static int join(const struct steps *steps, const struct op *op) {
  int fd = op->f[0] >= 0 ? steps->slot[op->f[0]] : open(op->s[0], O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  int result = setns(fd, op->u[0]), error = errno;
  if (op->f[0] < 0) close(fd);
  errno = error;
  return result;
}

static int loopback(void) {
  struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  int result = ioctl(fd, SIOCSIFFLAGS, &request);
  close(fd);
  return result;
}

static int drop_bounding(unsigned long long keep) {
  for (int bit = 0; bit < 64; bit++) {
    if (keep >> bit & 1) continue;
    if (prctl(PR_CAPBSET_DROP, bit, 0, 0, 0) < 0) return errno == EINVAL ? 0 : -1;  // beyond the kernel's last
  }
  return 0;
}

static int set_capabilities(const unsigned long long *U) {
  struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
  struct __user_cap_data_struct sets[2];
  for (int i = 0; i < 2; i++) sets[i] = (struct __user_cap_data_struct){ U[0] >> 32 * i, U[1] >> 32 * i, U[2] >> 32 * i };
  TRY(syscall(SYS_capset, &header, sets));
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL) return -1;
  for (int bit = 0; bit < 64; bit++) if (U[3] >> bit & 1) TRY(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, bit, 0, 0));
  return 0;
}

static int load_filter(struct steps *steps, unsigned flags, struct bytes program) {
  struct sock_fprog prog = { program.length / sizeof(struct sock_filter), (void *)program.at };
  if (!program.length || program.length % sizeof(struct sock_filter) || program.length / sizeof(struct sock_filter) > BPF_MAXINSNS) { errno = EINVAL; return -1; }
  if (!steps->executing) { report(steps, SYNC_EXECUTING, 0); steps->executing = 1; } // the filter may forbid to say it later
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
}

// The other end is opened through the terminal itself (TIOCGPTPEER), never by a name that the image could have prepared.
static int open_terminal(struct steps *steps, const char *console, unsigned rows, unsigned columns) {
  int unlock = 0; struct winsize size = { .ws_row = rows, .ws_col = columns };
  struct sync word = { .type = SYNC_MASTER };
  int master = open_in(steps, "/dev/pts/ptmx", O_RDWR | O_NOCTTY, 1);
  if (master < 0) return -1;
  TRY(ioctl(master, TIOCSPTLCK, &unlock));
  int peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (peer < 0 || (rows && ioctl(peer, TIOCSWINSZ, &size) < 0)) return -1;
  if (send_descriptors(steps->sync, &word, sizeof word, &master, 1) < 0) return -1;
  close(master);
  if (*console) {
    int tree = clone_tree(peer, "", 0), target = open_or_make(steps, console, 1, 0755, KEEP, KEEP, 1);
    if (tree < 0 || target < 0 || attach(tree, target) < 0) return -1;
    close(tree); close(target);
  }
  setsid();
  TRY(ioctl(peer, TIOCSCTTY, 0));
  for (int i = 0; i < 3; i++) TRY(dup2(peer, i));
  steps->terminal = 1;
  return close(peer);
}

static int change_directory(struct steps *steps, const char *path) {
  char where[4096];
  if (chdir(path) < 0) {
    if (errno != EACCES) return -1;
    steps->chdir_later = path;                                       // as the user it may be allowed (root-squashed NFS)
    return 0;
  }
  return getcwd(where, sizeof where) ? 0 : -1;                       // ENOENT when it is outside the root (CVE-2024-21626)
}

static int hold(struct steps *steps, unsigned point) {
  char go;
  report(steps, SYNC_HELD, point);
  if (recv(steps->sync, &go, 1, 0) == 1) return 0;
  errno = ECANCELED;
  return -1;
}

// A NULL-ended array of a list's strings.
static char **to_array(struct list list) {
  char **array = calloc(list.count + 1, sizeof *array);
  for (unsigned i = 0; array && list.count; i++) array[i] = (char *)list_next(&list);
  return array;
}

static int run_hook(const struct op *op) {
  int in[2], status;
  char **args = to_array(op->S[0]), **env = to_array(op->S[1]);
  if (!args || !env || pipe2(in, O_CLOEXEC) < 0) return -1;
  pid_t pid = fork();
  if (pid < 0) return -1;
  if (!pid) {
    if (dup2(in[0], 0) < 0) _exit(127);
    execve(op->s[0], args, env);
    _exit(127);
  }
  int pidfd = syscall(SYS_pidfd_open, pid, 0);
  struct pollfd end = { pidfd, POLLIN, 0 };
  signal(SIGPIPE, SIG_IGN);
  fcntl(in[1], F_SETPIPE_SZ, op->b.length);
  fcntl(in[1], F_SETFL, O_NONBLOCK);
  if (write(in[1], op->b.at, op->b.length) < 0) errno = 0;           // a hook need not read its input
  close(in[0]); close(in[1]);
  if (poll(&end, 1, op->u[0] ? (int)op->u[0] : -1) != 1) kill(pid, SIGKILL);
  waitpid(pid, &status, 0);
  signal(SIGPIPE, SIG_DFL);
  close(pidfd);
  free(args); free(env);
  errno = ECHILD;
  return status ? -1 : 0;
}

// A user namespace is made by a process that lives only as long as that takes.
static int make_user_namespace(struct steps *steps, const struct op *op) {
  char path[64]; int fd = -1;
  if (op->f[0] < 0) { errno = EINVAL; return -1; }
  pid_t pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
  if (pid < 0) return -1;
  if (!pid) for (;;) pause();
  const char *names[] = { "uid_map", "gid_map" };
  int ok = 1;
  for (int i = 0; ok && i < 2; i++) {
    snprintf(path, sizeof path, "/proc/%d/%s", pid, names[i]);
    ok = write_file(path, op->s[i], strlen(op->s[i])) == 0;
  }
  snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
  if (ok) fd = open(path, O_RDONLY | O_CLOEXEC);
  int error = errno;
  kill(pid, SIGKILL); waitpid(pid, NULL, 0);
  errno = error;
  return fd < 0 ? -1 : (steps->slot[op->f[0]] = fd);
}

static int run(struct steps *steps, const struct op *op) {
  steps->about = op->ns ? op->s[0] : NULL;
  switch (op->code) {
    case OP_SETNS: return join(steps, op);
    case OP_UNSHARE: return unshare(op->u[0]);
    case OP_WRITE: return write_file(op->s[0], op->b.at, op->b.length) < 0 && !op->u[0] ? -1 : 0;
    case OP_ROOT: return steps->root = open(op->s[0], O_PATH | O_DIRECTORY | O_CLOEXEC);
    case OP_PIVOT: return pivot(steps);
    case OP_CHROOT: TRY(fchdir(steps->root)); TRY(chroot(".")); return chdir("/");
    case OP_MOUNT: return do_mount(steps, op);
    case OP_ATTRIBUTES: return change_attributes(steps, op);
    case OP_MASK: return mask(steps, op->s[0]);
    case OP_READONLY: return make_readonly(steps, op->s[0]);
    case OP_MKDIR: { int fd = open_or_make(steps, op->s[0], 0, op->u[0], op->u[1], op->u[2], 0); return fd < 0 ? -1 : close(fd); }
    case OP_MKNOD: return make_node(steps, op);
    case OP_SYMLINK: steps->about = op->s[1]; return make_link(steps, op->s[0], op->s[1]);
    case OP_HOSTNAME: return sethostname(op->s[0], strlen(op->s[0]));
    case OP_DOMAINNAME: return setdomainname(op->s[0], strlen(op->s[0]));
    case OP_RLIMIT: { struct rlimit limit = { op->U[0], op->U[1] }; return setrlimit(op->u[0], &limit); }
    case OP_LOOPBACK: return loopback();
    case OP_USER: return become_user(steps, op->s[0], op->u[0], op->u[1], op->S[0]);
    case OP_UMASK: steps->mask = op->u[0]; return 0;
    case OP_BOUNDING: return drop_bounding(op->U[0]);
    case OP_CAPABILITIES: return set_capabilities(op->U);
    case OP_NO_NEW_PRIVILEGES: return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    case OP_SECCOMP: return load_filter(steps, op->u[0], op->b);
    case OP_KEYRING: return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, op->s[0]) < 0 && errno != ENOSYS && errno != EDQUOT ? -1 : 0;
    case OP_SESSION: setsid(); return 0;
    case OP_TERMINAL: return open_terminal(steps, op->s[0], op->u[0], op->u[1]);
    case OP_CHDIR: return change_directory(steps, op->s[0]);
    case OP_WAIT: return hold(steps, op->u[0]);
    case OP_HOOK: return run_hook(op);
    case OP_IDMAP: return make_user_namespace(steps, op);
    case OP_PERSONALITY: return personality(op->u[0]);
    case OP_LOOKUP: return look_up(steps, op->S[0], op->S[1]);
    case OP_EXEC: return execute(steps, op->S[0], op->S[1], op->u[0]);
  }
  errno = ENOSYS;
  return -1;
}

int ops_run(struct steps *steps) {
  while (++steps->step < steps->count) {
    if (take_op(&steps->next, steps->ops + steps->size, &steps->op) < 0) { errno = EBADMSG; return -1; }
    if (steps->op.code == OP_MONITOR || (steps->op.code == OP_CLONE && steps->sync < 0)) return 1;
    if (run(steps, &steps->op) < 0) return -1;
  }
  errno = EBADMSG;
  return 0;
}
